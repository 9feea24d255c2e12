"""Clips of videos as the samples of a classifier."""

from zoo.data.video import EXTENSIONS
from zoo.data.volumes.clips import VIDEOS, read_clip
from zoo.tasks.classification.inputs.volumes import Volumes


class Clips(Volumes):
    """The central clip [3 D H W] of each video; the card holds its size and normalization."""

    noun = "clips"
    files = VIDEOS
    extensions = EXTENSIONS
    read_file = staticmethod(read_clip)
