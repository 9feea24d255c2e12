"""Whether the loss of a configuration suits its task."""

import warnings

from torch import Tensor

from zoo.errors import ZooError, first_line
from zoo.tasks.base import Task


def require_matching_loss(task: Task) -> None:
    """Calls the loss once on outputs and targets as those of a batch, where the task has an example.

    Raises:
        ZooError: the loss takes other ones, or returns no scalar.
    """
    example = task.loss_example()
    if example is None:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # torch warns of targets that it broadcasts
            value = task.loss(example.outputs, example.targets)
    except ZooError:
        raise
    except Exception as error:
        reason = first_line(error)
    else:
        if isinstance(value, Tensor) and value.ndim == 0:
            return
        reason = "it returns no scalar"
    raise ZooError(
        f"`model.loss` ({type(task.loss).__name__}) is no loss of {task.kind} ({reason:.160}): there are, of "
        f"zoo.losses, {example.suitable}"
    )
