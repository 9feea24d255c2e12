"""Files of published weights onto this machine: resumable, their hash checked, never loaded when it is wrong."""

import hashlib
import os
import shutil
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from filelock import FileLock

from zoo.errors import ZooError

OFFLINE = "ZOO_OFFLINE"
"""Environment variable; anything but empty or 0 forbids downloads."""


def fetch(file: Path, *, url: str | None, sha256: str) -> None:
    """Brings the file at `url` to `file`, unless it is there, and checks that its hash starts with `sha256`.

    A download that broke off goes on where it stopped. Several processes wait for the first.

    Raises:
        ZooError: no network, or a file whose hash is wrong; such a file is put aside and never loaded.
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
            _download(url, part, file)
            _check(part, file, url, sha256)
            part.rename(file)


def _download(url: str, part: Path, file: Path) -> None:
    wanted = file.name
    remedy = f"fetch {url} elsewhere and put it at {file}"
    if os.environ.get(OFFLINE, "0") not in ("", "0"):
        raise ZooError(f"{wanted} is not on this machine and {OFFLINE} forbids downloads: {remedy}")
    have = part.stat().st_size if part.is_file() else 0
    headers = {"User-Agent": "zoo"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with urlopen(Request(url, headers=headers), timeout=30) as response:
            go_on = have > 0 and response.status == 206
            expected = int(response.headers.get("Content-Length", 0)) + (have if go_on else 0)
            with part.open("ab" if go_on else "wb") as out:
                shutil.copyfileobj(response, out, 1 << 20)
    except HTTPError as error:
        if have > 0 and error.code == 416:  # nothing is left to fetch: the part is whole
            return
        raise ZooError(f"{wanted} cannot be downloaded ({error.code} {error.reason}): {remedy}") from error
    except (URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise ZooError(f"{wanted} is not on this machine and there is no way to it ({reason}): {remedy}") from error
    got = part.stat().st_size
    if got < expected:
        raise ZooError(f"{wanted}: the download broke off at {got:,} of {expected:,} bytes; run again to go on")


def _check(part: Path, file: Path, url: str | None, sha256: str) -> None:
    digest = hashlib.sha256()
    with part.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    if not digest.hexdigest().startswith(sha256):
        aside = file.with_name(file.name + ".rejected")
        if url is not None:
            part.rename(aside)
        raise ZooError(
            f"{file.name} has the hash {digest.hexdigest()[:8]}…, not {sha256[:8]}…, and is not loaded"
            + (f"; it was put aside as {aside}: run again to download it anew" if url is not None else "")
        )
