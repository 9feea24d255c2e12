"""What checks the annotations of `zoo` while the tests run."""

from beartype import BeartypeConf, beartype

tower = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a float, as for every other type checker
