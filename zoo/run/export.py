"""A checkpoint as a file that runs without the zoo: ONNX, or PyTorch's exported program."""

import json
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from zoo.checkpoints.load import load
from zoo.data.images.base import Preprocessing
from zoo.distribution import install_command
from zoo.errors import ZooError
from zoo.ops.boxes import valid
from zoo.tasks.base import Task
from zoo.tasks.detection import Detection
from zoo.tasks.detection.export import AllBoxes, KeptBoxes

FORMATS = {"onnx": ".onnx", "torch_export": ".pt2"}
METADATA = "zoo.json"
"""Name of the entry that holds the classes and the preprocessing, as JSON."""

_COMPARED = 256  # boxes before NMS at most; among more, one overlap may lie within a rounding of the threshold
_ALIKE = 0.99  # of the best score; among more alike ones rounding would choose

Runner = Callable[[Tensor], list[Tensor]]


class Program(nn.Module):
    """What is exported: logits or other outputs of images, with or without the normalization before."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, preprocessing: Preprocessing | None) -> None:
        super().__init__()
        self.network = network
        self.scaled = preprocessing is not None
        self.span = (0.0, 255.0) if self.scaled else (-1.0, 1.0)
        if preprocessing is not None:
            self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, -1, 1, 1) * 255)
            self.register_buffer("std", torch.tensor(preprocessing.std).view(1, -1, 1, 1) * 255)

    def forward(self, images: Tensor) -> Any:
        """The network's output; where it has auxiliary heads, the main one's."""
        if self.scaled:
            images = (images - self.mean) / self.std
        output = self.network(images)
        return output.logits if hasattr(output, "logits") else output


Exported = Program | AllBoxes | KeptBoxes


def export(
    checkpoint: Path,
    *,
    format: str,
    output: Path | None,
    with_preprocessing: bool,
    nms: bool | None,
    tolerance: float,
    trust: list[str],
) -> tuple[Path, float]:
    """Writes the file and checks it against the network at batches of 1 and 3; its path and the greatest difference.

    With `with_preprocessing` the file takes pixels of 0 … 255, else normalized ones; resizing stays outside. The file
    carries class names and preprocessing. A detector gives boxes, scores and classes, all of them or with `nms` those
    that are kept; the latter is checked from a lower score on as well, where there is something to compare.

    Raises:
        ZooError: a wrong option, a model that is not of images, a package that is missing, or outputs that differ.
    """
    if format not in FORMATS:
        raise ZooError(f"`format` (={format}) must be one of: {', '.join(FORMATS)}")
    task = load(checkpoint, trust=trust)
    path = output or checkpoint.with_suffix(FORMATS[format])
    preprocessing = _preprocessing(task, with_preprocessing)
    program = _program(task, preprocessing if with_preprocessing else None, format=format, nms=nms).eval()
    batches = [_noise(task, program, size) for size in (1, 3)]
    twin = _crowded(program, batches) if isinstance(program, KeptBoxes) else None
    metadata = json.dumps(_described(task) | {"normalizes": with_preprocessing})
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporters' own housekeeping
        worst = _written(program, batches, path, format=format, metadata=metadata)
        if twin is not None:
            with TemporaryDirectory() as folder:
                worst = max(worst, _written(twin, batches, Path(folder) / path.name, format=format, metadata=metadata))
    if not worst <= tolerance:
        path.unlink()
        raise ZooError(
            f"the {format} file differs from the network by {worst:.1e}, more than {tolerance:.1e}: not kept"
        )
    return path, worst


def _program(task: Task, preprocessing: Preprocessing | None, *, format: str, nms: bool | None) -> Exported:
    if isinstance(task, Detection):
        if nms and format != "onnx":
            raise ZooError(f"`nms` (=true) needs format=onnx: {format} has no suppression of whole batches")
        return KeptBoxes(task, min_score=float(task.operating_point)) if nms else AllBoxes(task)
    if nms is not None:
        raise ZooError(f"`nms` (={nms}) means nothing to a {task.kind} model: leave it out")
    return Program(task.network, preprocessing)


def _preprocessing(task: Task, wanted: bool) -> Preprocessing | None:
    plain = task.card.get("preprocessing")
    if plain is None:
        raise ZooError(f"{task.card.get('model', 'this model')} is not a network of images; those alone are exported")
    if "mean" not in plain:
        if wanted:
            raise ZooError("`with_preprocessing`: this model's images are not normalized, so there is nothing to add")
        return None
    return Preprocessing.from_dict(plain)


def _described(task: Task) -> dict[str, Any]:
    facts = {
        "model": task.card.get("model"),
        "kind": task.kind,
        "class_names": task.card.get("class_names"),
        "preprocessing": task.card["preprocessing"],
    }
    if isinstance(task, Detection):  # with which the file without NMS answers as validated
        facts |= {"operating_point": float(task.operating_point), "iou_threshold": task.iou_threshold}
    return facts


def _noise(task: Task, program: Exported, batch: int) -> Tensor:
    plain = task.card["preprocessing"]
    generator = torch.Generator().manual_seed(batch)
    low, high = program.span
    return low + (high - low) * torch.rand(batch, plain["channels"], plain["size"], plain["size"], generator=generator)


@torch.no_grad()
def _crowded(program: KeptBoxes, batches: list[Tensor]) -> KeptBoxes:
    """The program from a score on that boxes in noise reach: at the operating point there may be none to compare."""
    found = [AllBoxes(program.task)(images) for images in batches]
    scores = torch.cat([best[valid(boxes)] for boxes, best, _ in found])
    scores = scores.sort(descending=True).values[: _COMPARED + 1]
    if len(scores) < 2 or not scores[-1] < _ALIKE * scores[0]:
        raise ZooError(
            "`nms` (=true): the network scores all boxes alike, so that the file could not be checked against it: "
            "train it, or give nms=false"
        )
    half = len(scores) // 2
    last = half - 1 + int((scores[half - 1 : -1] - scores[half:]).argmax())  # in a wide gap, no rounding counts
    return KeptBoxes(program.task, min_score=float(scores[last : last + 2].mean()))


def _written(program: nn.Module, batches: list[Tensor], path: Path, *, format: str, metadata: str) -> float:
    """The greatest difference of the program and the file that is written of it."""
    write = _write_onnx if format == "onnx" else _write_program
    write(program, batches[-1], path, metadata)
    runner = _onnx_runner(path) if format == "onnx" else _program_runner(path)
    return max(_difference(program, runner, images) for images in batches)


def _write_onnx(program: nn.Module, example: Tensor, path: Path, metadata: str) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        try:
            __import__(package)
        except ModuleNotFoundError as error:
            raise ZooError(f"format=onnx needs the package {package}: {install_command('export')}") from error
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    written = torch.onnx.export(
        program,
        (example,),
        input_names=["images"],
        dynamic_shapes={"images": {0: torch.export.Dim("batch", min=1)}},
        dynamo=True,
        verbose=False,
    )
    assert written is not None
    written.model.metadata_props[METADATA] = metadata
    written.save(path, external_data=False)


def _write_program(program: nn.Module, example: Tensor, path: Path, metadata: str) -> None:
    shapes = {"images": {0: torch.export.Dim("batch", min=1)}}
    exported = torch.export.export(program, (example,), dynamic_shapes=shapes)
    torch.export.save(exported, path, extra_files={METADATA: metadata})


def _onnx_runner(path: Path) -> Runner:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: [torch.from_numpy(out) for out in session.run(None, {"images": images.numpy()})]


def _program_runner(path: Path) -> Runner:
    module = torch.export.load(path).module()
    return lambda images: _flat(module(images))


def _difference(program: nn.Module, runner: Runner, images: Tensor) -> float:
    worst = 0.0
    for mine, theirs in zip(_flat(program(images)), runner(images), strict=True):
        if mine.shape != theirs.shape:
            return float("inf")
        if not mine.numel():
            continue
        apart = (mine - theirs).abs().max() / mine.abs().max().clamp(min=1.0)
        worst = max(worst, apart.nan_to_num(nan=float("inf")).item())  # of NaN and 0, Python's max may take the 0
    return worst


def _flat(output: Any) -> list[Tensor]:
    if isinstance(output, Tensor):
        return [output]
    values = output.values() if isinstance(output, dict) else output
    return [tensor for value in values for tensor in _flat(value)]
