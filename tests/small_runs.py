"""One small training for each kind of task, through the same functions as the commands."""

import json
from pathlib import Path
from typing import Any

from pytorch_lightning import Trainer

from zoo.config.compose import compose, to_dict
from zoo.data.base import DataModule
from zoo.run.evaluate import evaluate
from zoo.run.resume import resume_from, take_over
from zoo.run.run import new_run
from zoo.run.train import fit, train
from zoo.tasks.base import Task

SMALL_PICTURES = [
    "data.image_size=32",
    "data.batch_size=2",
    "data.train_pictures=8",
    "data.val_pictures=2",
    "data.test_pictures=2",
    "pretrained=random",
]
MODELS = {
    "lenet5": [],
    "landmarks": ["data.train_scenes=96", "data.val_scenes=32", "data.test_scenes=32", "data.batch_size=32"],
    "siamese": ["data.steps_per_epoch=3"],
    "yolo": ["data.train_scenes=48", "data.val_scenes=16", "data.test_scenes=16"],
    "conv3d": ["data.size=8"],
    "gru": ["data.windows_per_epoch=768", "data.samples=4096", "data.val_samples=512"],
    "two_layer": [],
    "two_layer_regression": [],
    "bert_tiny": ["data.vocab_size=300", "model.network.num_layers=1", "data.batch_size=8"],
    "birnn_classifier": ["data.vocab_size=300", "data.batch_size=8"],
    "matrix_factorization": ["data.num_ratings=9000", "data.batch_size=512"],
    "fast_style_small": SMALL_PICTURES,
    "adain_small": SMALL_PICTURES,
    "style_transfer": ["data.image_size=48", "data.steps=3", "pretrained=random"],
}
"""A model of each kind, with words that make its data small."""
LIMITS = ["+trainer.limit_train_batches=3", "+trainer.limit_val_batches=2", "+trainer.limit_test_batches=2"]


def configuration(name: str, *words: str) -> dict[str, Any]:
    """The configuration of `train.py model=NAME WORDS` on little data."""
    return to_dict(compose([f"model={name}", *MODELS.get(name, []), *LIMITS, "baselines=false", *words]))


def trained(name: str, folder: Path, *words: str, epochs: int = 1) -> Path:
    """Trains, tests and reports; the path of the last checkpoint."""
    config = configuration(name, f"trainer.max_epochs={epochs}", *words)
    train(config, folder, model=name, data="its data")
    return folder / "checkpoints" / "last.ckpt"


def fitted(name: str, folder: Path, *words: str, epochs: int = 1) -> Path:
    """Trains only; the path of the last checkpoint."""
    config = configuration(name, f"trainer.max_epochs={epochs}", *words)
    folder.mkdir()
    run = new_run(config, folder, model=name, data="its data")
    resumed, trainer = resume_from(config["resume"], run), run.training_trainer()
    if resumed is not None:
        take_over(resumed, trainer)
    fit(trainer, run.task, run.datamodule, resumed.path if resumed else None)
    return folder / "checkpoints" / "last.ckpt"


def set_up(task: Task, data: DataModule) -> None:
    """Lets a task take what it needs from its data, as at the start of training; its trainer is then that of before."""
    before = task._trainer
    task.trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    task.trainer.datamodule = data
    task.setup("fit")
    task.trainer = before


def results(folder: Path) -> dict[str, Any]:
    """The content of `metrics.json`."""
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def evaluated(checkpoint: Path, folder: Path, *words: str) -> dict[str, float]:
    """The test metrics of `evaluate.py checkpoint=… WORDS`."""
    folder.mkdir()
    limit = LIMITS[2:]
    config = to_dict(compose([f"checkpoint='{checkpoint}'", "baselines=false", *limit, *words], config_name="evaluate"))
    return evaluate(config, folder, data=None)
