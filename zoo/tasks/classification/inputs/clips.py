"""Clips of videos as the samples of a classifier."""

from zoo.data.video import VIDEOS
from zoo.data.volumes.clips import read_clip
from zoo.tasks.classification.inputs.volumes import Volumes


class Clips(Volumes):
    """The central clip [3 D H W] of each video; the card holds its size and normalization."""

    noun = "clips"
    files = VIDEOS
    read_file = staticmethod(read_clip)
