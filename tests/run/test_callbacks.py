import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from torch.optim.sgd import SGD
from torch.utils.data import DataLoader

from zoo.errors import ZooError
from zoo.run.checkpointing import BestAndLast


class Scored(LightningModule):
    """Validates to a given score in each epoch."""

    def __init__(self, scores):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.scores = scores

    def training_step(self, batch, batch_idx):
        return self.weight.sum()

    def validation_step(self, batch, batch_idx):
        self.log("val/score", self.scores[self.current_epoch])

    def configure_optimizers(self):
        return SGD(self.parameters(), lr=0.1)


def fit(scores, tmp_path, monitor="val/score"):
    loader = DataLoader(torch.zeros(2, 1), batch_size=2)
    trainer = Trainer(
        max_epochs=len(scores),
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        callbacks=[BestAndLast(tmp_path, monitor, "max")],
        default_root_dir=tmp_path,
    )
    trainer.fit(Scored(scores), loader, loader)


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*LeafSpec", "ignore:.*logging interval")
def test_a_monitor_that_is_not_logged_is_named(tmp_path):
    with pytest.raises(ZooError, match=r"`monitor` \(=val/accuracy\) of Scored must be one of: val/score"):
        fit([0.1], tmp_path, monitor="val/accuracy")


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*LeafSpec", "ignore:.*logging interval")
@pytest.mark.parametrize(("scores", "best"), [([0.1, 0.9, 0.5, 0.3], 1), ([0.1, 0.9, 0.9, 0.3], 2), ([0.1, 0.2], 1)])
def test_last_is_the_last_epoch_and_best_the_later_of_equals(tmp_path, scores, best):
    fit(scores, tmp_path)
    epochs = {
        path.name: torch.load(path, weights_only=True)["epoch"] for path in tmp_path.iterdir() if path.suffix == ".ckpt"
    }
    assert epochs == {"best.ckpt": best, "last.ckpt": len(scores) - 1}
    same = best == len(scores) - 1
    assert (tmp_path / "best.ckpt").samefile(tmp_path / "last.ckpt") == same  # written once
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.ckpt", "last.ckpt"]
