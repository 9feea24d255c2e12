"""Whether a network can read the samples of its data."""

import torch

from zoo.errors import ZooError
from zoo.run.flops import forward_flops
from zoo.tasks.base import Task


def require_readable(task: Task, *, model: str, data: str) -> None:
    """Refuses samples whose shape the network cannot read, such as volumes for a network of images.

    The meta device tells it at no cost; where that fails, the network runs once on zeros.

    Raises:
        ZooError: names the shape and what the network says.
    """
    inputs = task.example_inputs(2)
    if inputs is None or forward_flops(task) is not None:
        return
    training = task.network.training
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            task.network.eval()(*inputs)
    except RuntimeError as error:
        shape = list(inputs[0].shape[1:])
        raise ZooError(
            f"model={model} cannot read a sample of data={data}, which has the shape {shape}: "
            f"{str(error).partition(chr(10))[0]}; leave out `data=…` for data that suits the model"
        ) from error
    finally:
        task.network.train(training)
