"""Small healthy files of every kind."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from fuzzing.images import write_images

QUICK = ["trainer=cpu", "trainer.max_epochs=2", "baselines=false", "+trainer.limit_train_batches=2"]
QUICK += ["+trainer.limit_val_batches=1", "+trainer.limit_test_batches=1"]


def write_samples(folder: Path) -> None:
    """Writes them below an empty folder."""
    _checkpoints(folder)
    write_images(folder / "pictures")
    _detection(folder)
    _tables(folder)
    _others(folder / "others")


def _checkpoints(folder: Path) -> None:
    from zoo.config.compose import compose, to_dict
    from zoo.run.console import quiet_lightning
    from zoo.run.create import create_model
    from zoo.run.run import new_run
    from zoo.run.share import share
    from zoo.run.train import fit
    from zoo.tasks.embedding import Embedding
    from zoo.tasks.embedding.fingerprint import fingerprint
    from zoo.tasks.embedding.gallery import Gallery
    from zoo.tasks.embedding.gallery_file import save_gallery

    quiet_lightning()
    for name, model, data in (("lenet5", "lenet5", "digits"), ("gru", "gru_small", "waves")):
        small = ["data.samples=1280"] if data == "waves" else []
        config = to_dict(
            compose([f"model={model}", f"data={data}", *QUICK[:1], *QUICK[2:], "trainer.max_epochs=1", *small])
        )
        run = new_run(config, folder / name, model=model, data=data)
        fit(run.training_trainer(), run.task, run.datamodule, None)
        (folder / name / "checkpoints" / "last.ckpt").rename(folder / f"{name}.ckpt")
    content = torch.load(folder / "lenet5.ckpt", weights_only=True)
    state = {key.removeprefix("network."): value for key, value in content["state_dict"].items()}
    torch.save(state, folder / "weights.pth")
    torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    save_file({key: value.contiguous() for key, value in state.items()}, folder / "weights.safetensors")
    share(str(folder / "lenet5.ckpt"), to=str(folder / "hub"), license="mit")
    task = create_model("siamese")
    assert isinstance(task, Embedding)
    save_gallery(Gallery(fingerprint(task), ["ann", "bob"], torch.rand(2, 8)), folder / "people.gallery")


def _picture(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (60, 40), (shade, 255 - shade, 7)).save(path)


def _detection(folder: Path) -> None:
    for number, split in enumerate(("train", "val")):
        for i in range(3):
            shade = 100 * number + 20 * i
            _picture(folder / "coco" / split / f"{i}.png", shade)
            _picture(folder / "yolo" / "images" / split / f"{i}.png", shade)
            _picture(folder / "voc" / split / f"{i}.png", shade)
            things = f"<object><name>{'cat' if i else 'dog'}</name><bndbox><xmin>{3 + i}</xmin><ymin>4</ymin>"
            things += "<xmax>30</xmax><ymax>33</ymax></bndbox></object>"
            size = "<size><width>60</width><height>40</height></size>"
            (folder / "voc" / split / f"{i}.xml").write_text(f"<annotation>{size}{things}</annotation>")
            labels = folder / "yolo" / "labels" / split
            labels.mkdir(parents=True, exist_ok=True)
            (labels / f"{i}.txt").write_text(f"{i % 2} 0.5 0.5 0.{i + 2} 0.4\n0 0.3 0.3 0.1 0.2\n")
        boxes: list[dict[str, Any]] = [
            {"id": i, "image_id": i, "category_id": i % 2, "bbox": [3, 4, 20 + i, 9], "iscrowd": 0} for i in range(3)
        ]
        images = [{"id": i, "file_name": f"{i}.png", "width": 60, "height": 40} for i in range(3)]
        names = [{"id": i, "name": name} for i, name in enumerate(("cat", "dog"))]
        content = {"images": images, "annotations": boxes, "categories": names}
        (folder / "coco" / f"{split}.json").write_text(json.dumps(content))
    (folder / "yolo" / "data.yaml").write_text("names: [cat, dog]\nnc: 2\n")


def _tables(folder: Path) -> None:
    import pandas as pd

    steps = np.arange(160)
    times = pd.date_range("2026-01-01", periods=len(steps), freq="h")
    frame = pd.DataFrame({"time": times, "load": np.sin(steps / 5), "heat": steps % 7 + 0.5})
    frame.to_csv(folder / "table.csv", index=False)
    frame[["load"]].rename(columns={"load": "x"}).to_csv(folder / "wave.csv", index=False)
    with gzip.open(folder / "packed.csv.gz", "wt") as file:
        frame.to_csv(file, index=False)
    frame.to_parquet(folder / "table.parquet")
    np.save(folder / "series.npy", frame[["load", "heat"]].to_numpy(np.float32))


def _others(folder: Path) -> None:
    """Volumes, points, ratings and texts."""
    import pandas as pd

    grid = np.random.default_rng(0).random((6, 5, 4)).astype(np.float32)
    folder.mkdir()
    np.savez_compressed(folder / "volume.npz", grid)
    with gzip.open(folder / "volume.npy.gz", "wb") as file:
        np.save(file, grid)
    (folder / "volume.binvox").write_bytes(
        b"#binvox 1\ndim 8 8 8\ntranslate 0 0 0\nscale 1\ndata\n" + b"\1\x80\0\x80" * 2
    )
    images, names = [{"id": i, "file_name": f"{i}.png"} for i in range(4)], ["nose", "chin"]
    points = [{"id": i, "image_id": i, "category_id": 1, "keypoints": [9, 8, 2, 7 + i, 20, 1]} for i in range(4)]
    category = {"id": 1, "name": "face", "keypoints": names, "skeleton": [[1, 2]]}
    content = {"images": images, "annotations": points, "categories": [category]}
    (folder / "points.json").write_text(json.dumps(content))
    rows = "".join(f"{i}.png,9,8,{7 + i},20\n" for i in range(4))
    (folder / "points.csv").write_text(f"path,nose_x,nose_y,chin_x,chin_y\n{rows}")
    for i in range(4):
        _picture(folder / f"{i}.png", 30 * i)
    frame = pd.DataFrame({"user": [1, 1, 2, 3] * 9, "item": [7, 8, 9] * 12, "rating": [3, 4.5] * 18})
    frame.to_csv(folder / "ratings.csv", index=False)
    frame.to_parquet(folder / "ratings.parquet")
    texts = pd.DataFrame({"text": ["a cat", "two dogs"] * 9, "label": ["one", "two"] * 9})
    texts.to_parquet(folder / "texts.parquet")
    texts.to_csv(folder / "texts.csv", index=False)
    texts.to_json(folder / "texts.jsonl", orient="records", lines=True)
