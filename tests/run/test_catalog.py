import pytest

import zoo


def test_models_are_found_by_pattern_task_and_weights():
    assert zoo.list_models("resnet*") == [name for name in zoo.list_models() if name.startswith("resnet")]
    assert zoo.list_models("yolo*", task="detection") == ["yolo", "yolo_resnet50"]
    assert {"fcos_resnet50", "yolo"} <= {*zoo.list_models(task="detection")}
    assert "birnn_classifier" not in zoo.list_models(task="classification", pretrained=True)
    assert "vgg16" in zoo.list_models("vgg*", pretrained=True)
    assert zoo.list_models("nothing*") == []


def test_weights_have_names():
    assert zoo.list_weights("resnet18") == ["DEFAULT", "IMAGENET1K_V1"]
    assert zoo.list_weights("alexnet_2012") == []
    assert zoo.list_weights("fcos_resnet50") == ["COCO_V1", "DEFAULT"]
    assert "digits" in zoo.list_weights("lenet5")
    assert "lenet5/digits" in zoo.list_weights()
    assert "IMAGENET1K_V2" in zoo.list_weights("yolo_resnet50"), "those of its backbone"


def test_unknown_names_are_refused():
    with pytest.raises(zoo.ZooError, match="unknown task `detecting`: did you mean `detection`"):
        zoo.list_models(task="detecting")
    with pytest.raises(zoo.ZooError, match="unknown model `resnet5`: did you mean `resnet50`"):
        zoo.list_weights("resnet5")
