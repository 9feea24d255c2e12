"""Wrong options and keys on the command line end in one line and exit code 2."""

import subprocess
import sys

import pytest
from bad_input import QUICK


@pytest.mark.parametrize(
    ("model", "data", "task", "feeds"),
    [
        ("gru", "digits", "forecasting", "classification and embedding"),
        ("resnet18", "waves", "classification", "forecasting"),
        ("lenet5", "digit_scenes", "classification", "detection"),
        ("lenet5", "digits_identities", "classification", "embedding"),
        ("yolo", "digit_corners", "detection", "landmarks"),
    ],
)
def test_data_for_another_task(refused, model, data, task, feeds):
    line = refused(f"model={model}", f"data={data}", *QUICK)
    assert line.startswith(f"model={model} does {task}, and data={data} is for {feeds}: ")


@pytest.mark.slow
def test_a_siamese_network_reads_labeled_images_too(command):
    ended = command("train", "model=siamese", "data=digits", *QUICK)
    assert ended.code == 0, ended.err


def test_evaluating_on_data_for_another_task(refused, trained):
    line = refused(f"checkpoint={trained}", "data=waves", name="evaluate")
    assert line.startswith("model=lenet5 does classification, and data=waves is for forecasting: ")


def test_arguments_of_another_kind_than_their_class_says(refused):
    line = refused("model=vgg11", "+model.network.dropout=abc", *QUICK)
    assert line == "`model.network.dropout` (=abc) must be a number"
    assert refused("data.batch_size=2.5", *QUICK) == "`data.batch_size` (=2.5) must be a whole number, such as 32"


def test_unknown_model(refused):
    line = refused("model=resnet5")
    assert line.startswith("unknown model `resnet5`: did you mean `resnet50`? there are: adain, ")
    assert ", lenet5, " in line


@pytest.mark.parametrize("word", ["trainer.max_epoch=3", "+trainer.max_epoch=3"])
def test_unknown_key(refused, word):
    line = refused(word)
    assert line.startswith("unknown key `trainer.max_epoch`: did you mean `trainer.max_epochs`? there are: trainer.")


def test_unknown_group(refused):
    line = refused("modle=vgg16")
    assert line.startswith("unknown key `modle`: did you mean `model`? there are: ")
    assert ", optimizer, " in line


@pytest.mark.parametrize(("word", "hint"), [("lenet5", ": did you mean model=lenet5?"), ("lenet", "")])
def test_a_word_without_a_key(refused, word, hint):
    line = refused(word)
    assert line.startswith(f"`{word}` is not of the form KEY=VALUE")
    assert hint in line


def test_a_folder_of_configurations_that_does_not_exist(refused):
    assert refused("--config-dir", "nowhere") == "--config-dir: there is no folder nowhere"


def test_a_default_that_no_file_names_needs_a_plus(refused):
    line = refused("model.network.activation=relu")
    assert line == (
        "`model.network.activation` is not in the configuration yet: add it with a plus, +model.network.activation=relu"
    )


def test_features_that_a_network_has_not_and_that_a_classifier_cannot_use(refused):
    line = refused("model=resnet18", "+model.network.features=[layer9]", *QUICK)
    assert line.startswith("`features` (=['layer9']) must name layers from: stem, conv1, ")
    line = refused("model=resnet18", "+model.network.features=[layer3]", "data.image_size=32", *QUICK)
    assert line == "`features` makes the network return feature maps, and a classifier needs logits: leave it out"


def test_a_group_without_an_option(refused):
    line = refused("pretrained=null", "finetune=null", "experiment=finetune_lite0", "data.root=pets")
    assert line == "`finetune` (=null): a group takes the name of one option: full, gradual, head, none"


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("seed=abc", "`seed` (=abc) must be a number, such as 0"),  # not `data.seed`, which refers to it
        ("model.loss=3", "`model.loss` (=3) must be keys with a `_target_`, which names a class"),
        ("model.network=null", "`model.network` (=null) must be keys with a `_target_`, which names a class"),
        ("data.batch_size=0", "`data.batch_size` (=0) must be at least 1"),
        ("trainer.devices=x", "trainer: "),
        ("optimizer=3", "`optimizer` (=3): a group takes the name of one option: adam, "),
        ("data=digits -m model=lenet6", "unknown model `lenet6`: did you mean `lenet5`?"),
        ("model=[lenet5,vgg11]", "`model` (=[lenet5,vgg11]): a group takes the name of one option; -m model=lenet5,"),
        ("trainer.devices=0", "`trainer.devices` (=0) must be at least 1; trainer=cpu trains without a GPU"),
        ("trainer.precision=int8", "`trainer.precision` (=int8) must be auto or one of: 32-true, 16-mixed, "),
        ("channels_last=x", "`channels_last` (=x) must be true, false or auto"),
        (
            "resume=autos",
            "`resume` (=autos) is no file: give a checkpoint or its run folder, or auto for the newest run",
        ),
    ],
)
def test_the_key_that_was_given_is_named(refused, word, line):
    assert refused(*word.split(), *QUICK).startswith(line)


def test_groups_without_an_option_are_known(refused):
    assert refused("finetun=head").startswith("unknown key `finetun`: did you mean `finetune`? there are: ")


@pytest.mark.parametrize("command", ["backtest", "train model=gru data=co2"])
def test_a_package_of_an_extra_that_is_not_installed(command, tmp_path):
    program, *words = command.split()
    hidden = f"import sys; sys.modules['pandas'] = None; sys.argv = {['zoo', *words]}; "
    run = f"from zoo.commands.{program} import main; main()"
    ended = subprocess.run([sys.executable, "-c", hidden + run], capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "pandas" in line
    assert "[series]'" in line
