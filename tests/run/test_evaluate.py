import pytest

from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.run.evaluate import evaluate, preprocessing_note

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
