from pathlib import Path

import numpy as np
import pytest
import torch
from image_folders import build
from PIL import Image

from zoo.data.images.files import UnreadableImage
from zoo.data.images.random_crop import RandomCrop


def write_long_images(root, count):
    """So many images in each class of each split, whose columns have different values."""
    columns = np.tile(np.arange(48, dtype=np.uint8) * 5, (16, 1))
    for split in ("train", "val", "test"):
        for name in ("ant", "bee"):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                Image.fromarray(columns).save(root / split / name / f"{number}.png")


def test_training_crops_long_images_at_random(tmp_path):
    """Columns of a long image have different values: all of them occur within forty batches."""
    write_long_images(tmp_path, 8)
    crop = RandomCrop(size=14, area=[0.5, 1.0], aspect=[0.8, 1.25], flip=True)
    data = build(tmp_path, augmentation=crop, cache_mb=0)
    seen = set()
    for batch in [torch.randperm(16)[:8] for _ in range(40)]:
        images, _ = data.dataset("train")[batch]
        assert torch.equal(images, data.dataset("train")[batch][0])  # a resumed run repeats its crops
        seen |= set(images[:, 0, 0].flatten().tolist())
    assert seen == set(range(0, 240, 5))
    plain = build(tmp_path, cache_mb=0).dataset("train")[torch.arange(8)][0]
    assert len(plain.unique(dim=0)) == 1  # without augmentation every crop is the central one


@pytest.mark.parametrize("repeats", [1, 2])
def test_each_epoch_has_other_crops_whatever_the_batch_size(tmp_path, repeats):
    write_long_images(tmp_path, 2)
    crop = RandomCrop(size=14, area=[0.5, 1.0], aspect=[0.8, 1.25], flip=True)

    def first_columns(epoch, done=0):
        data = build(tmp_path, augmentation=crop, cache_mb=0, batch_size=repeats, repeats=repeats, num_workers=0)
        data.resume_at = (epoch, done)
        return [images[:, 0, 0, 0].tolist() for images, _ in data.loader("train")]

    epochs = [first_columns(epoch) for epoch in range(5)]
    assert len({*map(str, map(sorted, epochs))}) == 5
    assert first_columns(3, done=1) == epochs[3][1:]


def test_a_split_holds_arrays_only(folder):
    split = build(folder, cache_mb=0).dataset("train")
    held = [value for value in vars(split).values() if not isinstance(value, Path | bool) and not callable(value)]
    arrays = [array for value in held for array in (value if isinstance(value, tuple) else [value])]
    assert all(isinstance(array, np.ndarray | torch.Tensor) for array in arrays)
    assert split.files.paths.dtype.kind == "S"


def test_a_file_that_vanishes_or_breaks_between_epochs_is_left_out_and_counted(folder, caplog):
    split = build(folder, cache_mb=0, on_error="skip").dataset("train")
    every = torch.arange(len(split))
    before = split[every]
    split.path(1).unlink()
    split.path(2).write_bytes(split.path(2).read_bytes()[:40])
    for _ in range(2):  # epochs
        images, labels = split[every]
        assert torch.equal(images, before[0][[0, *range(3, len(split))]])
        assert torch.equal(labels, before[1][[0, *range(3, len(split))]])
    assert caplog.text.count("which could be read before: the file does not exist (1 so far)") == 1
    assert caplog.text.count("(2 so far)") == 1
    with pytest.raises(UnreadableImage, match="data.on_error=skip leaves .*, and of this one none is left$"):
        split[every[1:2]]
    advised = build(folder, cache_mb=0).dataset("train")
    advised.path(1).unlink()
    with pytest.raises(UnreadableImage, match="data.on_error=skip leaves such files out"):
        advised[every]
