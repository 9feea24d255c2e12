"""Downloads files of published weights, with resume and hash check."""

import hashlib
import os
import shutil
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from filelock import FileLock

from zoo.errors import ZooError

OFFLINE = "ZOO_OFFLINE"
"""Environment variable; any value but an empty string or 0 forbids downloads."""


class KeepsEncryption(HTTPRedirectHandler):
    """Refuses redirects from https to an address that can be altered in transit."""

    def redirect_request(self, request: Request, *answer: Any) -> Request | None:
        """Returns the next request; the last part of an answer is its address."""
        if request.type == "https" and not answer[-1].lower().startswith("https://"):
            raise URLError(f"it redirects to {answer[-1]}, which is not encrypted")
        return super().redirect_request(request, *answer)


def is_offline() -> bool:
    """Whether downloads are forbidden."""
    return os.environ.get(OFFLINE, "0") not in ("", "0")


def fetch(file: Path, *, url: str | None, sha256: str) -> None:
    """Downloads `url` to `file` unless it exists, and checks that its hash starts with `sha256`.

    Resumes an interrupted download, unless no hash would tell that the file changed meanwhile. A lock lets one process
    download while others wait.

    Raises:
        ZooError: no network, or a wrong hash; a downloaded file with a wrong hash is renamed and never loaded.
    """
    if url is None:
        _check(file, file, url, sha256)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    with FileLock(file.with_name(file.name + ".lock")):
        if file.is_file():
            _check(file, file, url, sha256)
        else:
            if not sha256:
                part.unlink(missing_ok=True)
            _download(url, part, file)
            _check(part, file, url, sha256)
            part.rename(file)


def _download(url: str, part: Path, file: Path) -> None:
    name = file.name
    remedy = f"fetch {url} elsewhere and put it at {file}"
    if is_offline():
        raise ZooError(f"{name} is not on this machine and {OFFLINE} forbids downloads: {remedy}")
    have = part.stat().st_size if part.is_file() else 0
    headers = {"User-Agent": "zoo"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with build_opener(KeepsEncryption).open(Request(url, headers=headers), timeout=30) as response:
            resumed = have > 0 and response.status == 206
            length = int(response.headers.get("Content-Length", 0))
            if length > (free := shutil.disk_usage(part.parent).free):
                raise ZooError(f"{name} is to have {length:,} bytes, and the disk of {part.parent} has {free:,} left")
            expected = length + (have if resumed else 0)
            resumable = resumed or response.headers.get("Accept-Ranges") == "bytes"
            with part.open("ab" if resumed else "wb") as out:
                shutil.copyfileobj(response, out, 1 << 20)
    except HTTPError as error:
        if have > 0 and error.code == 416:  # range not satisfiable: the file is complete
            return
        raise ZooError(
            f"{name} cannot be downloaded ({error.code} {' '.join(error.reason.split())}): {remedy}"
        ) from error
    except (URLError, TimeoutError, ConnectionError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ZooError(f"{name} is not on this machine and there is no way to it ({reason}): {remedy}") from error
    got = part.stat().st_size
    if got < expected and not resumable:
        part.unlink()
        raise ZooError(f"{name}: the download broke off at {got:,} of {expected:,} bytes, and {url} resumes none")
    if got < expected:
        raise ZooError(f"{name}: the download broke off at {got:,} of {expected:,} bytes; run again to go on")


def _check(part: Path, file: Path, url: str | None, sha256: str) -> None:
    digest = hashlib.sha256()
    with part.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    if not digest.hexdigest().startswith(sha256):  # an empty one is not checked
        aside = file.with_name(file.name + ".rejected")
        if url is not None:
            part.rename(aside)
        raise ZooError(
            f"{file.name} has the hash {digest.hexdigest()[:8]}…, not {sha256[:8]}…, and is not loaded"
            + (f"; it was put aside as {aside}: run again to download it anew" if url is not None else "")
        )
