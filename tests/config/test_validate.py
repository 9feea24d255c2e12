"""A mistake is reported in the same words by the command, from source text, and by the API, from the class."""

import pytest

from zoo.config.instantiate import complete
from zoo.config.validate import validate
from zoo.errors import ZooError

LENET = "zoo.networks.lenet.LeNet5"
FOLDER = "zoo.data.images.image_folder.ImageFolder"


def refusal(function, *arguments):
    with pytest.raises(ZooError) as error:
        function(*arguments)
    return str(error.value)


@pytest.mark.parametrize(
    ("target", "key", "value", "message"),
    [
        (LENET, "num_classes", "abc", "`a.num_classes` (=abc) must be a whole number"),
        (LENET, "num_classes", 2.5, "`a.num_classes` (=2.5) must be a whole number"),
        (LENET, "num_classes", None, "`a.num_classes` (=null) must be a whole number"),
        (LENET, "num_classes", True, "`a.num_classes` (=True) must be a whole number"),
        (LENET, "num_classes", [3], "`a.num_classes` (=[3]) must be a whole number"),
        (LENET, "num_classes", "", "`a.num_classes` is empty: write a value after the =, or null"),
        (LENET, "widht", 3, "unknown key `a.widht`: there are: a.activation, a.image_size, a.in_channels, "),
        (LENET, "poling", "max", "unknown key `a.poling`: did you mean `a.pooling`? there are: a.activation, "),
        ("zoo.losses.forecasting.SquaredError", "x", 3, "unknown key `a.x`: there are: none"),
        (LENET, "_target_", 5, "`a._target_` (=5) must be text; quotes make it text: a._target_=\"'5'\""),
        ("zoo.losses.triplet.TripletLoss", "margin", "abc", "`a.margin` (=abc) must be a number"),
        (FOLDER, "num_workers", 2.5, "`a.num_workers` (=2.5) must be a whole number or auto"),
        (FOLDER, "root", 2012, "`a.root` (=2012) must be text; quotes make it text: a.root=\"'2012'\""),
    ],
)
def test_the_command_and_the_api_report_a_mistake_alike(target, key, value, message):
    config = {"_target_": target} | {key: value}
    from_source = refusal(validate, {"a": config}, {"a": {}})
    assert from_source.startswith(message)
    if key != "_target_":
        assert refusal(complete, config, {}, "a") == from_source


def test_a_listed_value_is_the_example_of_the_type():
    given, listed = ({"a": {"_target_": LENET, "num_classes": value}} for value in ("abc", 10))
    assert refusal(validate, given, listed) == "`a.num_classes` (=abc) must be a whole number, such as 10"


@pytest.mark.parametrize(
    ("value", "listed", "message"),
    [
        ("many", 30, "`a.x` (=many) must be a number, such as 30"),
        (True, 0.5, "`a.x` (=True) must be a number, such as 0.5"),
        ("perhaps", False, "`a.x` (=perhaps) must be true or false"),
        (5, [1, 8], "`a.x` (=5) must be a list, such as [5]"),
        ("", None, "`a.x` is empty: write a value after the =, or null"),
    ],
)
def test_a_listed_value_defines_the_type_without_annotation(value, listed, message):
    config, reference = ({"a": {"_target_": "torch.optim.sgd.SGD", "x": x}} for x in (value, listed))
    del config["a"]["_target_"], reference["a"]["_target_"]
    assert refusal(validate, config, reference) == message


@pytest.mark.parametrize(("value", "listed"), [(None, 30), (3, 0.5), ("", ""), ([5], [1, 8]), (0.5, None)])
def test_a_value_like_the_listed_one_passes(value, listed):
    validate({"a": {"x": value}}, {"a": {"x": listed}})


@pytest.mark.parametrize(
    ("key", "value", "listed", "message"),
    [
        ("resume", True, None, "`resume` (=True) must be text"),
        ("pretrained", 3, None, "`pretrained` (=3) must be text; quotes make it text: pretrained=\"'3'\""),
        ("checkpoint", [1], "???", "`checkpoint` (=[1]) must be text"),
        ("checkpoint", None, "???", "`checkpoint` (=null) must be text"),
        ("runs", None, "runs", "`runs` (=null) must be text"),
        ("seed", None, 0, "`seed` (=null) must be a whole number, such as 0"),
    ],
)
def test_a_key_of_a_command_takes_text_or_the_type_of_its_value(key, value, listed, message):
    assert refusal(validate, {key: value}, {key: listed}) == message


@pytest.mark.parametrize("key", ["source", "seed", "threshold"])
def test_some_keys_of_a_command_take_numbers(key):
    validate({key: 3}, {key: None})


def test_an_annotation_has_precedence_over_the_listed_value():
    given, listed = ({"data": {"_target_": FOLDER, "num_workers": value}} for value in ("auto", 4))
    validate(given, listed)


def test_null_passes_where_the_files_refer_to_another_key():
    given, listed = ({"data": {"_target_": FOLDER, "seed": value}} for value in (None, "${seed}"))
    validate(given, listed)
    assert refusal(validate, given, {"data": {"seed": 0}}) == "`data.seed` (=null) must be a whole number, such as 0"


def test_lists_are_validated_item_by_item():
    config = {"a": [{"_target_": LENET, "num_classes": "x"}]}
    assert refusal(validate, config, {"a": []}) == "`a[0].num_classes` (=x) must be a whole number"


def test_annotations_of_other_packages_refuse_words_only():
    config = {"_target_": "torch.optim.sgd.SGD", "_partial_": True, "momentum": [0.9]}
    assert complete(config, {}) == config
    validate({"a": config}, {"a": {}})
    config["momentum"] = "abc"
    assert refusal(validate, {"a": config}, {"a": {}}) == "`a.momentum` (=abc) must be a number"
    assert refusal(complete, config, {}) == "`momentum` (=abc) must be a number"


def test_a_target_that_takes_any_keyword_is_not_checked():
    validate({"a": {"_target_": "torchvision.models.resnet.resnet18", "any_name": 3}}, {"a": {}})


def test_an_unknown_group_is_reported():
    assert refusal(validate, {"modle": 1}, {"model": {}, "data": {}}) == (
        "unknown key `modle`: did you mean `model`? there are: data, model"
    )


def test_keys_that_another_class_of_this_node_took_are_named():
    adam = {"_target_": "torch.optim.adam.Adam", "_partial_": True, "lr": 1e-3, "fused": True, "eps": 1e-8}
    message = refusal(validate, {"a": adam | {"_target_": "torch.optim.lbfgs.LBFGS"}}, {"a": adam})
    assert message.startswith(
        "`a.fused` is not for this class: add ~a.fused ~a.eps to the command; it takes lr, max_iter, "
    )
    assert "a.lr; others of its class: a.amsgrad, a.betas, " in refusal(
        validate, {"a": adam | {"rate": 1}}, {"a": adam}
    )


def test_a_misspelled_key_of_a_file_of_ones_own_is_unknown():
    own = {"_target_": LENET, "poling": "max"}
    assert "`a.poling`: did you mean `a.pooling`?" in refusal(validate, {"a": own}, {"a": own})


def test_what_the_caller_gives_is_not_among_the_keys():
    given = {"_target_": "torch.optim.adam.Adam", "_partial_": True, "rate": 1}
    assert refusal(validate, {"a": given}, {"a": {}}).startswith("unknown key `a.rate`: ")
    assert "params" not in refusal(validate, {"a": given}, {"a": {}})
