"""What is done with each kind of mutated file, as the commands do it."""

import contextlib
import io
import random
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch

import zoo
from fuzzing.choices import OF_ARCHIVES, OF_OTHERS, OF_TABLES, OF_WEIGHTS
from fuzzing.images import promise_size
from fuzzing.models import MODELS
from fuzzing.mutations import mutate_bytes, mutate_png, mutate_values
from fuzzing.samples import QUICK
from fuzzing.structures import mutate_json, mutate_safetensors, mutate_words
from fuzzing.watch import Outcome, watched

_CHECKPOINTS = ("lenet5.ckpt", "gru.ckpt", *(f"models/{name}.ckpt" for name in MODELS))


class Fuzzer:
    """Mutates the samples of a folder and passes them to the zoo; one per process."""

    def __init__(self, samples: Path, folder: Path) -> None:
        self.samples = samples
        self.folder = folder
        self.mutates = True
        self.contents: dict[str, bytes] = {}
        self.configs: dict[tuple[str, ...], dict[str, Any]] = {}
        self.kinds: dict[str, Callable[[random.Random], Callable[[], object]]] = {
            "load and predict": self._checkpoint,
            "other models": self._other_model,
            "evaluate": self._evaluate,
            "resume": self._resume,
            "pretrained": self._pretrained,
            "hub folder": self._hub_folder,
            "gallery": self._gallery,
            "pictures": self._picture,
            "flips": self._flip,
            "check-data": self._detection,
            "series": self._series,
            "other data": self._other,
        }

    def warm(self, kind: str) -> None:
        """Imports what whole commands need, by their samples as they are: it is not a file's time."""
        self.mutates = False
        if kind == "evaluate":
            for name in _CHECKPOINTS:
                self._watched(self._evaluation(self._mutated_checkpoint(name, random.Random())))
        if kind == "resume":
            self.run(kind, 0)
        self.mutates = True

    def run(self, kind: str, seed: int) -> Outcome:
        """The outcome of one mutated file."""
        rng = random.Random(f"{kind} {seed}")
        return self._watched(self.kinds[kind](rng))

    def _watched(self, call: Callable[[], object]) -> Outcome:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return watched(call)

    def _read(self, name: str) -> bytes:
        if name not in self.contents:
            self.contents[name] = (self.samples / name).read_bytes()
        return self.contents[name]

    def _mutated_checkpoint(self, name: str, rng: random.Random) -> Path:
        path = self.folder / Path(name).name
        if not self.mutates:
            path.write_bytes(self._read(name))
        elif rng.random() < 0.6:
            content = torch.load(io.BytesIO(self._read(name)), weights_only=True)
            below = content["zoo"] if rng.random() < 0.5 else content
            for _ in range(rng.choice((1, 1, 3))):
                mutate_values(below, rng)
            torch.save(content, path, _use_new_zipfile_serialization=rng.random() < 0.9)
        else:
            path.write_bytes(rng.choice(OF_ARCHIVES)(self._read(name), rng))
        return path

    def _checkpoint(self, rng: random.Random) -> Callable[[], object]:
        from zoo.run.predict import predict

        name, source = rng.choice((("lenet5.ckpt", "pictures/photo.png"), ("gru.ckpt", "wave.csv")))
        path = self._mutated_checkpoint(name, rng)
        return lambda: predict(path, self.samples / source, self.folder / "out")

    def _other_model(self, rng: random.Random) -> Callable[[], object]:
        from zoo.run.predict import predict

        name = rng.choice(sorted(MODELS))
        path = self._mutated_checkpoint(f"models/{name}.ckpt", rng)
        source = self.samples / "models" / MODELS[name].source
        return lambda: predict(path, source, self.folder / "out")

    def _evaluate(self, rng: random.Random) -> Callable[[], object]:
        return self._evaluation(self._mutated_checkpoint(rng.choice(_CHECKPOINTS), rng))

    def _evaluation(self, path: Path) -> Callable[[], object]:
        from zoo.run.evaluate import evaluate

        words = [f"checkpoint='{path}'", "baselines=false", "trainer=cpu", "+trainer.limit_test_batches=1"]
        values = self._composed(words, config_name="evaluate")
        (self.folder / "run").mkdir(exist_ok=True)
        return lambda: evaluate(values, self.folder / "run", data=None)

    def _resume(self, rng: random.Random) -> Callable[[], object]:
        from zoo.run.train import train

        folder = self.folder / "runs" / "1" / "checkpoints"
        folder.mkdir(parents=True, exist_ok=True)
        path = self._mutated_checkpoint("lenet5.ckpt", rng).rename(folder / "last.ckpt")
        shutil.rmtree(self.folder / "runs" / "2", ignore_errors=True)
        values = self._composed([*QUICK, f"resume='{path}'"])
        return lambda: train(values, self.folder / "runs" / "2", model="lenet5", data="digits")

    def _pretrained(self, rng: random.Random) -> Callable[[], object]:
        from zoo.run.create import create_model

        name = rng.choice(("weights.pth", "legacy.pth", "weights.safetensors", "lenet5.ckpt"))
        if name == "lenet5.ckpt":
            path = self._mutated_checkpoint(name, rng)
        else:
            path = self._write(name, rng.choice(OF_WEIGHTS[name])(self._read(name), rng))
        return lambda: create_model("lenet5", pretrained=str(path))

    def _hub_folder(self, rng: random.Random) -> Callable[[], object]:
        from zoo.run.create import create_model

        folder = self.folder / "hub"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.samples / "hub", folder)
        path = folder / rng.choice(("config.json", "config.json", "model.safetensors"))
        mutate = mutate_safetensors if path.suffix == ".safetensors" else rng.choice((mutate_json, mutate_bytes))
        path.write_bytes(mutate(path.read_bytes(), rng))
        load = rng.random() < 0.5
        return lambda: zoo.load(folder) if load else create_model("lenet5", pretrained=str(folder))

    def _gallery(self, rng: random.Random) -> Callable[[], object]:
        from zoo.tasks.embedding.gallery_file import read_gallery

        path = self.folder / "people.gallery"
        if rng.random() < 0.5:
            content = torch.load(io.BytesIO(self._read("people.gallery")), weights_only=True)
            torch.save(mutate_values(content, rng), path)
        else:
            path.write_bytes(rng.choice(OF_ARCHIVES)(self._read("people.gallery"), rng))
        return lambda: read_gallery(path)

    def _picture(self, rng: random.Random) -> Callable[[], object]:
        name = rng.choice(sorted(path.name for path in (self.samples / "pictures").iterdir()))
        data, kind = self._read(f"pictures/{name}"), rng.random()
        if kind < 0.3:
            data = promise_size(name, data, rng)
        if kind > 0.2:
            mutate = mutate_png if name.endswith("png") and rng.random() < 0.7 else mutate_bytes
            data = mutate(data, rng)
        return self._reading(name, data, rng)

    def _flip(self, rng: random.Random) -> Callable[[], object]:
        """One flipped bit in a PNG or JPEG, whose checksums stay as they were."""
        name = rng.choice(sorted(path.name for path in (self.samples / "pictures").glob("*.[pj][np]g")))
        data = bytearray(self._read(f"pictures/{name}"))
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return self._reading(name, bytes(data), rng)

    def _reading(self, name: str, data: bytes, rng: random.Random) -> Callable[[], object]:
        from zoo.data.images.files import read_head, read_image

        path = self._write(name, data)

        def read() -> None:
            read_image(path, channels=rng.choice((1, 3)))
            read_head(path)

        return read

    def _detection(self, rng: random.Random) -> Callable[[], object]:
        from zoo.run.build import build_data

        kind = rng.choice(("coco", "voc", "yolo"))
        root = self.folder / kind
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.samples / kind, root)
        files = [path for path in sorted(root.rglob("*")) if path.suffix in (".json", ".xml", ".txt", ".yaml")]
        path = rng.choice(files)
        mutate = rng.choice((mutate_bytes, mutate_json if path.suffix == ".json" else mutate_words))
        path.write_bytes(mutate(path.read_bytes(), rng))
        option = {"yolo": "yolo_txt"}.get(kind, kind)
        words = ["data.train=train.json", "data.val=val.json"] if kind == "coco" else []
        if kind == "yolo":
            words = ["data.train=train", "data.val=val", "data.test=null"]
        if kind == "voc":
            words = ["data.test=null"]
        values = self._composed(["model=yolo", f"data={option}", f"data.root='{root}'", *words])
        return lambda: build_data(values["data"]).check(self.folder)

    def _series(self, rng: random.Random) -> Callable[[], object]:
        from zoo.run.build import build_data

        name = rng.choice(("table.csv", "packed.csv.gz", "table.parquet", "series.npy"))
        path = self._write(name, rng.choice(OF_TABLES[name])(self._read(name), rng))
        time = [] if name.endswith("npy") else ["data.time=time"]
        values = self._composed(["model=gru_small", "data=series", f"data.path='{path}'", *time])
        return lambda: build_data(values["data"]).setup()

    def _other(self, rng: random.Random) -> Callable[[], object]:
        """A volume, points, ratings or texts, by the readers alone."""
        from zoo.data.landmarks.sources import read_points
        from zoo.data.ratings.lines import read_batches
        from zoo.data.table.frames import read_table
        from zoo.data.text.tables import read_columns
        from zoo.data.volumes.files import read_volume

        others = self.samples / "others"
        source = rng.choice(sorted(path for path in others.iterdir() if path.suffix in OF_OTHERS))
        data = rng.choice(OF_OTHERS[source.suffix])(self._read(f"others/{source.name}"), rng)
        path = self._write(source.name, data)
        if source.name.startswith("volume"):
            return lambda: read_volume(path)
        if source.name.startswith("points"):
            return lambda: read_points(path, others, None)
        if source.name.startswith("texts"):
            return lambda: read_columns(path, ["text", "label"], options="")
        as_table = rng.random() < 0.5
        return lambda: read_table(path, header=True) if as_table else list(read_batches(path))

    def _composed(self, words: list[str], config_name: str = "train") -> dict[str, Any]:
        """A copy of the configuration, which takes longer to compose than most files take to read."""
        from zoo.config.compose import compose, to_dict

        key = (config_name, *words)
        if key not in self.configs:
            self.configs[key] = to_dict(compose(words, config_name=config_name))
        return deepcopy(self.configs[key])

    def _write(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path
