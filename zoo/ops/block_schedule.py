"""The order of blocks in parallel SGD: two blocks that share a band of users or items never run at once.

Source: Zhuang et al., "A Fast Parallel SGD for Matrix Factorization in Shared Memory Systems" (FPSG), 2013, where a
free block with the fewest updates is drawn. Here the order is drawn beforehand, in rounds of blocks that share no band,
and a block starts when the earlier blocks of its bands have ended. So the result does not depend on the number of
threads, or on which of them is faster.
"""

import threading
from collections.abc import Iterator

import numpy as np


class BlockSchedule:
    """One pass over a grid of `bands` × `bands` blocks, each once, in an order that depends on `seed` alone.

    A thread that raises calls `fail`, so that no other waits for its block.
    """

    def __init__(self, bands: int, seed: int) -> None:
        generator = np.random.default_rng(seed)
        users, shifts = generator.permutation(bands), generator.permutation(bands)
        items = generator.permutation(bands)
        self.order = [(int(users[row]), int(items[(row + shift) % bands])) for shift in shifts for row in range(bands)]
        self._waiting = list(range(len(self.order)))
        self._running: set[int] = set()
        self._changed = threading.Condition()
        self._failed = False

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yields blocks (band of users, band of items) for one thread; a block ends when the next is requested."""
        while True:
            with self._changed:
                while (number := self._take()) is None:
                    if self._failed or not self._waiting:
                        return
                    self._changed.wait()
            yield self.order[number]
            self.end(number)

    def take(self) -> int | None:
        """Starts the first block that can run now, and returns its place in the order; None if there is none."""
        with self._changed:
            return self._take()

    def end(self, number: int) -> None:
        """Ends the block at a place in the order."""
        with self._changed:
            self._running.remove(number)
            self._changed.notify_all()

    def fail(self) -> None:
        """Ends the iteration of all threads."""
        with self._changed:
            self._failed = True
            self._changed.notify_all()

    def _take(self) -> int | None:
        """Starts the first waiting block whose bands no running and no earlier waiting block needs."""
        users = {self.order[number][0] for number in self._running}
        items = {self.order[number][1] for number in self._running}
        for place, number in enumerate(() if self._failed else self._waiting):
            user, item = self.order[number]
            if user not in users and item not in items:
                self._running.add(number)
                del self._waiting[place]
                return number
            users.add(user)
            items.add(item)
        return None
