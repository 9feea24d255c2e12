"""Downloads resume, happen once, and are used only if the hash matches."""

import hashlib
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request

import pytest

from zoo.errors import ZooError
from zoo.remote.download import KeepsEncryption, fetch

CONTENT = bytes(range(256)) * 5000
SHA = hashlib.sha256(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT with range requests; records the ranges and stops after `limit` bytes."""

    ranges: list[str | None] = []  # noqa: RUF012
    limit = len(CONTENT)

    def do_GET(self) -> None:
        requested = self.headers.get("Range")
        Server.ranges.append(requested)
        start = int(requested.removeprefix("bytes=").removesuffix("-")) if requested else 0
        body = CONTENT[start:]
        self.send_response(206 if requested else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        self.wfile.write(body[: Server.limit])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.delenv("ZOO_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Server.ranges.clear()
    Server.limit = len(CONTENT)
    yield f"http://127.0.0.1:{server.server_port}/net.pth"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_is_downloaded_once(url: str, tmp_path: Path) -> None:
    file = tmp_path / "cache" / "net.pth"
    for _ in range(2):
        fetch(file, url=url, sha256=SHA[:8])
    assert file.read_bytes() == CONTENT
    assert Server.ranges == [None]
    assert not file.with_name("net.pth.part").exists()


def test_a_download_that_broke_off_goes_on(url: str, tmp_path: Path) -> None:
    file = tmp_path / "net.pth"
    Server.limit = 100_000
    with pytest.raises(ZooError, match=r"net.pth: the download broke off at 100,000 of 1,280,000 bytes; run again"):
        fetch(file, url=url, sha256=SHA[:8])
    assert not file.exists()
    Server.limit = len(CONTENT)
    fetch(file, url=url, sha256=SHA[:8])
    assert file.read_bytes() == CONTENT
    assert Server.ranges == [None, "bytes=100000-"]


def test_a_wrong_hash_is_put_aside(url: str, tmp_path: Path) -> None:
    file = tmp_path / "net.pth"
    with pytest.raises(
        ZooError, match=rf"net.pth has the hash {SHA[:8]}…, not 12345678…, and is not loaded; it was put"
    ):
        fetch(file, url=url, sha256="12345678")
    assert not file.exists()
    assert (tmp_path / "net.pth.rejected").read_bytes() == CONTENT


def test_a_wrong_file_in_the_cache_is_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "net.pth"
    file.write_bytes(b"other")
    with pytest.raises(ZooError, match="is not loaded"):
        fetch(file, url="http://127.0.0.1:9/net.pth", sha256=SHA[:8])
    assert not file.exists()


def test_offline_says_which_file_and_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, url = tmp_path / "net.pth", "https://example.org/net.pth"
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    with pytest.raises(ZooError) as error:
        fetch(file, url=url, sha256=SHA)
    message = "net.pth is not on this machine and ZOO_OFFLINE forbids downloads: "
    assert str(error.value) == f"{message}fetch {url} elsewhere and put it at {file}"


def test_no_network_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZOO_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(ZooError, match=r"there is no way to it \(.*refused.*\): fetch http://127.0.0.1:9/net.pth"):
        fetch(tmp_path / "net.pth", url="http://127.0.0.1:9/net.pth", sha256=SHA)


def test_without_a_hash_nothing_is_continued(url: str, tmp_path: Path) -> None:
    """The file may have changed since."""
    (tmp_path / "net.pth.part").write_bytes(b"older")
    fetch(tmp_path / "net.pth", url=url, sha256="")
    assert (tmp_path / "net.pth").read_bytes() == CONTENT
    assert Server.ranges == [None]


def test_a_redirect_keeps_the_encryption() -> None:
    handler, message = KeepsEncryption(), Message()
    request = Request("https://example.org/net.pth")
    with pytest.raises(URLError, match="redirects to http://example.org/a, which is not encrypted"):
        handler.redirect_request(request, None, 302, "Found", message, "http://example.org/a")
    followed = handler.redirect_request(request, None, 302, "Found", message, "https://example.org/a")
    assert followed is not None
    assert followed.full_url == "https://example.org/a"
