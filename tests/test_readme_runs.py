"""Every command of the README runs on small generated data."""

import csv
import math
import re
import shlex
import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL))
LINES = [line.partition(" #")[0].strip() for line in SHELL.splitlines()]
COMMANDS = [line for line in LINES if line.startswith(("python train.py ", "python scripts/"))]
SLOW = "num_layers=2"  # a minute of training; it is composed in test_readme
ELSEWHERE = ("--help", "resume=auto", "-m ", "data=mnist")  # run by test_start_up, test_train and the data tests
REFUSED = {  # what this machine cannot do, and what it must say
    "trainer=gpu": "`trainer.accelerator` (=gpu) needs a CUDA device and none was found",
    "pretrained=IMAGENET1K_V2": "resnet50-11ad3fa6.pth",
}
SMALLER = {  # words that make a command short
    "data=voc": ["data.image_size=64", "data.min_epoch_size=4", "data.batch_size=4"],
    "data=identity_folder": ["data.image_size=32", "data.steps_per_epoch=2"],
    "trainer.devices=8": ["trainer.accelerator=cpu", "trainer.devices=1"],
    "backtest.py": ["trainer.max_epochs=1"],
    "finetune_lite0": ["data.image_size=64", "data.batch_size=4"],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with everything that the commands name."""
    root = tmp_path_factory.mktemp("world")
    digits = load_digits().images
    rng = np.random.default_rng(0)

    def image(path, pixels, size=(64, 48)):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 15).astype(np.uint8)).convert("RGB").resize(size).save(path)

    for number in range(24):
        image(root / "flowers" / ("rose" if number % 2 else "tulip") / f"{number}.jpg", digits[number])
        image(root / "photos" / f"{number}.png", digits[number])
    for person in range(24):
        for number in range(6):
            noisy = np.clip(digits[person] + rng.normal(0, 1, (8, 8)), 0, 16)
            image(root / "faces" / f"p{person:02}" / f"{number}.png", noisy, (32, 32))
    shutil.copy(root / "faces" / "p00" / "0.png", root / "ada.jpg")
    names = [f"cell{number}" for number in range(12)]
    for number, name in enumerate(names):
        image(root / "cells" / "JPEGImages" / f"{name}.jpg", digits[number])
        box = "<bndbox><xmin>9</xmin><ymin>8</ymin><xmax>40</xmax><ymax>40</ymax></bndbox>"
        size = "<size><width>64</width><height>48</height><depth>3</depth></size>"
        text = f"<annotation>{size}<object><name>cell</name>{box}</object></annotation>"
        (root / "cells" / "Annotations").mkdir(exist_ok=True)
        (root / "cells" / "Annotations" / f"{name}.xml").write_text(text)
    (root / "cells" / "ImageSets" / "Main").mkdir(parents=True)
    for split, part in (("train", names[:6]), ("val", names[6:9]), ("test", names[9:])):
        (root / "cells" / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(part))
    for name in ("sales.csv", "history.csv"):
        with (root / name).open("w", newline="") as file:
            days = [(date(2025, 1, 1) + timedelta(days=step)).isoformat() for step in range(400)]
            rows = [[day, f"{math.sin(step / 5) + 0.01 * step:.4f}"] for step, day in enumerate(days)]
            csv.writer(file).writerows([["date", "sold"], *rows])
    return root


@pytest.fixture(scope="module")
def checkpoints():
    """The best checkpoint of each kind that a command has needed so far."""
    return {}


def smaller(line):
    words = [word for fragment, extra in SMALLER.items() if fragment in line for word in extra]
    return ["trainer.max_epochs=1", "baselines=false", *words] if "train.py" in line else words


def checkpoint_for(line):
    """A checkpoint of the kind that a command needs: how it is trained."""
    if "horizon=" in line:
        return ["model=gru", "data=series", "data.path=sales.csv", "data.time=date", "data.horizon=24"]
    if "evaluate.py" in line:
        return []
    if "gallery.py" in line:
        return ["model=siamese", "data=identity_folder", "data.root=faces", *SMALLER["data=identity_folder"]]
    return ["data=image_folder", "data.root=flowers", "data.image_size=32"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, marks=pytest.mark.slow) if SLOW in line else line
        for line in COMMANDS
        if not any(word in line for word in ELSEWHERE)
    ],
)
def test_it_runs(command, world, checkpoints, line, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    _, script, *words = shlex.split(line)
    if any("…" in word for word in words):
        kind = tuple(checkpoint_for(line))
        if kind not in checkpoints:
            trained = command("train", *kind, "trainer.max_epochs=1", "baselines=false", folder=world)
            assert trained.code == 0, trained.err
            checkpoints[kind] = max(world.rglob("best.ckpt"), key=lambda path: path.stat().st_mtime)
        words = [f"checkpoint={checkpoints[kind]}" if "…" in word else word for word in words]
    ended = command(Path(script).stem, *words, *smaller(line), folder=world)
    if torch.distributed.is_initialized():  # trainer=ddp leaves it to the end of the process
        torch.distributed.destroy_process_group()
    for fragment, message in REFUSED.items():
        if fragment in line:
            assert ended.code == 2
            assert message in ended.err
            return
    assert ended.code == 0, ended.out + ended.err
