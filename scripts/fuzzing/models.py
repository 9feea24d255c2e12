"""A small checkpoint of each further system, and a file that it predicts on."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

_SCENES = ("data.train_scenes=32", "data.val_scenes=16", "data.test_scenes=16")
_RATINGS = ("data.num_users=100", "data.num_items=50", "data.num_ratings=2000")
_TRAINING = ["trainer=cpu", "trainer.max_epochs=1", "baselines=false", "+trainer.limit_train_batches=1"]
_TRAINING += ["+trainer.limit_val_batches=1", "data.num_workers=0"]


class Model(NamedTuple):
    """One of the catalog."""

    source: str
    """The file of a prediction, in the folder of `write_models`."""
    words: tuple[str, ...] = ()


MODELS = {
    "yolo": Model("photo.png", _SCENES),
    "landmarks": Model("photo.png", _SCENES),
    "fast_style_small": Model("photo.png", ("data.image_size=64",)),
    "conv3d": Model("volume.npy"),
    "two_layer": Model("cells.csv"),
    "two_layer_regression": Model("patients.csv"),
    "ridge": Model("patients.csv"),
    "matrix_factorization": Model("ratings.csv", _RATINGS),
    "bert_tiny": Model("lines.txt"),
    "bert_tiny_classifier": Model("texts.csv"),
    "birnn_classifier": Model("texts.csv"),
}


def write_models(folder: Path) -> None:
    """Writes them into a new folder."""
    from PIL import Image
    from sklearn.datasets import load_breast_cancer, load_diabetes

    from zoo.config.compose import compose, to_dict
    from zoo.run.run import new_run
    from zoo.run.train import fit

    folder.mkdir()
    Image.new("RGB", (64, 48), (40, 90, 200)).save(folder / "photo.png")
    np.save(folder / "volume.npy", np.random.default_rng(0).random((16, 32, 32)).astype(np.float32))
    load_breast_cancer(as_frame=True).data.head(4).to_csv(folder / "cells.csv", index=False)
    load_diabetes(as_frame=True).data.head(4).to_csv(folder / "patients.csv", index=False)
    (folder / "ratings.csv").write_text("user,item\n1,2\n3,4\n")
    (folder / "lines.txt").write_text("a [MASK] of two names\n")
    (folder / "texts.csv").write_text("text\na function of two names\n")
    for name, (_, words) in MODELS.items():
        config = to_dict(compose([f"model={name}", *_TRAINING, *words]))
        run = new_run(config, folder / "run" / name, model=name, data="its data")
        fit(run.training_trainer(), run.task, run.datamodule, None)
        (folder / "run" / name / "checkpoints" / "best.ckpt").rename(folder / f"{name}.ckpt")
