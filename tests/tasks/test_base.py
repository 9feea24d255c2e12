"""Mistakes of an author of a task end in one line."""

import pytest
import torch

from zoo import create_model
from zoo.errors import ZooError
from zoo.tasks.base import Task


def test_a_task_must_set_its_attributes():
    with pytest.raises(ZooError, match=r"the task .*\.Nameless must set kind and monitor_mode in its class body"):

        class Nameless(Task):
            monitor = "val/loss"

            def step(self, batch, stage):
                return batch


def test_a_batch_that_is_no_sequence_needs_network_inputs():
    with pytest.raises(ZooError, match="Classification must implement network_inputs for a batch of type dict"):
        create_model("lenet5").num_samples({"images": None})


@pytest.mark.parametrize("name", ["bert_tiny", "bert_tiny_classifier", "gru", "lenet5", "matrix_factorization"])
def test_a_task_with_sums_of_doubles_says_so(name: str):
    """Apple's GPUs have none: moving the task there would end the run."""
    task = create_model(name)
    states = [getattr(module, state) for module in task.modules() for state in getattr(module, "_defaults", ())]
    doubles = [each for each in states if isinstance(each, torch.Tensor) and each.dtype == torch.float64]
    assert task.double_precision or not doubles
