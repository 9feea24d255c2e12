"""How the classical models of scikit-learn are fitted, for a comparison in the report."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def quiet_fits() -> Iterator[None]:
    """One thread, which is faster for fits of this size; no warnings.

    They would name a fit that stops at its last iteration, which is a fair rival, or classes of one or two samples.
    """
    with threadpool_limits(1), warnings.catch_warnings(action="ignore", category=UserWarning):
        yield
