"""Repositories of a hub, against a small server of the same protocol on the loopback address."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save

import zoo
from zoo.errors import ZooError
from zoo.pretrained.catalog import resolve_weights
from zoo.weights import shipped_folder

COMMIT = "a" * 40
TIMM = {
    "architecture": "lenet",
    "num_classes": 3,
    "label_names": ["n1", "n2", "n3"],
    "label_descriptions": {"n1": "ant", "n2": "bee", "n3": "cat"},
    "_target_": "os.system",
    "pretrained_cfg": {
        "input_size": [3, 224, 224],
        "interpolation": "bicubic",
        "crop_pct": 0.95,
        "crop_mode": "center",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    },
}
STATE = {"conv.weight": torch.ones(1), "fc.bias": torch.arange(3.0)}


class Hub(BaseHTTPRequestHandler):
    """Serves the files of `repositories`; notes what is asked for."""

    repositories: dict[str, dict[str, bytes]] = {}  # noqa: RUF012
    asked: list[str] = []  # noqa: RUF012
    statuses: dict[str, tuple[int, str]] = {}  # noqa: RUF012

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        Hub.asked.append(f"{self.command} {path}")
        parts = path.strip("/").split("/")
        api = parts[:2] == ["api", "models"]
        name = "/".join(parts[2:4] if api else parts[:2])
        if name in Hub.statuses:
            status, code = Hub.statuses[name]
            return self._send(b"{}", status=status, headers={"X-Error-Code": code})
        files = Hub.repositories[name]
        if api and "tree" in parts:
            listed: Any = [{"type": "file", "path": k, "size": len(v), "oid": "0" * 40} for k, v in files.items()]
            return self._send(json.dumps(listed).encode())
        if api:
            if "revision" in parts and parts[-1] not in ("main", "v1", COMMIT):
                return self._send(b"{}", status=404, headers={"X-Error-Code": "RevisionNotFound"})
            siblings = [{"rfilename": file} for file in files]
            return self._send(json.dumps({"id": name, "sha": COMMIT, "siblings": siblings}).encode())
        body = files["/".join(parts[4:])]
        return self._send(body, headers={"ETag": f'"{hashlib.sha1(body).hexdigest()}"', "X-Repo-Commit": COMMIT})

    def _send(self, body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def repositories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, dict[str, bytes]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("ZOO_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    Hub.repositories, Hub.asked, Hub.statuses = {}, [], {}
    yield Hub.repositories
    server.shutdown()
    server.server_close()
    thread.join()


def test_weights_and_their_description_are_downloaded_once(repositories, monkeypatch):
    repositories["ann/net"] = {
        "config.json": json.dumps(TIMM).encode(),
        "model.safetensors": save(STATE),
        "pytorch_model.bin": b"unread",
        "train.py": b"unread",
        "../../outside": b"unread",
    }
    source = resolve_weights("hf://ann/net@v1", model="lenet5")
    assert source.label == "hf://ann/net@v1"
    assert torch.equal(source.state["fc.bias"], torch.arange(3.0))
    assert source.class_names == ["ant", "bee", "cat"]
    assert source.preprocessing is not None
    assert source.preprocessing["interpolation"] == "bicubic"
    assert round(224 / source.preprocessing["crop_ratio"]) == 235  # timm rounds down
    read = {line.rpartition("/")[2] for line in Hub.asked if "/resolve/" in line}
    assert read == {"config.json", "model.safetensors"}
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    assert resolve_weights("hf://ann/net@v1", model="lenet5").state.keys() == STATE.keys()


def test_a_shared_model_has_its_card(repositories):
    shared = shipped_folder("lenet5/digits")
    assert shared is not None
    repositories["ann/digits"] = {file.name: file.read_bytes() for file in shared.iterdir()}
    assert zoo.card("hf://ann/digits").facts["sha256"] == zoo.card("lenet5/digits").facts["sha256"]


def test_an_answer_of_another_form_ends_in_one_line(repositories, monkeypatch):
    repositories["ann/net"] = {}
    monkeypatch.setattr(Hub, "do_GET", lambda self: self._send(b'{"sha": 3, "siblings": {"a": 1}}'))
    with pytest.raises(ZooError, match="hf://ann/net"):
        resolve_weights("hf://ann/net", model="lenet5")


def test_a_language_model_comes_with_its_tokenizer_and_pooling(repositories):
    tokens = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "cat": 5}
    sizes = {"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    config = {"model_type": "bert", "vocab_size": len(tokens), "max_position_embeddings": 8} | sizes
    modules = [{"path": "", "type": "a.Transformer"}, {"path": "1_Pooling", "type": "a.Pooling"}]
    repositories["ann/bert"] = {
        "config.json": json.dumps(config).encode(),
        "vocab.txt": "\n".join(tokens).encode(),
        "modules.json": json.dumps(modules).encode(),
        "1_Pooling/config.json": b'{"pooling_mode": "cls"}',
        "onnx/model.onnx": b"unread",
        "model.safetensors": save({"embeddings.word_embeddings.weight": torch.ones(6, 4)}),
    }
    source = resolve_weights("hf://ann/bert", model="bert")
    assert source.preprocessing is not None
    assert source.preprocessing["pooling"] == "cls"
    assert json.loads(source.preprocessing["tokenizer"])["model"]["vocab"] == tokens
    assert not any(line.endswith(".onnx") for line in Hub.asked)


def test_a_pickle_that_runs_code_is_refused(repositories, tmp_path):
    class Runs:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "it-ran",)

    torch.save({"conv.weight": Runs()}, tmp_path / "file")
    repositories["ann/net"] = {"pytorch_model.bin": (tmp_path / "file").read_bytes()}
    with pytest.raises(ZooError, match=r"is refused: it is no checkpoint, or holds code instead of weights"):
        resolve_weights("hf://ann/net", model="lenet5")
    assert not (tmp_path / "it-ran").exists()


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ((401, "RepoNotFound"), r"hf://ann/net: there is no such repository, or it is private: .* set HF_TOKEN"),
        ((403, "GatedRepo"), r"hf://ann/net asks for a login: accept its conditions"),
        ((403, ""), r"hf://ann/net: the hub answered 403"),
        ((401, ""), r"hf://ann/net: the hub answered 401: .*; log in with `hf auth login` or set HF_TOKEN"),
    ],
)
def test_what_the_hub_refuses_is_explained(repositories, status, answer, monkeypatch):
    Hub.statuses["ann/net"] = status
    with pytest.raises(ZooError, match=answer):
        resolve_weights("hf://ann/net", model="lenet5")


def test_an_unknown_revision_and_a_repository_without_weights(repositories):
    repositories["ann/net"] = {"config.json": b"{}"}
    with pytest.raises(ZooError, match=r"hf://ann/net@v9: the repository has no such revision"):
        resolve_weights("hf://ann/net@v9", model="lenet5")
    with pytest.raises(ZooError, match=r"hf://ann/net has no model.safetensors or pytorch_model.bin"):
        resolve_weights("hf://ann/net", model="lenet5")


def test_without_a_network_the_way_around_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    with pytest.raises(
        ZooError, match=r"hf://timm/x is not on this machine .*`hf download timm/x`, and copy the cache"
    ):
        resolve_weights("timm/x", model="lenet5")


@pytest.mark.parametrize("address", ["hf://net", "hf://ann/../net", "hf://ann/net@../x", "hf://ann/net/x", "hf://-/-"])
def test_an_address_of_another_form(address):
    with pytest.raises(ZooError, match="must be hf://owner/name or hf://owner/name@revision"):
        resolve_weights(address, model="lenet5")


def test_the_library_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(ZooError, match=r"needs huggingface_hub: pip install .*hub\]"):
        resolve_weights("hf://ann/net", model="lenet5")
