import logging

import pytest
import torch
from image_folders import build
from pytorch_lightning import Trainer
from torch import nn

from zoo.data.images.files import UnreadableImage
from zoo.errors import ZooError
from zoo.tasks.classification import Classification


@pytest.mark.filterwarnings("ignore")  # Lightning warns of few workers and deprecated functions
@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_image_is_named_in_training(folder, workers):
    (folder / "cat" / "3.png").write_bytes((folder / "cat" / "3.png").read_bytes()[:200])
    with pytest.raises(UnreadableImage, match=r"cat/3\.png`: the file is truncated; data\.on_error=skip leaves"):
        build(folder).setup()
    task = Classification(
        network=nn.Sequential(nn.Flatten(), nn.Linear(588, 2)), loss=nn.CrossEntropyLoss(), num_classes=2
    )
    task.optimizer_factory = lambda groups: torch.optim.SGD(groups, lr=0.1)
    data = build(folder, cache_mb=0, num_workers=workers, val_fraction=0.1, test_fraction=0.1)
    trainer = Trainer(
        max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, accelerator="cpu"
    )
    with pytest.raises(ZooError) as caught:
        trainer.fit(task, data)
    assert str(caught.value) == (
        f"cannot read the image `{folder}/cat/3.png`: the file is truncated; data.on_error=skip leaves such files out"
    )


@pytest.mark.parametrize("cache_mb", [0, 1])
def test_broken_images_are_skipped_and_reported(folder, caplog, cache_mb):
    (folder / "cat" / "0.png").write_bytes(b"")
    (folder / "a dog é" / "1.png").write_text("text")
    with caplog.at_level(logging.WARNING):
        data = build(folder, on_error="skip", cache_mb=cache_mb)
        data.setup()
    assert len(data.skipped) == 2
    assert "left out 2 of 30 images that cannot be read: " in caplog.text
    assert "cat/0.png: the file is empty (zero bytes)" in caplog.text
    assert sum(len(data.dataset(split)) for split in ("train", "val", "test")) == 28
    labels = torch.cat([data.dataset(split).labels for split in ("train", "val", "test")])
    assert torch.bincount(labels).tolist() == [19, 9]
    for split in ("train", "val", "test"):
        images, labels = data.dataset(split)[torch.arange(len(data.dataset(split)))]
        assert len(images) == len(labels)
        assert images.flatten(1).amax(1).min() > 0  # no black image in place of a broken file


def test_a_class_of_broken_files_is_refused(folder):
    for path in (folder / "cat").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ZooError, match="no image of class `cat` can be read: cannot read the image"):
        build(folder, on_error="skip").setup()
