"""Findings of a training that changes no weight, and of a validation loss that is no number."""

from dataclasses import replace

import pytest
from doctor_runs import diagnosed

from zoo.run.doctor.facts import Facts
from zoo.run.doctor.mechanics import unchanged
from zoo.run.doctor.outcomes import not_finite, overfits, stuck, validation_better
from zoo.tasks.diagnosable import Chance


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*LeafSpec", "ignore:.*logging interval")
def test_a_rate_of_zero_is_named(tmp_path, capsys):
    doctor = diagnosed(tmp_path, lr=0.0, epochs=2)
    (finding,) = (each for each in doctor.findings if each["name"] == "unchanged")
    assert (finding["epoch"], finding["epochs"]) == (1, 2)
    assert "doctor: no weight has changed in this epoch, so nothing was learned: a larger" in capsys.readouterr().out
    assert unchanged(Facts(unchanged=True, collapse=["all vectors are equal"])) is None


def test_a_validation_loss_that_is_no_number_is_no_overfitting():
    history = [{"train/loss": 1.3, "val/loss": 1.4}, *4 * [{"train/loss": 1.2, "val/loss": float("nan")}]]
    facts = Facts(steps=500, fraction=1.0, history=history, chance=Chance(1.39, "ln 4", "a smaller rate"))
    assert str(not_finite(facts)).startswith("the validation loss is nan, and the training loss is finite: look for")
    assert overfits(facts) is stuck(facts) is validation_better(facts) is None
    assert not_finite(replace(facts, history=history[:1])) is None
