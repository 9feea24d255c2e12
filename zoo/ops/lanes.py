"""Eight neighbors of a row at a time in numba, as one vector of LLVM.

LLVM vectorizes a sum over a row by 16 and takes the rest in smaller steps: a row of 40 then costs a third more than
one of 48. Explicit vectors have no such rest at any multiple of 8, and give the same bits on every processor with
fused multiply-add.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 8
_FAST = ("fast",)
_Code = tuple[Any, Callable[..., Any]]


class Lanes(types.Type):
    """The numba type of `LANES` numbers of a type."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"Lanes({dtype})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, ir.VectorType(manager.lookup(lanes.dtype).get_value_type(), LANES))


@intrinsic
def zeros(_: Any, array: Any) -> _Code:
    """Zeros of the type of an array's entries."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(context.get_value_type(signature.return_type), None)

    return Lanes(array.dtype)(array), generate


@intrinsic
def load(_: Any, array: Any, row: Any, column: Any) -> _Code:
    """The entries of a row of a C-contiguous array from a column on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, alignment = _address(context, builder, signature.args[0], *arguments[:3])
        return builder.load(pointer, align=alignment)

    return Lanes(array.dtype)(array, types.uintp, types.uintp), generate


@intrinsic
def store(_: Any, array: Any, row: Any, column: Any, values: Any) -> _Code:
    """Overwrites the entries of a row of a C-contiguous array from a column on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, alignment = _address(context, builder, signature.args[0], *arguments[:3])
        builder.store(arguments[3], pointer, align=alignment)
        return context.get_dummy_value()

    return types.none(array, types.uintp, types.uintp, values), generate


@intrinsic
def add_product(_: Any, total: Any, x: Any, y: Any) -> _Code:
    """`total` + x·y in each lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, x, y = arguments
        return builder.fadd(total, builder.fmul(x, y, flags=_FAST), flags=_FAST)

    return total(total, x, y), generate


@intrinsic
def combine(_: Any, s: Any, x: Any, t: Any, y: Any) -> _Code:
    """s·x + t·y in each lane, for numbers `s` and `t`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        s, x, t, y = arguments
        products = [
            builder.fmul(_spread(builder, number, lanes.type), lanes, flags=_FAST) for number, lanes in ((s, x), (t, y))
        ]
        return builder.fadd(*products, flags=_FAST)

    return x(s, x, t, y), generate


@intrinsic
def add_up(_: Any, x: Any, y: Any) -> _Code:
    """The sum of all lanes of both."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = builder.fadd(*arguments, flags=_FAST)
        kind = lanes.type.element
        name = f"llvm.vector.reduce.fadd.v{LANES}{'f32' if isinstance(kind, ir.FloatType) else 'f64'}"
        reduce = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind, lanes.type]), name)
        return builder.call(reduce, [ir.Constant(kind, 0.0), lanes], fastmath=_FAST)

    return x.dtype(x, y), generate


def _address(context: Any, builder: Any, kind: Any, array: Any, row: Any, column: Any) -> tuple[Any, int]:
    """The pointer to LANES entries, and their alignment in bytes, which is that of one."""
    layout = context.make_array(kind)(context, builder, array)
    width = builder.extract_value(layout.shape, 1)
    first = builder.gep(layout.data, [builder.add(builder.mul(row, width), column)])
    number = context.get_value_type(kind.dtype)
    return builder.bitcast(first, ir.VectorType(number, LANES).as_pointer()), context.get_abi_sizeof(number)


def _spread(builder: Any, number: Any, kind: Any) -> Any:
    """A vector with `number` in each lane."""
    index = ir.IntType(32)
    nothing = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(index, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(index, LANES), [0] * LANES))
