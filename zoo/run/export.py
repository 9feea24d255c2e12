"""Exports a checkpoint to ONNX or to an exported program of PyTorch."""

import json
import logging
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from zoo.checkpoints.load import load
from zoo.distribution import install_command
from zoo.errors import ZooError
from zoo.hardware import resolve_device
from zoo.remote.addresses import is_address
from zoo.run.options import check_options
from zoo.tasks.export import Program
from zoo.tensor_files.safetensors import SAFETENSORS

FORMATS = {"onnx": ".onnx", "torch_export": ".pt2"}
METADATA = "zoo.json"
"""Name of the entry that holds the classes and the preprocessing, as JSON."""

Runner = Callable[[Tensor], list[Tensor]]
Shape = dict[int, Any]
"""Dynamic dimensions of an input, as `torch.export.Dim`."""


def export(
    checkpoint: str | Path,
    *,
    format: str,
    output: Path | None,
    with_preprocessing: bool,
    tolerance: float,
    device: str,
    trust: list[str],
    options: Mapping[str, Any],
) -> tuple[Path, float]:
    """Writes the file and compares it with the network at batch sizes 1 and 3, the network on `device`.

    With `with_preprocessing` the file takes pixels of 0 … 255, otherwise normalized images; resizing is left to the
    caller. The file stores class names and preprocessing. `options` are those of the task's `export_program`.

    Returns:
        The path, and the largest difference relative to the largest output.

    Raises:
        ZooError: a wrong option, a task without export, a missing package, or outputs that differ.
    """
    if format not in FORMATS:
        raise ZooError(f"`format` (={format}) must be one of: {', '.join(FORMATS)}")
    if tolerance <= 0:
        raise ZooError(f"`tolerance` (={tolerance}) must be positive")
    if output is not None and output.is_dir():
        raise ZooError(f"`output` (={output}) is a folder: give a file, such as {output / 'net'}{FORMATS[format]}")
    if output is not None and output.suffix.lower() != FORMATS[format]:
        known = ", ".join(f"{ending} (format={name})" for name, ending in FORMATS.items())
        raise ZooError(f"`output` (={output}) must end in {FORMATS[format]} with format={format}; there are: {known}")
    task = load(checkpoint, trust=trust)
    chosen = check_options(task.export_program, options, kind=task.kind)
    program = task.export_program(format=format, with_preprocessing=with_preprocessing, **chosen)
    check_on = resolve_device(device, double_precision=task.double_precision)
    print(check_on.reason)
    path = output or _beside(str(checkpoint), FORMATS[format])
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # raised inside the exporters
        worst = _write_and_compare(program, program.module.eval(), path, check_on.device, format=format)
        if program.stricter is not None:
            with TemporaryDirectory() as folder:
                other = Path(folder) / path.name
                stricter = program.stricter.eval().cpu()
                worst = max(worst, _write_and_compare(program, stricter, other, check_on.device, format=format))
    if not worst <= tolerance:
        path.unlink()
        raise ZooError(
            f"the {format} file differs from the network by {worst:.1e}, more than {tolerance:.1e}: not kept"
        )
    return path, worst


def _beside(checkpoint: str, ending: str) -> Path:
    """The file beside a checkpoint; for one at an address in the current folder, under the name of its last part."""
    if not is_address(checkpoint):
        return Path(checkpoint).with_suffix(ending)
    name = re.split("[@#?]", checkpoint)[0].rpartition("/")[2]
    return Path(name.removesuffix(SAFETENSORS).removesuffix(".ckpt") + ending)


def _write_and_compare(program: Program, module: nn.Module, path: Path, device: torch.device, *, format: str) -> float:
    """Writes the file of a module, and returns the largest difference between the file and the module on a device."""
    batches = [program.inputs(size) for size in (1, 3)]
    metadata, shape = json.dumps(dict(program.metadata)), _dynamic(program)
    if format == "onnx":
        _write_onnx(module, batches[-1], path, metadata, shape, program.outputs)
    else:
        _write_program(module, batches[-1], path, metadata, shape)
    runner = _onnx_runner(path) if format == "onnx" else _program_runner(path)
    module.to(device)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # TF32 keeps three decimal digits
        return max(_difference(module, runner, batch, device) for batch in batches)


def _dynamic(program: Program) -> Shape:
    """The dimensions of the input that may differ from those of the example."""
    shape: Shape = {0: torch.export.Dim("batch", min=1)}
    if program.multiple is not None:
        least = 32 // program.multiple
        sides = [program.multiple * torch.export.Dim(name, min=least) for name in ("rows", "columns")]
        return shape | {2: sides[0], 3: sides[1]}
    return shape if program.longest is None else shape | {1: torch.export.Dim("length", min=2, max=program.longest)}


def _write_onnx(
    module: nn.Module, example: Tensor, path: Path, metadata: str, shape: Shape, outputs: Sequence[str]
) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        try:
            __import__(package)
        except ModuleNotFoundError as error:
            raise ZooError(f"format=onnx needs the package {package}: {install_command('export')}") from error
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    written = torch.onnx.export(
        module,
        (example,),
        input_names=[*signature(module.forward).parameters],
        output_names=[*outputs] or None,
        dynamic_shapes=(shape,),
        dynamo=True,
        verbose=False,
    )
    assert written is not None
    written.model.metadata_props[METADATA] = metadata
    written.save(path, external_data=False)


def _write_program(module: nn.Module, example: Tensor, path: Path, metadata: str, shape: Shape) -> None:
    exported = torch.export.export(module, (example,), dynamic_shapes=(shape,))
    torch.export.save(exported, path, extra_files={METADATA: metadata})


def _onnx_runner(path: Path) -> Runner:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (only,) = session.get_inputs()
    return lambda inputs: [torch.from_numpy(out) for out in session.run(None, {only.name: inputs.numpy()})]


def _program_runner(path: Path) -> Runner:
    exported = torch.export.load(path).module()
    return lambda inputs: _flat(exported(inputs))


def _difference(module: nn.Module, runner: Runner, inputs: Tensor, device: torch.device) -> float:
    worst = 0.0
    expected = [output.cpu() for output in _flat(module(inputs.to(device)))]
    for mine, theirs in zip(expected, runner(inputs), strict=True):
        if mine.shape != theirs.shape:
            return float("inf")
        if not mine.numel():
            continue
        difference = (mine - theirs).abs().max() / mine.abs().max().clamp(min=1.0)
        worst = max(worst, difference.nan_to_num(nan=float("inf")).item())  # Python's max may drop a NaN
    return worst


def _flat(output: Any) -> list[Tensor]:
    if isinstance(output, Tensor):
        return [output]
    values = output.values() if isinstance(output, dict) else output
    return [tensor for value in values for tensor in _flat(value)]
