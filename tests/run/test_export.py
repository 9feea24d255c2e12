"""Exported files give the outputs of the network at any batch size and store its classes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Trainer

from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError
from zoo.run import export as exporting
from zoo.run.create import create_model
from zoo.run.export import export
from zoo.tasks.base import Task

OPTIONS: dict[str, Any] = {
    "output": None,
    "with_preprocessing": False,
    "tolerance": 1e-4,
    "device": "cpu",
    "trust": [],
    "options": {},
}
PREPROCESSING = Preprocessing(size=32, channels=3, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.25), resize="squash")


def checkpoint(folder: Path, name: str, size: int = 32) -> tuple[Path, Task]:
    torch.manual_seed(0)
    task = create_model(name, num_classes=3, in_channels=3).eval()
    task.card = {
        "model": name,
        "class_names": ["a", "b", "c"],
        "preprocessing": PREPROCESSING.to_dict() | {"size": size},
    }
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False)
    trainer.strategy.connect(task)
    trainer.save_checkpoint(folder / "best.ckpt")
    return folder / "best.ckpt", task


@pytest.mark.parametrize("inside", [pytest.param(False, marks=pytest.mark.slow), True])
def test_exported_program(inside: bool, tmp_path: Path) -> None:
    path, task = checkpoint(tmp_path, "resnet18")
    file, worst = export(path, format="torch_export", **OPTIONS | {"with_preprocessing": inside})
    assert file == tmp_path / "best.pt2"
    assert worst <= 1e-4
    extra = {"zoo.json": ""}
    module = torch.export.load(file, extra_files=extra).module()
    pixels = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8)
    normalized = PREPROCESSING.normalize(pixels)
    found = module(pixels.float() if inside else normalized)
    with torch.no_grad():
        torch.testing.assert_close(found, task(normalized), atol=1e-4, rtol=1e-3)
    described = json.loads(extra["zoo.json"])
    assert (described["class_names"], described["normalizes"]) == (["a", "b", "c"], inside)
    assert described["preprocessing"]["mean"] == [0.4, 0.5, 0.6]


LARGER = [pytest.param(name, marks=pytest.mark.slow) for name in ("efficientnet_lite0", "googlenet")]


@pytest.mark.parametrize("name", ["lenet5", *LARGER])
def test_onnx(name: str, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    path, task = checkpoint(tmp_path, name)
    file, _ = export(path, format="onnx", **OPTIONS | {"output": tmp_path / "deep" / "net.onnx"})
    session = onnxruntime.InferenceSession(str(file))
    images = torch.randn(5, 3, 32, 32)
    (found,) = session.run(None, {"images": images.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(found), task(images), atol=1e-4, rtol=1e-3)
    described = json.loads(session.get_modelmeta().custom_metadata_map["zoo.json"])
    assert described["class_names"] == ["a", "b", "c"]
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_a_file_that_differs_is_not_kept(value: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = checkpoint(tmp_path, "resnet18")
    monkeypatch.setattr(exporting, "_program_runner", lambda _: lambda images: [torch.full((len(images), 3), value)])
    with pytest.raises(
        ZooError, match=r"the torch_export file differs from the network by .*, more than 1.0e-04: not kept"
    ):
        export(path, format="torch_export", **OPTIONS)
    assert not (tmp_path / "best.pt2").exists()


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ZooError, match=r"`format` \(=tflite\) must be one of: onnx, torch_export"):
        export(tmp_path / "x.ckpt", format="tflite", **OPTIONS)
    with pytest.raises(ZooError, match="does not exist"):
        export(tmp_path / "x.ckpt", format="onnx", **OPTIONS)


def test_a_checkpoint_at_an_address_keeps_its_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    with pytest.raises(ZooError, match="hf://owner/net is not on this machine"):
        export("hf://owner/net", format="onnx", **OPTIONS)
