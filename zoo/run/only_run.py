"""Keeps two runs out of one folder, where each would overwrite the checkpoints of the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from zoo.errors import ZooError


@contextmanager
def only_run_in(run_dir: Path, *, resumes: bool) -> Iterator[None]:
    """Locks a run directory for the first process of a run; the system unlocks it when the process ends.

    Raises:
        ZooError: another run has locked it, or has left its checkpoints there and this one does not resume.
    """
    if getattr(rank_zero_only, "rank", 0):
        yield
        return
    if not resumes and any((run_dir / "checkpoints").glob("*.ckpt")):
        raise ZooError(
            f"{run_dir} has the checkpoints of another run, which this one would replace: give another hydra.run.dir, "
            "or continue that run with resume=auto"
        )
    run_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run_dir / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ZooError(f"another run writes to {run_dir}: wait for its end, or give another hydra.run.dir") from None
    try:
        yield
    finally:
        (run_dir / ".lock").unlink(missing_ok=True)
        lock.release()
