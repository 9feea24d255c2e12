from zoo.run.evaluate import preprocessing_note

OURS = {"preprocessing": {"size": 299, "crop_ratio": 0.875, "resize": "crop", "mean": [0.5]}}


def test_images_of_another_size_are_told():
    theirs = {"preprocessing": {"size": 224, "crop_ratio": 0.875, "resize": "crop", "mean": [0.4]}}
    note = preprocessing_note(OURS, theirs)
    assert note.startswith("preprocessing: the data has size 224 (the model's own: 299); figures may differ")
    assert preprocessing_note(OURS, OURS) is None
    assert preprocessing_note({}, theirs) is None
    assert preprocessing_note(OURS, {}) is None
