import logging

from zoo.run.console import quiet_lightning


def test_lightning_keeps_quiet_but_for_a_profiler_that_was_asked_for():
    quiet_lightning()
    assert not logging.getLogger("pytorch_lightning.trainer.trainer").isEnabledFor(logging.INFO)
    assert logging.getLogger("pytorch_lightning.profilers.profiler").isEnabledFor(logging.INFO)
