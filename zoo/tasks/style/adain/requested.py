"""The style that a prediction or an export asks for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.data.style.named import BUILT_IN, as_blend, as_names, named_picture
from zoo.data.style.pictures import LARGEST, SMALLEST
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.tasks.style.adain.task import AdaIN, Style


def requested_style(
    task: "AdaIN", style: str | Sequence[str] | None, weights: Sequence[float] | None, *, size: float
) -> "Style":
    """One style or a blend of several, with a longer side of `size` pixels.

    Raises:
        ZooError: no style, one that cannot be read, or weights that do not suit the styles.
    """
    if style is None:
        raise ZooError(f"`style` is missing: style=FILE, a list of files, or one of: {', '.join(BUILT_IN)}")
    names = as_names("style", style)
    blend = as_blend("style_weights", weights, len(names))
    if not SMALLEST <= size <= LARGEST:
        raise ZooError(f"`style_scale` makes styles of {size:.0f} pixels, where {SMALLEST} … {LARGEST} are allowed")
    return task.style_of([named_picture("style", name, round(size)) for name in names], blend)


def require_share(alpha: float) -> float:
    """The share of the style, from 0 for the content to 1.

    Raises:
        ZooError: another number.
    """
    if not 0 <= alpha <= 1:
        raise ZooError(f"`alpha` (={alpha}) must lie in 0 … 1: 0 is the content, 1 the style in full")
    return alpha
