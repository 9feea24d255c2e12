"""No command runs what a file describes: hostile targets at every depth, under Python's audit hook."""

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from audit import recorded
from bad_input import QUICK, write_images
from safetensors.torch import save_file

from zoo.checkpoints.gate import DATA, MODEL, check_targets
from zoo.checkpoints.load import load
from zoo.config.compose import compose, to_dict
from zoo.config.instantiate import instantiate
from zoo.errors import ZooError
from zoo.pretrained.catalog import resolve_weights
from zoo.run.enrollment import run as gallery
from zoo.run.evaluate import evaluate
from zoo.run.export import export
from zoo.run.predict import predict
from zoo.run.share import share
from zoo.run.train import train

MARK = "it-ran"
CALL = {"_target_": "os.mkdir", "path": MARK}
CHAIN = {"_target_": "zoo.data.images.augment.Chain", "steps": [CALL]}
CALLS: dict[str, dict[str, Any]] = {
    "os.mkdir": {"path": MARK},
    "os.system": {"command": f"touch {MARK}"},
    "subprocess.run": {"args": ["touch", MARK]},
    "builtins.open": {"file": MARK, "mode": "w"},
    "socket.create_connection": {"address": ["127.0.0.1", 9]},
    "torch.save": {"obj": 1, "f": MARK},
    "zoo.checkpoints.io.link": {"written": "written", "path": MARK},
    "zoo.config.instantiate.instantiate": {"config": {"path": MARK}},
    "torchvision.datasets.utils.download_url": {"url": "http://127.0.0.1:9/", "root": MARK},
    "hydra.utils.call": {"config": {"path": MARK}},
}


def hostile_files(healthy: Path, folder: Path) -> Iterator[Path]:
    """Checkpoints with a hostile target: one for each depth of the model and the data, one with all other places."""
    content = torch.load(healthy, weights_only=True)
    places: dict[str, Callable[[dict[str, Any]], object]] = {
        "model": lambda zoo: zoo.update(model=CALL),
        "extra": lambda zoo: zoo["model"].update(comment={"deep": [{"deeper": CALL}]}),
        "network": lambda zoo: zoo["model"].update(network=CALL),
        "argument": lambda zoo: zoo["model"]["network"].update(activation=CALL),
        "layers": lambda zoo: zoo["model"].update(network={"_target_": "torch.nn.Sequential", "args": [CALL]}),
        "partial": lambda zoo: zoo["model"].update(loss=CALL | {"_partial_": True}),
        "data": lambda zoo: zoo["card"].update(data_config=CALL),
        "augmentation": lambda zoo: zoo["card"]["data_config"].update(augmentation=CHAIN),
    }
    for name, place in places.items():
        changed = copy.deepcopy(content)
        place(changed["zoo"])
        torch.save(changed, path := folder / f"{name}.ckpt")
        yield path
        if name in ("network", "augmentation"):
            described = {"zoo": json.dumps(changed["zoo"])}
            save_file(changed["state_dict"], path := folder / f"{name}.safetensors", metadata=described)
            yield path
    inert = copy.deepcopy(content)
    inert["zoo"]["card"] |= {"comment": CALL, "model_name": "lenet5"}
    inert["zoo"]["callbacks"] = inert["zoo"]["optimizer"] = inert["comment"] = CALL
    inert["hyper_parameters"] = inert["datamodule_hyper_parameters"] = CALL
    for state in inert["optimizer_states"]:
        state["comment"] = CALL
    torch.save(inert, path := folder / "inert.ckpt")
    yield path


@pytest.fixture(scope="module")
def files(trained, tmp_path_factory) -> list[Path]:
    return [*hostile_files(trained, tmp_path_factory.mktemp("hostile"))]


def values(name: str, **given: Any) -> dict[str, Any]:
    words = [f"{key}={value}" for key, value in given.items()]
    return {"options": {}, "trust": []} | to_dict(compose(words, config_name=name))


def _export(path: Path) -> object:
    plain = {"output": None, "with_preprocessing": False, "tolerance": 1.0, "device": "cpu", "trust": [], "options": {}}
    return export(path, format="torch_export" if path.stem == "inert" else "none", **plain)


def _train(**given: Any) -> object:
    config = to_dict(compose([*QUICK, "trainer.max_epochs=2", *(f"{key}={value}" for key, value in given.items())]))
    return train(config, Path("runs") / "1", model="lenet5", data="digits")


COMMANDS: dict[str, Callable[[Path], object]] = {
    "load": load,
    "predict": lambda path: predict(load(path), "pets", "out"),
    "evaluate": lambda path: evaluate(values("evaluate", checkpoint=path, baselines="false"), Path(), data=None),
    "export": _export,
    "resume": lambda path: _train(resume=path),
    "share": lambda path: share(str(path), to="shared", license="mit"),
    "pretrained": lambda path: resolve_weights(path, model="lenet5"),
    "enroll": lambda path: [*gallery(values("gallery", action="enroll", checkpoint=path, source="pets"), Path("out"))],
    "identify": lambda path: [
        *gallery(values("gallery", action="identify", checkpoint=path, source="pets", threshold=1), Path("out"))
    ],
    "list": lambda path: [*gallery(values("gallery", action="list", gallery=path), Path("out"))],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_runs_what_a_file_describes(name, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "pets" / "cat", count=1)
    for path in files:
        with recorded(MARK) as events, suppress(ZooError):
            COMMANDS[name](path)
        shutil.rmtree("shared", ignore_errors=True)
        assert not events, f"{name} {path.name}"
        assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize("target", CALLS)
@pytest.mark.parametrize("kind", [MODEL, DATA], ids=["model", "data"])
def test_functions_are_never_called_and_never_offered_for_trust(kind, target):
    config = {"_target_": "zoo.data.images.augment.Chain", "steps": [CALLS[target] | {"_target_": target}]}
    for trust in ([], [target.partition(".")[0]]):
        with pytest.raises(ZooError, match=f"x.ckpt wants to build {target}") as refused:
            check_targets(config, kind, trust, "x.ckpt")
        assert "trust=" not in str(refused.value)


@pytest.mark.parametrize("target", [["os.system"], "torch.utils.tensorboard.SummaryWriter", "numpy.ndarray"])
def test_trust_is_not_offered_for_what_is_no_network(target):
    with pytest.raises(ZooError, match="only zoo's own classes are built$"):
        check_targets({"_target_": target}, MODEL, [], "x.ckpt")


def test_a_hostile_file_is_not_passed_on(files, tmp_path):
    path = next(path for path in files if path.name == "data.ckpt")
    with pytest.raises(ZooError, match="data.ckpt wants to build os.mkdir"):
        share(str(path), to=str(tmp_path / "shared"), license="mit")
    assert not (tmp_path / "shared").exists()


def test_the_audit_sees_what_the_gate_refuses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for target in ("os.mkdir", "os.system", "subprocess.run", "builtins.open", "socket.create_connection"):
        with recorded(MARK) as events, suppress(OSError):
            opened = instantiate(CALLS[target] | {"_target_": target})
            getattr(opened, "close", lambda: None)()
        assert events, target
        with suppress(OSError):
            Path(MARK).rmdir() if Path(MARK).is_dir() else Path(MARK).unlink()


@pytest.mark.parametrize("target", [3, None, ["os.mkdir"], "", "os", "zoo", "zoo."])
def test_a_target_that_names_no_class(target):
    with pytest.raises(ZooError):
        check_targets({"_target_": target}, MODEL, [], "x.ckpt")
