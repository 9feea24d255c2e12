"""The classes of ImageNet-1k under the two names that they have: of folders, and of published weights."""

from collections.abc import Sequence
from hashlib import sha256

_FOLDERS = "385e0240499426c022b773be1ae4da780f057b89c9694c7f47199f62746b6edd"  # of the sorted ids, a line each


def same_classes(folders: Sequence[str], names: Sequence[str]) -> bool:
    """Whether `folders` are the WordNet ids of ImageNet-1k, in order, and `names` those of torchvision's weights."""
    if len(folders) != len(names) or sha256("\n".join(folders).encode()).hexdigest() != _FOLDERS:
        return False
    from torchvision.models import ResNet50_Weights  # slow to import

    return list(names) == ResNet50_Weights.IMAGENET1K_V2.meta["categories"]
