"""A shared model answers as before, and its folder holds no pickle."""

import json
import shutil
from runpy import run_path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from small_runs import trained

from zoo.checkpoints.load import load
from zoo.distribution import ROOT
from zoo.errors import ZooError
from zoo.pretrained.catalog import resolve_weights
from zoo.run.create import create_model
from zoo.run.model_card import card
from zoo.run.share import is_license, share


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return trained("lenet5", tmp_path_factory.mktemp("run"), "trainer=cpu").with_name("best.ckpt")


@pytest.fixture(scope="module")
def folder(checkpoint, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared") / "model"
    lines = share(str(checkpoint), to=str(folder), license="apache-2.0")
    assert lines == [f"shared: {folder}", f"load it with zoo.load({str(folder)!r})"]
    return folder


def test_loading_it_back_gives_identical_outputs(checkpoint, folder):
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    ours, theirs = load(folder), load(checkpoint)
    images = torch.rand(3, *ours.example_inputs(1)[0].shape[1:])
    assert torch.equal(ours(images), theirs(images))
    assert ours.card == theirs.card
    assert torch.equal(load(folder / "model.safetensors")(images), theirs(images))


def test_its_weights_start_a_training(folder):
    source = resolve_weights(folder, model="lenet5")
    assert source.class_names == [str(i) for i in range(10)]
    assert source.preprocessing == load(folder).card["preprocessing"]
    assert source.state.keys() == load(folder).network.state_dict().keys()


def test_the_card_has_the_figures_of_the_run(checkpoint, folder):
    _, front, text = (folder / "README.md").read_text().split("---\n", 2)
    front = yaml.safe_load(front)
    test = json.loads((checkpoint.parents[1] / "metrics.json").read_text())["test"]
    assert front["license"] == "apache-2.0"
    (result,) = front["model-index"][0]["results"]
    assert {metric["type"]: metric["value"] for metric in result["metrics"]} == test
    assert f"| accuracy | {test['accuracy']:.4f} |" in text
    assert 'model = zoo.load("model")' in text


def test_the_last_checkpoint_has_not_the_figures_of_the_best(checkpoint, tmp_path):
    share(str(checkpoint.with_name("last.ckpt")), to=str(tmp_path / "last"), license="mit")
    assert "has no figures" in (tmp_path / "last" / "README.md").read_text()


@pytest.mark.parametrize("to", ["https://example.org/owner/name", "s3://bucket"])
def test_another_address_is_no_folder(to, checkpoint):
    with pytest.raises(ZooError, match="must be a folder or hf://owner/name"):
        share(str(checkpoint), to=to, license="mit")


def test_weights_by_name_keep_their_card(tmp_path, monkeypatch):
    """Figures of another model may lie in the current folder."""
    (tmp_path / "metrics.json").write_text('{"test": {"map": 0.123}}')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZooError, match=r"`license` \(=mit\): .*README.md states apache-2.0; give the same"):
        share("lenet5/digits", to="shared", license="mit")
    assert not (tmp_path / "shared").exists()
    share("lenet5/digits", to="shared", license="apache-2.0")
    ours, theirs = card("shared"), card("lenet5/digits")
    assert ours.facts == theirs.facts
    assert ours.text == theirs.text.replace("lenet5/digits", "shared", 1)
    assert (tmp_path / "shared" / "config.json").read_text().startswith("{")


def test_an_edited_card_is_kept(folder, tmp_path):
    copy = tmp_path / "edited"
    shutil.copytree(folder, copy)
    (copy / "README.md").write_text((folder / "README.md").read_text() + "\nMore about the data.\n")
    share(str(copy), to=str(tmp_path / "again"), license="apache-2.0")
    text = (tmp_path / "again" / "README.md").read_text()
    assert text.endswith("More about the data.\n")
    assert 'zoo.load("again")' in text
    assert load(tmp_path / "again").card == load(folder).card
    share(str(copy / "model.safetensors"), to=str(tmp_path / "file"), license="apache-2.0")
    assert (tmp_path / "file" / "README.md").read_text().endswith("More about the data.\n")


