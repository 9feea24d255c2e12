"""Detectors of torchvision, with their own losses and their own selection of boxes."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.heads import HeadLayout
from zoo.ops.boxes import valid
from zoo.ops.detections import Detections

_BACKGROUND = 1  # classes before the first one of the data


class TorchvisionDetector(nn.Module):
    """A detector of torchvision by its name there: FCOS, RetinaNet v2, SSDLite320 or Faster R-CNN v2.

    Tian et al. 2019 (arXiv:1904.01355), Lin et al. 2017 (arXiv:1708.02002) with the changes of Zhang et al. 2019
    (arXiv:1912.02424), Sandler et al. 2018 (arXiv:1801.04381), Ren et al. 2015 (arXiv:1506.01497) with those of Li et
    al. 2021 (arXiv:2111.11429). Names in the state dict are those of torchvision after `detector.`.

    It takes images in [0, 1] and normalizes them itself. Images are resized to `image_size` on their longer side (in
    SSDLite on both), by default to that of torchvision; square images of this size stay as they are. Class 0 of
    torchvision, the background, is no class here.

    Raises:
        ZooError: another architecture, no classes, or a size below 32.
    """

    def __init__(self, *, architecture: str, num_classes: int = 90, image_size: int | None = None) -> None:
        super().__init__()
        if architecture not in _HEADS:
            raise ZooError(f"`architecture` (={architecture}) must be one of {', '.join(_HEADS)}")
        if num_classes < 1:
            raise ZooError(f"`num_classes` (={num_classes}) must be at least 1")
        if image_size is not None and image_size < 32:
            raise ZooError(f"`image_size` (={image_size}) must be at least 32")
        self.detector = _built(architecture, num_classes + _BACKGROUND, image_size)
        self.head_layouts = {f"detector.{path}": layout for path, layout in _layouts(architecture, self.detector)}
        self.heads = tuple(self.head_layouts)

    def forward(self, images: Float[Tensor, "b c h w"]) -> list[Detections]:
        """Returns the detections of each image, with torchvision's own thresholds."""
        return self.detect(images)

    @staticmethod
    def published_name(name: str) -> str:
        """Returns our name of a tensor in torchvision's files, in which older pyramids have one level less.

        Source: `_load_from_state_dict` of torchvision's `FeaturePyramidNetwork`.

        >>> TorchvisionDetector.published_name("backbone.fpn.inner_blocks.0.weight")
        'detector.backbone.fpn.inner_blocks.0.0.weight'
        """
        return "detector." + re.sub(r"(fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)$", r"\1.0.\2", name)

    def losses(self, images: Float[Tensor, "b c h w"], targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        """Returns the loss terms by the names of torchvision, of which training minimizes the sum.

        Norms and dropout are in the mode of the module, so that a validation leaves running statistics alone. Regions
        that the data ignores count as background.
        """
        known = []
        for target in targets:
            kept = valid(target["boxes"])
            boxes = target["boxes"][kept].to(images)
            known.append({"boxes": boxes, "labels": target["labels"][kept].to(images.device) + _BACKGROUND})
        with self._flow(training=True):
            terms: dict[str, Tensor] = self.detector([*images], known)
        return terms

    def detect(
        self,
        images: Float[Tensor, "b c h w"],
        *,
        min_score: float | None = None,
        iou_threshold: float | None = None,
        max_detections: int | None = None,
    ) -> list[Detections]:
        """Returns the detections of each image, best first; thresholds that are None are those of torchvision.

        A box may appear once for each of several classes.
        """
        given = {"score_thresh": min_score, "nms_thresh": iou_threshold, "detections_per_img": max_detections}
        with self._flow(training=False), self._thresholds({k: v for k, v in given.items() if v is not None}):
            found = self.detector([*images])
        return [_ours(each["boxes"], each["scores"], each["labels"]) for each in found]

    @contextmanager
    def _flow(self, *, training: bool) -> Iterator[None]:
        """Makes torchvision compute losses or boxes; the layers within keep their modes."""
        parts = [self.detector, *(getattr(self.detector, name, None) for name in ("transform", "rpn", "roi_heads"))]
        before = [(part, part.training) for part in parts if isinstance(part, nn.Module)]
        try:
            for part, _ in before:
                part.training = training
            yield
        finally:
            for part, mode in before:
                part.training = mode

    @contextmanager
    def _thresholds(self, values: dict[str, Any]) -> Iterator[None]:
        owner: Any = getattr(self.detector, "roi_heads", self.detector)
        before = {name: getattr(owner, name) for name in values}
        try:
            for name, value in values.items():
                setattr(owner, name, value)
            yield
        finally:
            for name, value in before.items():
                setattr(owner, name, value)


_HEADS: dict[str, Sequence[str]] = {
    "fcos_resnet50_fpn": ("head.classification_head.cls_logits",),
    "retinanet_resnet50_fpn_v2": ("head.classification_head.cls_logits",),
    "ssdlite320_mobilenet_v3_large": tuple(f"head.classification_head.module_list.{level}.1" for level in range(6)),
    "fasterrcnn_resnet50_fpn_v2": ("roi_heads.box_predictor.cls_score", "roi_heads.box_predictor.bbox_pred"),
}
"""The layers with rows for classes."""


def _built(architecture: str, classes: int, image_size: int | None) -> nn.Module:
    from torchvision.models import detection
    from torchvision.models.detection.transform import GeneralizedRCNNTransform

    build = getattr(detection, architecture)
    detector: nn.Module = build(weights=None, weights_backbone=None, num_classes=classes)
    if image_size is None:
        return detector
    usual: Any = detector.transform
    fixed = None if usual.fixed_size is None else (image_size, image_size)
    detector.transform = GeneralizedRCNNTransform(
        image_size, image_size, usual.image_mean, usual.image_std, usual.size_divisible, fixed
    )
    return detector


def _layouts(architecture: str, detector: Any) -> Iterator[tuple[str, HeadLayout]]:
    """The order of the rows of each head: anchors, then classes, then the values of a class."""
    paths = _HEADS[architecture]
    classes: Any = detector.get_submodule(paths[0])
    for path in paths:
        layer: Any = detector.get_submodule(path)
        if path.endswith("bbox_pred"):
            yield path, HeadLayout(offset=_BACKGROUND, values=layer.out_features // int(classes.out_features))
        elif isinstance(layer, nn.Linear):
            yield path, HeadLayout(offset=_BACKGROUND)
        else:
            anchors = int(detector.anchor_generator.num_anchors_per_location()[paths.index(path)])
            yield path, HeadLayout(blocks=anchors, offset=_BACKGROUND)


def _ours(boxes: Tensor, scores: Tensor, labels: Tensor) -> Detections:
    """Detections of the classes of the data; FCOS and RetinaNet may find a background, which is none of them."""
    order = scores.argsort(descending=True, stable=True)
    order = order[labels[order] >= _BACKGROUND]
    return Detections(boxes[order].float(), scores[order].float(), labels[order] - _BACKGROUND)
