import io

import pytest
import torch
from PIL import Image

import zoo
from zoo.data.images.base import Preprocessing
from zoo.networks.heads import head_paths
from zoo.prediction.sources import resolve_source
from zoo.tasks.base import Task

PREPROCESSING = Preprocessing(size=32, channels=1, mean=(0.5,), std=(0.2,), resize="squash")
IMAGES = torch.randint(0, 256, (3, 3, 40, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def model(name: str, **metadata: int) -> Task:
    task = zoo.create_model(name, **metadata)
    task.card = {"preprocessing": PREPROCESSING.to_dict()}
    return task


def test_a_classifier_gives_what_its_last_layer_reads():
    task = model("lenet5", num_classes=4)
    vectors = zoo.features(task, [*IMAGES], batch_size=2)
    assert vectors.shape == (3, 84)
    assert task.training, "as before the call"
    head = task.network.get_submodule(head_paths(task.network)[0])
    pixels = torch.stack([PREPROCESSING.read(image) for image in resolve_source([*IMAGES])])
    expected = task.network.eval()(PREPROCESSING.normalize(pixels))
    torch.testing.assert_close(head(vectors), expected)


def test_an_embedding_model_gives_its_embedding():
    task = model("siamese", in_channels=1)
    vectors = zoo.features(task, IMAGES[0])
    (result,) = zoo.predict(task, IMAGES[0])
    assert vectors[0].tolist() == pytest.approx(result.vector)


def test_without_vectors_the_reason_is_given():
    file = io.BytesIO()
    Image.new("L", (9, 9)).save(file, "PNG")
    with pytest.raises(zoo.ZooError, match="cannot read the image `image_1`: the content is not that"):
        zoo.features(model("lenet5"), [file.getvalue(), b"no image"])
    with pytest.raises(zoo.ZooError, match="this model knows no images"):
        zoo.features(zoo.create_model("lenet5"), IMAGES[0])
    with pytest.raises(zoo.ZooError, match="a landmarks model gives no vectors of its inputs"):
        zoo.features(model("landmarks"), IMAGES[0])
    with pytest.raises(zoo.ZooError, match="a forecasting model gives no vectors of its inputs"):
        zoo.features(zoo.create_model("naive_last"), IMAGES[0])
