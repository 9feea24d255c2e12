"""Logs the training loss in full precision, for a comparison with published costs."""

from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from zoo.errors import ZooError


class CostLog(Callback):
    """Prints the loss of step 0 and of every `every`-th step, and writes costs.csv beside metrics.csv.

    Raises:
        ZooError: `every` below 1.
    """

    def __init__(self, *, every: int) -> None:
        if every < 1:
            raise ZooError(f"`every` (={every}) must be at least 1")
        self.every = every

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Logs the loss that the step was taken from."""
        step = trainer.global_step - 1
        if step % self.every or not trainer.is_global_zero:
            return
        cost = outputs["loss"].item()
        path = Path(trainer.default_root_dir) / "costs.csv"
        lines = [] if path.exists() else ["step,cost"]
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in [*lines, f"{step},{cost!r}"])
        print(f"cost after step {step}: {cost!r}")
