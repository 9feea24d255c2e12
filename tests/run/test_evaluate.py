import pytest
import torch

from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.run.evaluate import evaluate, preprocessing_note

NO_GPU = not torch.cuda.is_available() and not torch.backends.mps.is_available()
OURS = {"preprocessing": {"size": 299, "crop_ratio": 0.875, "resize": "crop", "mean": [0.5]}}


def test_images_of_another_size_are_told():
    theirs = {"preprocessing": {"size": 224, "crop_ratio": 0.875, "resize": "crop", "mean": [0.4]}}
    note = preprocessing_note(OURS, theirs)
    assert note.startswith("preprocessing: the data has size 224 (the model's own: 299); figures may differ")
    assert preprocessing_note(OURS, OURS) is None
    assert preprocessing_note({}, theirs) is None
    assert preprocessing_note(OURS, {}) is None


def test_what_a_report_cannot_show_of_an_edited_file_is_one_line(tmp_path, monkeypatch):
    def broken(*_):
        raise TypeError("'str' object is not callable\nat all")

    monkeypatch.setattr("zoo.run.evaluate.write_results", broken)
    words = ["checkpoint=lenet5/digits", "trainer=cpu", "baselines=false", "+trainer.limit_test_batches=1"]
    config = to_dict(compose(words, config_name="evaluate"))
    with pytest.raises(ZooError, match=r"^lenet5/digits cannot be tested .*: 'str' object is not callable\)$"):
        evaluate(config, tmp_path, data=None)


@pytest.mark.parametrize(
    ("device", "line"), [("auto", "device: CPU, "), ("cpu", "device: cpu (as requested)")] if NO_GPU else []
)
def test_the_device_is_said(tmp_path, capsys, device, line):
    words = ["checkpoint=lenet5/digits", "baselines=false", "+trainer.limit_test_batches=1", f"device={device}"]
    evaluate(to_dict(compose(words, config_name="evaluate")), tmp_path, data=None)
    assert line in capsys.readouterr().out


@pytest.mark.parametrize("device", ["tpu", "cuda:7", "3"])
def test_devices_that_are_not_there_are_one_line(tmp_path, device):
    words = ["checkpoint=lenet5/digits", f"device={device}"]
    with pytest.raises(ZooError, match=rf"^`device` \(={device}\) .*"):
        evaluate(to_dict(compose(words, config_name="evaluate")), tmp_path, data=None)
