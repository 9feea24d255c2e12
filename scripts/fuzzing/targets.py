"""What is done with each kind of mutated file, as the commands do it."""

import contextlib
import io
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from fuzzing.mutations import mutate_archive, mutate_bytes, mutate_png, mutate_values
from fuzzing.samples import PICTURES, QUICK
from fuzzing.watch import Outcome, watched


class Fuzzer:
    """Mutates the samples of a folder and passes them to the zoo; one per process."""

    def __init__(self, samples: Path, folder: Path) -> None:
        self.samples = samples
        self.folder = folder
        self.contents: dict[str, bytes] = {}
        self.kinds: dict[str, Callable[[random.Random], Callable[[], object]]] = {
            "load and predict": self._checkpoint,
            "evaluate": self._evaluate,
            "resume": self._resume,
            "pretrained": self._pretrained,
            "gallery": self._gallery,
            "pictures": self._picture,
            "check-data": self._detection,
            "series": self._series,
        }

    def run(self, kind: str, seed: int) -> Outcome:
        """The outcome of one mutated file."""
        rng = random.Random(f"{kind} {seed}")
        call = self.kinds[kind](rng)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return watched(call)

    def _read(self, name: str) -> bytes:
        if name not in self.contents:
            self.contents[name] = (self.samples / name).read_bytes()
        return self.contents[name]

    def _mutated_checkpoint(self, name: str, rng: random.Random) -> Path:
        path = self.folder / name
        if (kind := rng.random()) < 0.6:
            content = torch.load(io.BytesIO(self._read(name)), weights_only=True)
            below = content["zoo"] if rng.random() < 0.5 else content
            for _ in range(rng.choice((1, 1, 3))):
                mutate_values(below, rng)
            torch.save(content, path, _use_new_zipfile_serialization=rng.random() < 0.9)
        else:
            mutate = mutate_archive if kind < 0.9 else mutate_bytes
            path.write_bytes(mutate(self._read(name), rng))
        return path

    def _checkpoint(self, rng: random.Random) -> Callable[[], object]:
        from zoo.run.predict import predict

        name, source = rng.choice((("lenet5.ckpt", "pictures/photo.png"), ("gru.ckpt", "wave.csv")))
        path = self._mutated_checkpoint(name, rng)
        return lambda: predict(path, self.samples / source, self.folder / "out")

    def _evaluate(self, rng: random.Random) -> Callable[[], object]:
        from zoo.config.compose import compose, to_dict
        from zoo.run.evaluate import evaluate

        path = self._mutated_checkpoint(rng.choice(("lenet5.ckpt", "gru.ckpt")), rng)
        words = [f"checkpoint='{path}'", "baselines=false", "trainer=cpu", "+trainer.limit_test_batches=1"]
        values = to_dict(compose(words, config_name="evaluate"))
        (self.folder / "run").mkdir(exist_ok=True)
        return lambda: evaluate(values, self.folder / "run", data=None)

    def _resume(self, rng: random.Random) -> Callable[[], object]:
        from zoo.config.compose import compose, to_dict
        from zoo.run.train import train

        folder = self.folder / "runs" / "1" / "checkpoints"
        folder.mkdir(parents=True, exist_ok=True)
        path = self._mutated_checkpoint("lenet5.ckpt", rng).rename(folder / "last.ckpt")
        shutil.rmtree(self.folder / "runs" / "2", ignore_errors=True)
        values = to_dict(compose([*QUICK, f"resume='{path}'"]))
        return lambda: train(values, self.folder / "runs" / "2", model="lenet5", data="digits")

    def _pretrained(self, rng: random.Random) -> Callable[[], object]:
        from zoo.run.create import create_model

        name = rng.choice(("weights.pth", "legacy.pth", "weights.safetensors", "lenet5.ckpt"))
        if name == "lenet5.ckpt":
            path = self._mutated_checkpoint(name, rng)
        else:
            mutate = mutate_archive if name == "weights.pth" else mutate_bytes
            path = self._write(name, mutate(self._read(name), rng))
        return lambda: create_model("lenet5", pretrained=str(path))

    def _gallery(self, rng: random.Random) -> Callable[[], object]:
        from zoo.tasks.embedding.gallery_file import read_gallery

        path = self.folder / "people.gallery"
        if rng.random() < 0.5:
            content = torch.load(io.BytesIO(self._read("people.gallery")), weights_only=True)
            torch.save(mutate_values(content, rng), path)
        else:
            mutate = rng.choice((mutate_archive, mutate_bytes))
            path.write_bytes(mutate(self._read("people.gallery"), rng))
        return lambda: read_gallery(path)

    def _picture(self, rng: random.Random) -> Callable[[], object]:
        from zoo.data.images.files import read_head, read_image

        ending = rng.choice(PICTURES)
        mutate = mutate_png if ending == "png" and rng.random() < 0.7 else mutate_bytes
        path = self._write(f"photo.{ending}", mutate(self._read(f"pictures/photo.{ending}"), rng))

        def read() -> None:
            read_image(path, channels=rng.choice((1, 3)))
            read_head(path)

        return read

    def _detection(self, rng: random.Random) -> Callable[[], object]:
        from zoo.config.compose import compose, to_dict
        from zoo.run.build import build_data

        kind = rng.choice(("coco", "voc", "yolo"))
        root = self.folder / kind
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.samples / kind, root)
        files = [path for path in sorted(root.rglob("*")) if path.suffix in (".json", ".xml", ".txt", ".yaml")]
        path = rng.choice(files)
        path.write_bytes(mutate_bytes(path.read_bytes(), rng))
        option = {"yolo": "yolo_txt"}.get(kind, kind)
        words = ["data.train=train.json", "data.val=val.json"] if kind == "coco" else []
        if kind == "yolo":
            words = ["data.train=train", "data.val=val", "data.test=null"]
        if kind == "voc":
            words = ["data.test=null"]
        values: Any = to_dict(compose(["model=yolo", f"data={option}", f"data.root='{root}'", *words]))
        return lambda: build_data(values["data"]).check(self.folder)

    def _series(self, rng: random.Random) -> Callable[[], object]:
        from zoo.config.compose import compose, to_dict
        from zoo.run.build import build_data

        name = rng.choice(("table.csv", "packed.csv.gz", "table.parquet", "series.npy"))
        path = self._write(name, mutate_bytes(self._read(name), rng))
        time = [] if name.endswith("npy") else ["data.time=time"]
        values: Any = to_dict(compose(["model=gru_small", "data=series", f"data.path='{path}'", *time]))
        return lambda: build_data(values["data"]).setup()

    def _write(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path
