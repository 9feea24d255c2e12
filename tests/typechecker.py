"""The runtime type checker for the annotations of `zoo` in tests."""

from beartype import BeartypeConf, beartype

tower = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a float, as for every other type checker
