"""Detection by networks that compute their own losses and select their own boxes."""

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.ops.detections import Detections
from zoo.tasks.detection.metrics import MAX_DETECTIONS
from zoo.tasks.detection.task import Detection, Targets
from zoo.tasks.export import Program
from zoo.tasks.stages import Stage


class TorchvisionDetection(Detection):
    """Detection with a detector of torchvision, as its own reference trains it: the loss is the sum of its terms.

    Thresholds are those of the detector's own selection, which takes the place of the task's.

    Raises:
        ZooError: a score outside [0, 1], or an IoU threshold that is not above 0 and at most 1.
    """

    measured_metadata = frozenset()  # its anchors are its own

    def __init__(self, *, network: nn.Module, min_score: float, iou_threshold: float) -> None:
        super().__init__(network=network, loss=nn.Identity(), min_score=min_score, iou_threshold=iou_threshold)

    @classmethod
    def nominal_inputs(cls, network: Mapping[str, Any]) -> tuple[Tensor, ...] | None:
        """None: the number of boxes after a selection depends on values, which a count has not."""
        return None

    def forward(self, images: Float[Tensor, "b c h w"]) -> Any:
        """The detections of each image, a list: this network selects boxes by itself."""
        return self.detect(images)

    def detect(
        self,
        images: Float[Tensor, "b c h w"],
        *,
        min_score: float | None = None,
        iou_threshold: float | None = None,
        max_detections: int = MAX_DETECTIONS,
        soft_sigma: float | None = None,
    ) -> list[Detections]:
        """The detections of each image; thresholds not given are the task's own.

        Raises:
            ZooError: `soft_sigma`, since torchvision has no soft-NMS.
        """
        if soft_sigma is not None:
            raise ZooError(f"`soft_sigma` (={soft_sigma}): detectors of torchvision have no soft-NMS")
        network: Any = self.network
        found: list[Detections] = network.detect(
            images.to(self.dtype),
            min_score=self.min_score if min_score is None else min_score,
            iou_threshold=self.iou_threshold if iou_threshold is None else iou_threshold,
            max_detections=max_detections,
        )
        return found

    def step(self, batch: tuple[Tensor, Targets], stage: Stage) -> Tensor:
        """The loss of a batch: the sum of the terms of the detector."""
        images, targets = batch
        network: Any = self.network
        terms: dict[str, Tensor] = network.losses(images.to(self.dtype), targets)
        if stage != "train":
            self._boxes_of(stage).add(self.detect(images), targets)
        return sum(terms.values(), images.new_zeros(()))

    def compile_network(self) -> None:
        """Compiles the backbone; the selection of boxes has sizes that depend on values."""
        detector: Any = self.network.detector
        detector.backbone.compile()

    def export_program(self, *, format: str, with_preprocessing: bool, nms: bool | None = None) -> Program:
        """Refuses: the selection of boxes is a loop over images and levels.

        Raises:
            ZooError: always.
        """
        raise ZooError(
            "detectors of torchvision select boxes in loops of varying length, which no file holds: export model=yolo"
        )
