"""Files and folders by address: `hf://owner/name[@revision]`, `https://…#sha256=…`, a path, or our own weights."""

import hashlib
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import torch

from zoo.errors import ZooError
from zoo.regular_files import exists
from zoo.remote.download import fetch
from zoo.remote.hub import snapshot
from zoo.weights import shipped_folder

_SHA256 = re.compile(r"sha256=([0-9a-fA-F]{64}|none)")


def is_address(source: str) -> bool:
    """Whether a source is an address and no path: it has a scheme, or is `timm/NAME`, a repository of timm."""
    return "://" in source or (re.fullmatch(r"timm/[\w.-]+", source) is not None and not Path(source).exists())


def local_path(source: str | Path) -> Path:
    """The file or folder at an address, downloaded unless it is on this machine; a path stays as it is.

    `lenet5/mnist` and other names of `zoo.weights` are folders of this package, unless there is such a path.

    Raises:
        ZooError: an address of another form, a hash that does not match, or no way to the file.
    """
    source = str(source)
    if not is_address(source):
        path = Path(source).expanduser()
        return path if exists(path) else shipped_folder(source) or path
    scheme = source.partition("://")[0]
    if scheme == "hf" or source.startswith("timm/"):
        return snapshot(source.removeprefix("hf://"))
    if scheme in ("https", "http"):
        return _downloaded(source)
    raise ZooError(f"the address {source} must be hf://owner/name, https://…#sha256=…, or a path")


def _downloaded(address: str) -> Path:
    url, _, fragment = address.partition("#")
    found = _SHA256.fullmatch(fragment)
    if found is None:
        raise ZooError(
            f"the address {address} must end in #sha256= and the 64 digits of the file's hash, by which its content is "
            "checked; #sha256=none takes an https address without a check"
        )
    sha256 = found[1].lower()
    if sha256 == "none" and not url.startswith("https://"):
        raise ZooError(
            f"the address {address} must begin with https:// if no hash is given: plain http can be altered in transit"
        )
    try:
        path = urlsplit(url).path
    except ValueError as error:
        raise ZooError(f"the address {address} cannot be read: {error}") from None
    name = re.sub(r"[^\w.-]", "_", unquote(path).rpartition("/")[2])
    if not name.strip("."):
        raise ZooError(f"the address {address} names no file")
    folder = hashlib.sha256(url.encode()).hexdigest() if sha256 == "none" else sha256
    file = Path(torch.hub.get_dir()) / "zoo" / folder[:16] / name
    fetch(file, url=url, sha256="" if sha256 == "none" else sha256)
    return file
