"""The cost of a training step."""

import sys

import pytest
import step_cost


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["lenet5", "--batch", "2"], 0, "lenet5: 61,706 parameters, batch 2 of 1×32×32: "),
        (["yolo"], 2, "error: yolo is no classifier of images or volumes"),
        (["lenet5", "--batch", "0"], 2, "error: --batch (=0) must be at least 1"),
    ],
)
def test_a_step_is_measured(words, code, text, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["step_cost.py", *words])
    assert step_cost.main() == code
    found = capsys.readouterr()
    assert (found.err if code else found.out).startswith(text)
