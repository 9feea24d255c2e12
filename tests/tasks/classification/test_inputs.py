"""Volumes and clips as samples of a classifier: predicted, drawn, exported."""

import av
import numpy as np
import pytest
import torch

import zoo
from zoo.data.volumes.base import VolumePreprocessing
from zoo.errors import ZooError
from zoo.losses.cross_entropy import CrossEntropy
from zoo.networks.conv3d import Conv3DNetwork
from zoo.tasks.classification import Classification
from zoo.tasks.classification.inputs import inputs_of
from zoo.tasks.classification.predict import predict


def classifier(inputs, channels):
    torch.manual_seed(0)
    size = VolumePreprocessing(
        size=(8, 8, 8), channels=channels, mean=(1,) * channels, std=(2,) * channels, resize=False
    )
    network = Conv3DNetwork(num_classes=2, in_channels=channels, volume_size=(8, 8, 8), channels=(2, 4))
    task = Classification(network=network, loss=CrossEntropy(), num_classes=2)
    task.card = {"inputs": inputs, "class_names": ["a", "b"], "preprocessing": size.to_dict()}
    return task.eval()


def test_volume_files_are_predicted_and_drawn(tmp_path):
    task = classifier("volumes", 1)
    good = np.random.default_rng(0).random((3, 8, 8, 8)).astype(np.float32)
    for number, volume in enumerate(good):
        np.save(tmp_path / f"{number}.npy", volume)
    np.save(tmp_path / "3.npy", good[0, :4])
    (tmp_path / "4.npy").write_bytes(b"no volume at all")
    results = predict(task, tmp_path, tmp_path / "out", batch_size=2)
    expected = task((torch.from_numpy(good)[:, None] - 1) / 2).softmax(1).detach()
    assert [result.label for result in results[:3]] == ["ab"[int(row.argmax())] for row in expected]
    torch.testing.assert_close(torch.tensor([r.probability for r in results[:3]]), expected.amax(1))
    assert "it has 4×8×8 voxels (depth, height, width), not 8×8×8" in str(results[3].error)
    assert "it is no npy file" in str(results[4].error)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "predictions.csv",
        "predictions.json",
        "volumes.png",
    }


def test_videos_are_predicted(tmp_path):
    task = classifier("clips", 3)
    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(9):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    (result,) = predict(task, tmp_path, tmp_path / "out")
    expected = task(torch.full((1, 3, 8, 8, 8), -0.5)).softmax(1).detach()
    assert result.probability == pytest.approx(float(expected.max()), abs=1e-3)
    assert (tmp_path / "out" / "volumes.png").is_file()


def test_sources_and_views_of_another_kind_are_refused(tmp_path):
    task = classifier("volumes", 1)
    with pytest.raises(ZooError, match=r"holds no volumes \(\.npy"):
        predict(task, tmp_path)
    with pytest.raises(ZooError, match="`tta` averages class probabilities of images"):
        predict(task, tmp_path, tta="flip")
    with pytest.raises(ZooError, match="this classifier reads smells, and here are: images, volumes, clips"):
        inputs_of({"inputs": "smells"})
    with pytest.raises(ZooError, match=r"this classifier reads \[\], and"):  # of an edited file
        inputs_of({"inputs": []})


def test_values_in_memory_are_no_volumes():
    with pytest.raises(ZooError, match=r"this model reads volumes from files \(\.npy .* and the source is a Tensor"):
        zoo.predict(classifier("volumes", 1), torch.zeros(8, 8, 8))


def test_an_exported_volume_network_normalizes():
    task = classifier("volumes", 1)
    program = task.export_program(format="onnx", with_preprocessing=True)
    volumes = program.inputs(3)
    torch.testing.assert_close(program.module(volumes), task((volumes - 1) / 2))
