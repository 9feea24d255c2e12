"""Clips of video files."""

import av
import numpy as np
import pytest
import torch

from zoo.data.video import promised_frames
from zoo.data.volumes.base import VolumePreprocessing
from zoo.data.volumes.clips import Clips, read_clip
from zoo.errors import ZooError

OPTIONS = {
    "augmentation": None,
    "batch_size": 2,
    "num_workers": 0,
    "seed": 0,
    "val_fraction": 0.2,
    "test_fraction": 0.2,
}
SIZE = VolumePreprocessing(size=(4, 16, 16), channels=3, mean=(0, 0, 0), std=(1, 1, 1), resize=False)


def write_video(path, count, first=0):
    """Gray images that grow brighter by 10 each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(count):
            pixels = np.full((48, 64, 3), first + 10 * number, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("clips")
    for number in range(5):
        write_video(root / "dark" / f"{number}.mp4", 8)
        write_video(root / "light" / f"{number}.mp4", 8, first=150)
    return root


def test_a_clip_has_consecutive_images(tree):
    for place, first in ((0, 0), (0.5, 20), (1, 40)):
        clip = read_clip(tree / "dark" / "0.mp4", SIZE, place)
        assert clip.shape == (3, 4, 16, 16)
        assert clip.dtype == torch.uint8
        levels = clip.float().mean((0, 2, 3))
        assert (levels - (first + 10 * torch.arange(4))).abs().max() < 4


def test_a_folder_of_videos(tree):
    data = Clips(root=str(tree), frames=4, image_size=16, random_start=True, **OPTIONS)
    assert data.metadata() == {"num_classes": 2, "in_channels": 3, "volume_size": [4, 16, 16]}
    assert data.card()["inputs"] == "clips"
    clips, labels = data.dataset("test")[torch.arange(2)]
    assert torch.equal((clips.float().mean((1, 2, 3, 4)) > 100).long(), labels)
    train = data.dataset("train")
    assert len(train) == 6
    indices = torch.arange(6)
    assert torch.equal(train[indices][0], train[indices][0])


def epoch_clips(data, epoch, done=0):
    """The clips of an epoch by the mean of their class and video, in the order of the epoch."""
    data.resume_at = (epoch, done)
    return [round(float(clips.float().mean()), 2) for clips, _ in data.loader("train")]


def test_each_epoch_draws_other_clips_and_a_resumed_one_repeats_them(tree):
    options = {"root": str(tree), "frames": 4, "image_size": 16} | OPTIONS | {"batch_size": 1}
    data = Clips(random_start=True, **options)
    epochs = [epoch_clips(data, epoch) for epoch in range(6)]
    assert len({*map(tuple, map(sorted, epochs))}) == 6
    assert epoch_clips(Clips(random_start=True, **options), 3, done=2) == epochs[3][2:]
    other = epoch_clips(Clips(random_start=True, **options | {"seed": 1}), 0)
    assert sorted(other) != sorted(epochs[0])
    central = Clips(random_start=False, **options)
    assert sorted(epoch_clips(central, 0)) == sorted(epoch_clips(central, 1))


def test_a_video_that_is_too_short_or_broken(tree, tmp_path):
    with pytest.raises(ZooError, match=r"the video `.*0.mp4` has 8 frames, and a clip needs 16"):
        read_clip(tree / "dark" / "0.mp4", VolumePreprocessing(**(vars(SIZE) | {"size": (16, 16, 16)})))
    (tmp_path / "a.mp4").write_bytes(b"no film")
    with pytest.raises(ZooError, match=r"cannot read the video `.*a.mp4`"):
        read_clip(tmp_path / "a.mp4", SIZE)
    with pytest.raises(ZooError, match=r"`data.frames` \(=0\)"):
        Clips(root=str(tree), frames=0, image_size=16, random_start=True, **OPTIONS)


def test_a_video_that_breaks_off_gives_what_is_there(tree, monkeypatch):
    monkeypatch.setattr("zoo.data.volumes.clips.promised_frames", lambda path: 300)
    whole = read_clip(tree / "dark" / "0.mp4", SIZE, place=0.5)
    monkeypatch.undo()
    assert torch.equal(whole, read_clip(tree / "dark" / "0.mp4", SIZE, place=0.5))


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_the_images_of_a_video_are_counted(tmp_path, ending):
    write_video(tmp_path / f"a.{ending}", 7)
    assert promised_frames(tmp_path / f"a.{ending}") == 7
    (tmp_path / "b.mp4").write_bytes(b"no film")
    assert promised_frames(tmp_path / "b.mp4") == 0
