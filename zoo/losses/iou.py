"""One minus the overlap of two boxes."""

from jaxtyping import Float
from torch import Tensor, nn

from zoo.ops.iou import Overlap, overlap


class BoxLoss(nn.Module):
    """Mean of 1 − IoU, GIoU, DIoU or CIoU over pairs of xyxy boxes in pixels; 0 for no pairs."""

    def __init__(self, *, kind: Overlap = "ciou") -> None:
        super().__init__()
        self.kind: Overlap = kind

    def forward(self, predicted: Float[Tensor, "n 4"], target: Float[Tensor, "n 4"]) -> Float[Tensor, ""]:
        """The mean over the pairs, connected to the graph even where there are none."""
        loss = 1 - overlap(predicted, target, self.kind)
        return loss.sum() / max(len(loss), 1)
