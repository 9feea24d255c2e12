import threading
import time

import numpy as np
import pytest

from zoo.ops.block_schedule import BlockSchedule


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_every_block_runs_once_and_no_two_share_a_band(count):
    """Random schedules with a random number of threads, played by one thread in a random order."""
    generator = np.random.default_rng(0)
    for seed in range(count):
        bands, threads = int(generator.integers(1, 6)), int(generator.integers(1, 5))
        schedule, ended, running = BlockSchedule(bands, seed), [], []
        while len(ended) < bands * bands:
            while len(running) < threads and (number := schedule.take()) is not None:
                running.append(number)
            blocks = [schedule.order[number] for number in running]
            assert len({user for user, _ in blocks}) == len({item for _, item in blocks}) == len(blocks) > 0
            number = running.pop(int(generator.integers(len(running))))
            schedule.end(number)
            ended.append(schedule.order[number])
        assert schedule.take() is None
        assert len(set(ended)) == len(ended)


def test_blocks_of_a_band_keep_their_order_whatever_the_threads():
    expected = list(BlockSchedule(5, 3))
    schedule, seen, lock = BlockSchedule(5, 3), [], threading.Lock()

    def work():
        for block in schedule:
            time.sleep(0.0005 * (block[0] % 3))
            with lock:
                seen.append(block)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(expected)
    for axis in (0, 1):
        for band in range(5):
            assert [b for b in seen if b[axis] == band] == [b for b in expected if b[axis] == band]


def test_a_failure_ends_all_threads():
    schedule = BlockSchedule(3, 0)
    assert schedule.take() is not None
    schedule.fail()
    assert [*schedule] == []


@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_depends_on_the_seed_alone(seed):
    assert BlockSchedule(4, seed).order == BlockSchedule(4, seed).order != BlockSchedule(4, seed + 1).order
