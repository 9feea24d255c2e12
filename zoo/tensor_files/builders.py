"""What the names in a pickle of tensors build: tensors within their storage, and plain values."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from zoo.tensor_files.unpickler import Builder, Opaque, RefusedPickle, State

_SHARED = 4  # times the size of the file: tensors may share storages, as tied weights do
_SLACK = 1 << 20  # bytes
_DTYPES = {
    "Float": torch.float32,
    "Double": torch.float64,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Bool": torch.bool,
    "ComplexFloat": torch.complex64,
    "ComplexDouble": torch.complex128,
    "Untyped": torch.uint8,
}
# Rebuilt by torch from sizes that the file merely states.
_UNUSUAL = {
    "_rebuild_sparse_tensor": "sparse",
    "_rebuild_sparse_csr_tensor": "sparse",
    "_rebuild_qtensor": "quantized",
    "_rebuild_nested_tensor": "nested",
    "_rebuild_meta_tensor_no_storage": "without values",
    "_rebuild_wrapper_subclass": "of a subclass",
}
_PLAIN = (
    *("bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int"),
    *("list", "long", "object", "range", "slice", "str", "tuple"),
)
# Numbers and settings that training scripts save beside the weights; the name is known, nothing is built.
_HARMLESS = frozenset(
    {
        "argparse.Namespace",
        "types.SimpleNamespace",
        "collections.defaultdict",
        "collections.deque",
        "decimal.Decimal",
        "uuid.UUID",
        "numpy.dtype",
        "numpy.ndarray",
        *(f"pathlib.{kind}Path" for kind in ("Posix", "Windows", "PurePosix", "PureWindows")),
        *(f"{module}.{kind}" for module in ("builtins", "__builtin__") for kind in _PLAIN),
        *(f"{module}._reconstructor" for module in ("copyreg", "copy_reg")),
    }
)
_HARMLESS_IN = (
    "numpy.dtypes.",
    "numpy.core.multiarray.",
    "numpy._core.multiarray.",
    "datetime.",
    "typing.",
    "omegaconf.",  # hyperparameters, as Hydra and Lightning keep them
    "pytorch_lightning.utilities.parsing.",
    "lightning.pytorch.utilities.parsing.",
    "lightning_fabric.utilities.data.",
    "easydict.",
    "yacs.config.",
    "ml_collections.",
    "__main__.",  # the settings of a script
)


class Storage(NamedTuple):
    """Bytes of the file, and the type of their elements."""

    bytes: torch.UntypedStorage
    dtype: torch.dtype


class Unusual(NamedTuple):
    """In place of a tensor that is not built."""

    kind: str
    """sparse, quantized, …"""


class Builders:
    """The names that a pickle of a file of `size` bytes may use."""

    def __init__(self, size: int, *, harmless: bool) -> None:
        self.harmless = harmless
        self.left = _SHARED * size + _SLACK
        """Bytes of further tensors."""
        self.known: dict[str, Builder] = {
            "collections.OrderedDict": Builder(_ordered),
            "collections.Counter": Builder(_counter),
            "builtins.set": Builder(_set),
            "__builtin__.set": Builder(_set),
            "torch.Size": Builder(_size),
            "torch.device": Builder(_device),
            "torch.serialization._get_layout": Builder(lambda *_: None),
            "_codecs.encode": Builder(_encode),
            "torch.Tensor": Builder(_refuse),
            "torch.nn.parameter.Parameter": Builder(_refuse),
            "torch._utils._rebuild_tensor": Builder(self._tensor),
            "torch._utils._rebuild_tensor_v2": Builder(self._tensor),
            "torch._utils._rebuild_tensor_v3": Builder(self._tensor_of_bytes),
            "torch._utils._rebuild_parameter": Builder(_parameter),
            "torch._utils._rebuild_parameter_with_state": Builder(_parameter),
            "torch._tensor._rebuild_from_type_v2": Builder(_of_type),
        }
        self.known |= {f"torch._utils.{name}": Builder(_unusual(kind)) for name, kind in _UNUSUAL.items()}

    def find(self, name: str) -> Any:
        """The builder of a name, a dtype, or None."""
        if name in self.known:
            return self.known[name]
        module, _, last = name.rpartition(".")
        if module in ("torch", "torch.storage", "torch.cuda") and last.endswith("Storage"):
            return _DTYPES.get(last.removesuffix("Storage"))
        if module == "torch" and isinstance(dtype := getattr(torch, last, None), torch.dtype):
            return dtype
        if self.harmless and (name in _HARMLESS or name.startswith(_HARMLESS_IN)):
            return Builder(lambda *_: Opaque())
        return None

    def _tensor(self, storage: Storage, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
        return self._within(storage.bytes, storage.dtype, offset, size, stride)

    def _tensor_of_bytes(
        self, storage: Storage, offset: int, size: Any, stride: Any, grad: bool, hooks: Any, dtype: Any, *_: Any
    ) -> Tensor:
        return self._within(storage.bytes, dtype, offset, size, stride)

    def _within(self, data: torch.UntypedStorage, dtype: torch.dtype, offset: int, size: Any, stride: Any) -> Tensor:
        """A view of the storage that reads each element at most once."""
        sides, steps = list(map(_count, size)), list(map(_count, stride))
        elements, width = math.prod(sides), dtype.itemsize
        last = _count(offset) + sum((side - 1) * step for side, step in zip(sides, steps, strict=True))
        if elements and ((last + 1) * width > data.nbytes() or elements * width > data.nbytes()):
            raise ValueError("a tensor larger than its storage")
        if not elements and max(sides) > 1 << 20:
            raise ValueError("an empty tensor of absurd size")
        self.left -= elements * width
        if self.left < 0:
            raise RefusedPickle("tensors that are larger together than the file")
        return torch.empty(0, dtype=dtype).set_(data, offset, sides, steps)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r:.40} is no size")
    return value


def _ordered(*pairs: Any) -> State:
    if pairs and (len(pairs) > 1 or not isinstance(pairs[0], list)):
        raise RefusedPickle("an OrderedDict of something")
    state = State()
    for key, value in pairs[0] if pairs else ():
        if not isinstance(key, str):
            raise RefusedPickle("a key that is no text")
        state[key] = value
    return state


def _counter(*counts: Any) -> Counter[Any]:
    if len(counts) > 1 or not all(isinstance(each, Mapping) for each in counts):
        raise RefusedPickle("a Counter of something")
    return Counter(dict(*counts))


def _set(items: Any = ()) -> set[Any]:
    if not isinstance(items, list | tuple) or not all(isinstance(item, str | int | float) for item in items):
        raise RefusedPickle("a set of something")
    return set(items)


def _size(sides: Any = ()) -> torch.Size:
    return torch.Size(list(map(_count, sides if isinstance(sides, list | tuple) else [sides])))


def _device(*named: Any) -> str:
    return ":".join(map(str, named))[:40] if all(isinstance(part, str | int) for part in named) else ""


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise RefusedPickle("an encoding")
    return text.encode("latin1")


def _parameter(tensor: Any, *_: Any) -> Any:
    return tensor


def _of_type(builder: Any, of: Any, arguments: Any, state: Any) -> Any:
    """A tensor with attributes, which are dropped."""
    if not isinstance(builder, Builder) or not isinstance(arguments, tuple):
        raise RefusedPickle("a tensor of another type")
    return builder.build(*arguments)


def _unusual(kind: str) -> Callable[..., Unusual]:
    return lambda *_: Unusual(kind)


def _refuse(*_: Any) -> Any:
    raise RefusedPickle("a tensor without values")
