"""How waiting threads of PyTorch spend their time."""

import os

_SPINS = "1000"  # some microseconds


def spin_briefly() -> None:
    """Lets waiting OpenMP threads spin for microseconds and then sleep. Call it before PyTorch is imported.

    By GNU's default they spin for milliseconds: two runs that share cores then take up to 40 times as long. Threads
    that sleep at once double the time of small steps on idle cores. What the user has set in the environment holds.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
