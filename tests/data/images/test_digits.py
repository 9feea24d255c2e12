import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from zoo.data.images.digits import Digits
from zoo.errors import ZooError


def build(**changes) -> Digits:
    values = {"image_size": 32, "channels": 1, "batch_size": 64, "num_workers": 0, "seed": 0, "augmentation": None}
    return Digits(**values | changes)


def test_every_digit_is_in_one_split_and_every_split_has_every_class():
    data = build()
    parts = [data.dataset(name) for name in ("train", "val", "test")]
    assert sum(map(len, parts)) == 1797
    assert len(parts[2]) == pytest.approx(359, abs=5)
    for part in parts:
        share = torch.bincount(part.labels, minlength=10) / len(part)
        assert share.min() > 0.08
    counts = sum(torch.bincount(part.labels) for part in parts)
    assert counts.tolist() == np.bincount(load_digits().target).tolist()
    pixels = torch.cat([part.images for part in parts]).flatten(1)
    whole = build(seed=7)
    others = torch.cat([whole.dataset(name).images for name in ("train", "val", "test")]).flatten(1)
    assert torch.equal(pixels.double().sum(1).sort().values, others.double().sum(1).sort().values)
    assert not torch.equal(data.dataset("test").labels, whole.dataset("test").labels)


def test_it_describes_itself():
    data = build(image_size=24, channels=3)
    assert data.metadata() == {"num_classes": 10, "in_channels": 3, "image_size": 24}
    assert data.card()["class_names"] == list("0123456789")
    images, _ = data.normalize(data.dataset("train")[torch.arange(len(data.dataset("train")))])
    assert images.shape[1:] == (3, 24, 24)
    assert images.mean().item() == pytest.approx(0, abs=0.01)
    assert images.std().item() == pytest.approx(1, abs=0.01)


def test_an_image_file_is_preprocessed_like_the_data(tmp_path):
    """Images of the data set, saved as files, give the inputs of the test loop."""
    data = build()
    pixels, labels = load_digits(return_X_y=True)
    test = data.dataset("test")
    known = {image.numpy().tobytes(): label.item() for image, label in zip(test.images, test.labels, strict=True)}
    found = 0
    for ink, label in zip(pixels[:200], labels[:200], strict=True):
        Image.fromarray((ink.reshape(8, 8) * (255 / 16)).round().astype(np.uint8)).save(tmp_path / "digit.png")
        read = data.preprocessing.read(tmp_path / "digit.png").numpy().tobytes()
        if read in known:
            assert known[read] == label
            found += 1
    assert found > 20  # about a fifth of the images are in the test split


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": 2}, r"`data.channels` \(=2\) must be 1 or 3"),
        ({"image_size": 7}, r"`data.image_size` \(=7\) must be at least 8"),
    ],
)
def test_invalid_values_are_refused(change, message):
    with pytest.raises(ZooError, match=message):
        build(**change)
