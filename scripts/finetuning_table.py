"""Compares fine-tuning from the weights of this package with training from scratch, on few labels.

python scripts/finetuning_table.py digits                          LeNet-5 of MNIST, 100 of scikit-learn's digits
python scripts/finetuning_table.py few_identities --data-root DIR  Siamese network of Omniglot, 25 digits of MNIST
python scripts/finetuning_table.py blood_cells --data-root DIR     YOLO of all training images, half of them again

Prints a row in Markdown for each: the test metric with seeds 10, 11, 12, their mean ± standard deviation. Both sides
have the same images, splits, epochs and settings but for lower learning rates of fine-tuning.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the zoo of this clone, installed or not

from zoo.data.images.torchvision_files import read_set

ROOT = Path(__file__).resolve().parents[1]
SEEDS = (10, 11, 12)
PER_CLASS = {"train": 8, "val": 2}
"""The 100 labeled digits."""
MARGIN = 2
"""Black pixels around the 8×8 of a digit, which then fills two thirds of the image, as in MNIST."""
IDENTITIES = {"train": ((1, 2, 5, 6, 7), 5), "val": ((4, 9), 50), "test": ((0, 3, 8), 100)}
"""The digits of each split, of which two that are easily mistaken select the epoch, and how many images of each."""


@dataclass(frozen=True)
class Comparison:
    """What is trained on both sides, and the weights of one of them."""

    weights: str
    metric: str
    words: Sequence[str]
    prepare: Callable[[Path, Path | None, int], Path]
    """Writes the data of a seed into a folder; returns the root of the data."""
    tuning: str = "finetune=full"
    """The setting of fine-tuning, chosen on validation data of other seeds."""


def few_digits(folder: Path, _: Path | None, seed: int) -> Path:
    """Writes 100 labeled digits for training and validation, the other 1,697 for testing: a folder for each class."""
    digits = load_digits()
    pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)
    generator = np.random.default_rng(seed)
    for label in range(10):
        rows, begin = generator.permutation(np.flatnonzero(digits.target == label)), 0
        for split, count in {**PER_CLASS, "test": len(rows)}.items():
            where = folder / split / str(label)
            where.mkdir(parents=True)
            for row in rows[begin : begin + count]:
                Image.fromarray(np.pad(pixels[row], MARGIN)).save(where / f"{row}.png")
            begin += count
    return folder


def half_of_voc(folder: Path, data_root: Path | None, seed: int) -> Path:
    """Links a Pascal VOC folder, with half of its training images in the list of training."""
    source = located(data_root, "bccd/BCCD")
    for part in ("Annotations", "JPEGImages"):
        (folder / part).symlink_to(source / part, target_is_directory=True)
    lists = folder / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for split in ("train", "val", "test"):
        names = (source / "ImageSets" / "Main" / f"{split}.txt").read_text(encoding="utf-8").split()
        if split == "train":
            names = sorted(np.random.default_rng(seed).permutation(names)[: len(names) // 2].tolist())
        (lists / f"{split}.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    return folder


def few_identities(folder: Path, data_root: Path | None, seed: int) -> Path:
    """Writes 25 digits of MNIST in five classes for training, and digits of other classes to select and to test on."""
    train, test, _ = read_set("mnist", located(data_root, "mnist"), download=False)
    generator = np.random.default_rng(seed)
    for split, (classes, count) in IDENTITIES.items():
        digits = test if split == "test" else train
        for label in classes:
            where = folder / split / str(label)
            where.mkdir(parents=True)
            rows = generator.permutation(np.flatnonzero(digits.labels.numpy() == label))
            for row in rows[:count]:
                Image.fromarray(np.pad(digits.images[row, 0].numpy(), 2 * MARGIN)).save(where / f"{row}.png")
    return folder


def located(data_root: Path | None, name: str) -> Path:
    """Returns DIR/NAME; ends the program where it is not."""
    path = None if data_root is None else (data_root / name).resolve()
    if path is None or not path.is_dir():
        raise SystemExit(f"error: the data is not at --data-root/{name}")
    return path


COMPARISONS = {
    "digits": Comparison(
        weights="mnist",
        metric="accuracy",
        words=[
            "model=lenet5",
            "data=image_folder",
            "data.channels=1",
            "data.image_size=32",
            "data.crop_ratio=1",
            "data/augmentation=affine",
            "data.batch_size=16",
            "trainer.max_epochs=60",
        ],
        prepare=few_digits,
    ),
    "few_identities": Comparison(
        weights="omniglot",
        metric="eer",
        words=[
            "model=siamese",
            "+model.network.backbone.widths=[64,96,128,128]",
            "data=identity_folder",
            "data.image_size=32",
            "data.rotations_as_classes=4",
            "data.batch_size=20",
            "data.steps_per_epoch=14",
            "data.augmentation.degrees=15",
            "data.augmentation.scale=0.2",
            "data.augmentation.shear=10",
            "data.augmentation.warp=0.06",
            "data.augmentation.lighting=0",
            "data.augmentation.mirror=false",
        ],
        prepare=few_identities,
        tuning="optimizer.lr=1e-4",
    ),
    "blood_cells": Comparison(
        weights="blood_cells",
        metric="map_50",
        words=["model=yolo", "data=voc", "trainer.max_epochs=5"],
        prepare=half_of_voc,
    ),
}


def main() -> int:
    """Prints the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=COMPARISONS)
    parser.add_argument("--data-root", type=Path, help="the folder that holds the data of all comparisons")
    given = parser.parse_args()
    print("| weights | metric | fine-tuned | from scratch |\n|---|---|---|---|")
    for name in given.names:
        comparison = COMPARISONS[name]
        sides: dict[str, list[float]] = {"fine-tuned": [], "from scratch": []}
        for seed in SEEDS:
            with TemporaryDirectory() as temporary:
                folder = Path(temporary)
                data = folder / "data"
                data.mkdir()
                root = comparison.prepare(data, given.data_root, seed)
                words = [*comparison.words, f"seed={seed}", "baselines=false", f"data.root='{root}'"]
                for side, more in (
                    ("fine-tuned", [f"pretrained={comparison.weights}", comparison.tuning]),
                    ("from scratch", []),
                ):
                    sides[side].append(trained(folder / side, [*words, *more], comparison.metric))
                    print(f"{name}, seed {seed}, {side}: {sides[side][-1]:.4f}", file=sys.stderr)
        print(
            f"| `{comparison.weights}` → `{name}` | {comparison.metric} | {' | '.join(map(spread, sides.values()))} |"
        )
    return 0


def trained(folder: Path, words: Sequence[str], metric: str) -> float:
    """Runs `train.py` in a folder; returns the test metric."""
    folder.mkdir()
    command = [sys.executable, str(ROOT / "train.py"), *words, "hydra.run.dir=run"]
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    if ended.returncode:
        raise SystemExit(f"error: train.py {' '.join(words)}\n{ended.stderr[-2000:]}")
    return float(json.loads((folder / "run" / "metrics.json").read_text(encoding="utf-8"))["test"][metric])


def spread(values: Sequence[float]) -> str:
    """The values, their mean and standard deviation."""
    listed = ", ".join(f"{value:.3f}" for value in values)
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f} ({listed})"


if __name__ == "__main__":
    sys.exit(main())
