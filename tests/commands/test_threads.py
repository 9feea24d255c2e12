"""How long waiting threads spin: only what the user has not chosen is set."""

import os

import pytest

from zoo.commands.threads import spin_briefly

_KEYS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


@pytest.mark.parametrize(
    ("given", "spins"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, None)],
)
def test_the_environment_of_the_user_holds(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], spins: str | None
) -> None:
    environment = dict(given)
    monkeypatch.setattr(os, "environ", environment)
    spin_briefly()
    assert environment.get("GOMP_SPINCOUNT") == spins
    assert environment.get("OMP_WAIT_POLICY") == given.get("OMP_WAIT_POLICY")
