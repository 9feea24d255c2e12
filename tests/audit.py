"""Records what code does to the machine: processes, sockets, code from text, files that it writes or moves."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ALWAYS = {"os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "socket.connect", "socket.bind"}
_ALWAYS |= {"socket.getaddrinfo", "urllib.Request", "shutil.rmtree", "pty.spawn"}
_ON_A_MARK = {"open", "exec", "compile", "import", "os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink"}
_seen: list[str] | None = None
_mark = ""


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _seen is None:
        return
    if event in _ALWAYS or (event in _ON_A_MARK and _mark in _text(arguments)):
        _seen.append(f"{event} {arguments}")


def _text(arguments: tuple[object, ...]) -> str:
    return " ".join(str(getattr(a, "co_consts", a)) for a in arguments)


sys.addaudithook(_hook)  # for good: Python has no way to remove it


@contextmanager
def recorded(mark: str) -> Iterator[list[str]]:
    """The events of the block: each process, socket and deletion, and each file or code that mentions `mark`."""
    global _seen, _mark
    _seen, _mark = [], mark
    try:
        yield _seen
    finally:
        _seen = None
