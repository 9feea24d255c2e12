"""Counts the operations of a training step for which a GPU makes the program wait."""

import traceback
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import torch
from pytorch_lightning import Callback
from small_runs import MODELS
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from zoo.config.compose import compose, to_dict
from zoo.data.base import DataModule
from zoo.run.console import quiet_lightning
from zoo.run.run import Run, new_run

SMALL = {
    "lenet5": [],
    "googlenet": ["data.batch_size=4"],
    "landmarks": MODELS["landmarks"],
    "gru": [],
    "gru_last": [],
    "gru_quantile": [],
    "siamese": [],
    "yolo": ["data.train_scenes=50", "data.batch_size=8"],
    "conv3d": ["data.size=8", "data.batch_size=8", "+data/volume_augmentation@data.augmentation=rotate_upright"],
    "two_layer": MODELS["two_layer"],
    "two_layer_regression": MODELS["two_layer_regression"],
    "bert_tiny": MODELS["bert_tiny"],
    "bert_tiny_classifier": MODELS["bert_tiny"],
    "birnn_classifier": MODELS["birnn_classifier"],
    "matrix_factorization": ["model.solver=torch", *MODELS["matrix_factorization"]],
    "matrix_factorization_bpr": ["model.solver=torch", *MODELS["matrix_factorization"]],
    "matrix_factorization_logistic": ["model.solver=torch", *MODELS["matrix_factorization"]],
    "nonnegative_factorization": ["model.solver=torch", *MODELS["matrix_factorization"]],
    "ssdlite320_mobilenet_v3": ["data.train_scenes=50", "data.batch_size=4"],
    "fast_style_small": MODELS["fast_style_small"],
    "adain_small": MODELS["adain_small"],
    "style_transfer": MODELS["style_transfer"],
}
"""Models with every kind of step, and the words that keep one short."""
aten = torch.ops.aten
SIZED_BY_VALUES = {  # their result has a size, or a Python value, that only the device knows
    aten._local_scalar_dense.default: "the value of a tensor",
    aten.nonzero.default: "nonzero",
    aten.masked_select.default: "masked_select",
    aten.equal.default: "equal",
    aten._unique2.default: "unique",
    aten.unique_consecutive.default: "unique_consecutive",
    aten.unique_dim.default: "unique",
    aten.repeat_interleave.Tensor: "repeat_interleave",
    aten.bincount.default: "bincount",
}
INDEXING = (aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default)


class Waits(TorchDispatchMode):
    """Collects a line for each operation that would wait: on the CPU as if it were a GPU, or on fake CUDA tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Notes a waiting operation and runs it."""
        if what := waiting(func, args, kwargs or {}):
            self.found.append(f"{what} at {_place()}")
        return func(*args, **(kwargs or {}))


def waiting(func: Any, args: Any, kwargs: dict[str, Any]) -> str:
    """What a GPU waits for in an operation; empty if for nothing."""
    tensors = [value for value in tree_flatten((args, kwargs))[0] if isinstance(value, Tensor)]
    if func in SIZED_BY_VALUES and not _stays_on_cpu(tensors):
        return SIZED_BY_VALUES[func]
    if func in INDEXING:
        parts = [part for part in args[1] if part is not None]
        if args[0].device.type != "cpu" and any(part.device.type == "cpu" for part in parts):
            return "an index on the CPU"
        masks = [part for part in parts if part.dtype in (torch.bool, torch.uint8)]
        filled = func is not aten.index.Tensor and args[2].numel() == 1  # runs as masked_fill
        return "a mask as index" if masks and not filled and not _stays_on_cpu(tensors) else ""
    if func is aten._to_copy.default and kwargs.get("device") is not None:
        return _copy(args[0].device, torch.device(kwargs["device"]), bool(kwargs.get("non_blocking")))
    if func is aten.copy_.default:
        return _copy(args[1].device, args[0].device, len(args) > 2 and bool(args[2]))
    return ""


def _stays_on_cpu(tensors: list[Tensor]) -> bool:
    """Whether an operation on fake tensors is one of the CPU; without fake tensors the CPU stands for the GPU."""
    fake = any(type(tensor).__name__ == "FakeTensor" for tensor in tensors)
    return fake and all(tensor.device.type == "cpu" for tensor in tensors)


def _copy(source: torch.device, target: torch.device, non_blocking: bool) -> str:
    if source.type == target.type or non_blocking:
        return ""
    return f"a copy from {source.type} to {target.type}"


def _place() -> str:
    frames = [frame for frame in traceback.extract_stack() if "_python_dispatch" not in frame.filename]
    ours = [frame for frame in frames if "/zoo/" in frame.filename]
    others = [frame for frame in frames[:-3] if "/torch/" not in frame.filename]
    frame = ours[-1] if ours else others[-1]
    return f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno}"


def small_run(words: list[str], folder: Path, datamodule: DataModule | None = None) -> Run:
    """The run of `train.py WORDS` that trains three steps and validates nothing."""
    quiet_lightning()
    limits = ["trainer.max_epochs=1", "+trainer.limit_train_batches=3", "+trainer.limit_val_batches=0"]
    values = to_dict(compose([*words, *limits, "baselines=false"]))
    return new_run(values, folder, model="a model", data="its data", datamodule=datamodule)


class DeviceWaits:
    """Collects the warnings of CUDA for operations that wait, with their places."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._caught = warnings.catch_warnings(record=True)

    def __enter__(self) -> Self:
        self._warned = self._caught.__enter__()
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        return self

    def __exit__(self, *_: object) -> None:
        torch.cuda.set_sync_debug_mode("default")
        self.found = [f"{w.filename}:{w.lineno}" for w in self._warned if "synchronizing CUDA" in str(w.message)]
        self._caught.__exit__(*_)


class _At(Callback):
    def __init__(self, batch_idx: int, call: Callable[[], Any]) -> None:
        self.batch_idx = batch_idx
        self.call = call


class _Starts(_At):
    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == self.batch_idx:
            self.call()


class _Ends(_At):
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == self.batch_idx:
            self.call()


def train_within(run: Run, context: AbstractContextManager[Any], *, with_batch: bool = False) -> None:
    """Trains; `context` is open in the second step, to the end of its last callback.

    It begins when the batch has arrived, or with `with_batch` before it is fetched, moved and augmented.
    """
    trainer = run.training_trainer()
    callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
    if with_batch:
        callbacks.append(_Ends(0, context.__enter__))
    else:
        callbacks.insert(0, _Starts(1, context.__enter__))
    callbacks.append(_Ends(1, lambda: context.__exit__(None, None, None)))
    trainer.fit(run.task, datamodule=run.datamodule)
    assert trainer.global_step > 1, "there was no second step"