def test_a_link_in_a_shared_folder_publishes_no_other_file(folder, tmp_path):
    (tmp_path / "secret").write_text("a password")
    copy = tmp_path / "stranger"
    shutil.copytree(folder, copy)
    (copy / "config.json").unlink()
    (copy / "config.json").symlink_to(tmp_path / "secret")
    share(str(copy), to=str(tmp_path / "again"), license="apache-2.0")
    assert json.loads((tmp_path / "again" / "config.json").read_text())["library_name"] == "lightning-zoo"
    (copy / "README.md").unlink()
    (copy / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(ZooError, match=r"README.md"):
        share(str(copy), to=str(tmp_path / "more"), license="apache-2.0")
    assert not (tmp_path / "more").exists()


def test_the_model_that_is_read_is_the_one_that_is_shared(folder, tmp_path):
    """A folder may hold a checkpoint beside a shared model."""
    mixed = tmp_path / "mixed"
    shutil.copytree(folder, mixed)
    other = trained("lenet5", tmp_path / "run", "trainer=cpu", "seed=5").with_name("best.ckpt")
    shutil.copyfile(other, mixed / "best.ckpt")
    share(str(mixed), to=str(tmp_path / "again"), license="mit")
    images = torch.rand(2, *load(other).example_inputs(1)[0].shape[1:])
    assert load(tmp_path / "again")(images).equal(load(mixed)(images))


def test_a_card_without_a_license_is_not_shared(folder, tmp_path):
    copy = tmp_path / "bare"
    shutil.copytree(folder, copy)
    text = (copy / "README.md").read_text().replace("license: apache-2.0\n", "", 1)
    (copy / "README.md").write_bytes(text.replace("\n", "\r\n").encode())
    with pytest.raises(ZooError, match=r"README.md states none; give the same, or edit the card"):
        share(str(copy), to=str(tmp_path / "more"), license="apache-2.0")


def test_what_cannot_be_described_leaves_nothing(checkpoint, tmp_path):
    copy = tmp_path / "run" / "checkpoints" / "best.ckpt"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(checkpoint.read_bytes())
    (tmp_path / "run" / "metrics.json").write_text('{"test": 3}')
    for to in (str(tmp_path / "shared"), "hf://owner/name"):
        with pytest.raises(ZooError, match=r"cannot be described; was the metrics.json of its run edited\?"):
            share(str(copy), to=to, license="mit")
    assert not (tmp_path / "shared").exists()


@pytest.mark.parametrize("license", ["", "My own terms", "foo", "Apache-2.0", "mit or"])
def test_without_a_license_nothing_is_shared(license, checkpoint, tmp_path):
    with pytest.raises(ZooError, match=r"must be a license as SPDX or Hugging Face names it, .* such as apache-2.0"):
        share(str(checkpoint), to=str(tmp_path / "new"), license=license)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_exists_is_left_as_it_is(checkpoint, tmp_path):
    with pytest.raises(ZooError, match=r"exists: give a new folder"):
        share(str(checkpoint), to=str(tmp_path), license="mit")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("license", ["mit", "cc-by-nc-sa-4.0", "gpl-3.0", "openrail++", "llama3.1", "other"])
def test_licenses_of_both_lists_are_known(license):
    assert is_license(license)


CALL = '{"format": 2, "model": {"_target_": "os.system"}, "card": {}}'


@pytest.mark.parametrize("described", ["3", "{", "[" * 100_000, CALL], ids=["number", "cut", "deep", "call"])
def test_a_hostile_description_builds_nothing(described, folder, tmp_path):
    state = load_file(folder / "model.safetensors")
    save_file(state, tmp_path / "model.safetensors", metadata={"zoo": described})
    with pytest.raises(ZooError, match=r"is no checkpoint of the zoo|wants to build os.system|cannot be read"):
        load(tmp_path)


def test_entry_points_of_torch_hub(folder):
    entries = run_path(str(ROOT / "hubconf.py"))
    assert entries["lenet5"].__doc__ == create_model.__doc__  # what torch.hub.help prints
    task = torch.hub.load(str(ROOT), "lenet5", source="local", num_classes=7)
    assert task.network.classifier[-1].out_features == 7
    assert torch.hub.load(str(ROOT), "load", str(folder), source="local").card["class_names"][0] == "0"
