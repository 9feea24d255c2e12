"""Signs that all numbers of a file are written in another way than they are read."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from zoo.data.images.files import Head
from zoo.data.landmarks.samples import Problem, Sample

_MOST = 0.5  # of the objects: what is true of more is a property of the file
_SOME = 0.1
_FEW = 3  # objects
_TOLERANCE = 1.0  # pixels; annotators round
_AROUND = 0.25  # of the sides of a box: points of its object may lie that far outside
LARGEST_FRACTION = 1.5  # of a point, which may lie outside its image

Objects = Sequence[tuple[Sample, Head]]


def misread(objects: Objects) -> Problem | None:
    """What is wrong with the file as a whole, if anything: objects with points beside the size of their images."""
    checks = (_fractions, _exchanged, _boxes_as_corners, _boxes_elsewhere)
    return next((problem for check in checks if (problem := check(objects)) is not None), None)


def perhaps_exchanged(objects: Objects) -> Problem | None:
    """A remark on objects that fit with x and y exchanged, where none fits only as written."""
    exchanged, straight = _fits(objects)
    if exchanged < max(_FEW, _SOME * len(objects)) or straight:
        return None
    message = f"{exchanged} objects fit into their images only with x and y exchanged, and none only as written"
    return Problem("all", "axes may be swapped", message)


def are_fractions(shown: Float[Tensor, "k 2"]) -> bool:
    """Whether points may be fractions of a size."""
    return bool((shown.abs() <= LARGEST_FRACTION).all())


def outside(shown: Float[Tensor, "k 2"], width: int, height: int) -> bool:
    """Whether a point is outside an image by more than a pixel."""
    return bool((shown < -_TOLERANCE).any() or (shown > shown.new_tensor([width, height]) + _TOLERANCE).any())


def beside_box(sample: Sample) -> bool:
    """Whether most visible points are outside the box of their object, and of a quarter of its sides around it."""
    if sample.box is None:
        return False
    return float(_outside_box(sample.points[sample.visible], sample.box).float().mean()) > _MOST


def _outside_box(shown: Float[Tensor, "k 2"], box: Sequence[float]) -> Tensor:
    low, high = shown.new_tensor(box[:2]), shown.new_tensor(box[2:])
    around = _AROUND * (high - low)
    return ((shown < low - around) | (shown > high + around)).any(1)


def _fractions(objects: Objects) -> Problem | None:
    count = sum(are_fractions(sample.points[sample.visible]) for sample, _ in objects)
    if count <= _MOST * len(objects):
        return None
    message = (
        f"all points of {count} objects are at most {LARGEST_FRACTION}: data.coordinates=fractions multiplies by the "
        "size"
    )
    return Problem("all", "normalized points", message)


def _exchanged(objects: Objects) -> Problem | None:
    exchanged, straight = _fits(objects)
    boxed = any(sample.box is not None for sample, _ in objects)
    if exchanged <= _MOST * len(objects) and not (boxed and exchanged >= _FEW and exchanged > straight):
        return None
    where = "images and boxes" if boxed else "images"
    message = f"{exchanged} of {len(objects)} objects fit into their {where} only with x and y exchanged"
    return Problem("all", "swapped axes", message)


def _fits(objects: Objects) -> tuple[int, int]:
    """How many objects fit only with x and y exchanged, and how many only as written."""
    exchanged = straight = 0
    for sample, head in objects:
        shown = sample.points[sample.visible]
        as_written, other = (_inside(points, sample, head) for points in (shown, shown.flip(1)))
        exchanged += other and not as_written
        straight += as_written and not other
    return exchanged, straight


def _inside(shown: Float[Tensor, "k 2"], sample: Sample, head: Head) -> bool:
    beside = sample.box is not None and bool(_outside_box(shown, sample.box).any())
    return not beside and not outside(shown, head.width, head.height)


def _boxes_as_corners(objects: Objects) -> Problem | None:
    """Boxes of COCO, which are x, y, width, height, written as x1, y1, x2, y2."""
    sizes = [(s.box, head) for s, head in objects if s.box is not None and s.image_id is not None]
    leave = sum(box[2] > head.width + _TOLERANCE or box[3] > head.height + _TOLERANCE for box, head in sizes)
    if leave < max(_FEW, _SOME * len(sizes)) or not all(_are_corners(*pair) for pair in sizes):
        return None
    message = (
        f"{leave} of {len(sizes)} boxes leave their images, and all fit as x1, y1, x2, y2: COCO's `bbox` is x, y, "
        "width, height"
    )
    return Problem("all", "boxes as corners", message)


def _are_corners(box: Sequence[float], head: Head) -> bool:
    x, y, width, height = box[0], box[1], box[2] - box[0], box[3] - box[1]
    return x < width <= head.width + _TOLERANCE and y < height <= head.height + _TOLERANCE


def _boxes_elsewhere(objects: Objects) -> Problem | None:
    boxed = [sample for sample, _ in objects if sample.box is not None]
    count = sum(map(beside_box, boxed))
    if count < _FEW or count <= _MOST * len(boxed):
        return None
    message = (
        f"the points of {count} of {len(boxed)} objects lie outside their boxes: a `bbox` of COCO is x, y, width, "
        "height, and box_x1, box_y1, box_x2, box_y2 of CSV are corners"
    )
    return Problem("all", "boxes elsewhere", message)
