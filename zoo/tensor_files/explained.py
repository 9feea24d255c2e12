"""Turns whatever a checkpoint of unknown origin makes a command raise into one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from zoo.errors import ZooError
from zoo.full_memory import is_out_of_memory

_OF_RUST = "PanicException"  # of safetensors and tokenizers; derives from BaseException


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turns an error in this block into a ZooError that begins with `what` and keeps the error as its cause.

    Errors of the disk, missing packages and full memory have messages of their own.

    Raises:
        ZooError: any other error.
    """
    try:
        yield
    except (ZooError, OSError, ImportError):
        raise
    except BaseException as error:
        if (not isinstance(error, Exception) and type(error).__name__ != _OF_RUST) or is_out_of_memory(error):
            raise
        first = (str(error).splitlines() or [""])[0]
        raise ZooError(f"{what} ({type(error).__name__}: {first:.200})") from error
