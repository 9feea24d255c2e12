"""Files by their address."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from zoo.errors import ZooError
from zoo.pretrained.catalog import resolve_weights
from zoo.remote.addresses import local_path

CONTENT = save({"conv.weight": torch.ones(1)})
SHA = hashlib.sha256(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT, redirects to a file of the machine, or lies about the length."""

    def do_GET(self) -> None:
        if "away" in self.path:
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
            return
        lengths = {"/large": 10**18, "/longer": len(CONTENT) + 10}
        self.send_response(200)
        self.send_header("Content-Length", str(lengths.get(self.path, len(CONTENT))))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZOO_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "cache"))


def test_a_file_is_taken_by_its_hash(server):
    address = f"{server}/%2e%2e/net.safetensors#sha256={SHA}"
    assert resolve_weights(address, model="x").state.keys() == {"conv.weight"}
    assert local_path(address).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("/net.pth", r"must end in #sha256= and the 64 digits of the file's hash"),
        ("/net.pth#sha256=12", r"must end in #sha256= and the 64 digits"),
        ("/net.pth#sha256=none", r"must begin with https:// if no hash is given"),
        (f"/net.pth#sha256={'0' * 64}", r"net.pth has the hash .*, not 00000000…, and is not loaded"),
        (f"/away/net.pth#sha256={SHA}", r"net.pth cannot be downloaded .*file:///etc/passwd"),
        (f"/large#sha256={SHA}", r"large is to have 1,000,000,000,000,000,000 bytes, and the disk of .* left"),
        (f"/longer#sha256={SHA}", r"longer: the download broke off at .* resumes none"),
        (f"/%2e%2e#sha256={SHA}", r"names no file"),
    ],
)
def test_what_an_address_does_not_deliver_leaves_nothing(server, address, answer, tmp_path):
    with pytest.raises(ZooError, match=answer):
        local_path(server + address)
    left = [path.suffix for path in tmp_path.rglob("*") if path.is_file()]
    assert set(left) <= {".lock", ".rejected"}


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://host/net.pth", "s3://bucket/net.pth"])
def test_another_scheme(address):
    with pytest.raises(ZooError, match=r"must be hf://owner/name, https://…#sha256=…, or a path"):
        local_path(address)


def test_a_file_with_a_header_of_ten_gigabytes(tmp_path):
    (tmp_path / "net.safetensors").write_bytes((10 * 2**30).to_bytes(8, "little") + b"{}")
    with pytest.raises(ZooError, match="cannot be read: it is cut short or damaged"):
        resolve_weights(tmp_path / "net.safetensors", model="x")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a" * 300, r"a{80}… cannot be opened: File name too long"),
        ("https://[::1#sha256=none", r"the address https://\[::1#sha256=none cannot be read: Invalid IPv6 URL"),
    ],
)
def test_a_name_that_cannot_be_one(source, message):
    with pytest.raises(ZooError, match=message):
        local_path(source)
