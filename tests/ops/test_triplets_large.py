"""A batch of 4,096 embeddings: memory, and time beside pytorch-metric-learning in the same run."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from zoo.losses.miners import BatchHard
from zoo.losses.triplet import TripletLoss

SCRIPTS = Path(__file__).parents[2] / "scripts"  # the process imports `benchmarks` from its folder
STEP = """
import sys, torch
from torch.nn import functional as F
from benchmarks.clock import resident
from zoo.losses.miners import BatchHard, Curriculum, SemiHard
from zoo.losses.triplet import TripletLoss

torch.manual_seed(0)
vectors = F.normalize(torch.randn(4096, 128), dim=1).requires_grad_()
TripletLoss(margin=0.2, miner=eval(sys.argv[1]))(vectors, torch.arange(4096) // int(sys.argv[2])).value.backward()
assert torch.isfinite(vectors.grad).all() and vectors.grad.abs().sum() > 0
print(round(resident("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory from /proc")
@pytest.mark.parametrize("miner", ["BatchHard()", "SemiHard()", "Curriculum()", "None"])
@pytest.mark.parametrize("images", [4, 32])
def test_a_step_on_4096_embeddings_fits_in_two_gibibytes(miner, images):
    words = [sys.executable, "-W", "ignore", "-c", STEP, miner, str(images)]
    whole_process = int(subprocess.run(words, cwd=SCRIPTS, check=True, stdout=subprocess.PIPE, text=True).stdout)
    print(f"{miner}, {images} images each: {whole_process} MiB at most, torch itself included")
    assert whole_process < 2048


@pytest.mark.slow
def test_batch_hard_beside_pytorch_metric_learning():
    distances = pytest.importorskip("pytorch_metric_learning.distances")
    from pytorch_metric_learning.losses import TripletMarginLoss
    from pytorch_metric_learning.miners import BatchHardMiner

    squared = distances.LpDistance(normalize_embeddings=False, power=2)
    miner, theirs = BatchHardMiner(distance=squared), TripletMarginLoss(margin=0.2, distance=squared)
    ours = TripletLoss(margin=0.2, miner=BatchHard())
    for count in (64, 256, 1024, 4096):
        torch.manual_seed(0)
        vectors = F.normalize(torch.randn(count, 128), dim=1).requires_grad_()
        identities = torch.arange(count) // 4
        losses = {
            "ours": lambda v=vectors, i=identities: ours(v, i).value,
            "theirs": lambda v=vectors, i=identities: theirs(v, i, miner(v, i)),
        }
        seconds, values, gradients = {}, {}, {}
        for name, loss in losses.items():
            times = []
            for _ in range(5):
                started = time.process_time()
                values[name] = loss()
                (gradients[name],) = torch.autograd.grad(values[name], vectors)
                times.append(time.process_time() - started)
            seconds[name] = min(times)
        print(f"{count}: ours {1000 * seconds['ours']:.1f} ms, theirs {1000 * seconds['theirs']:.1f} ms of CPU")
        torch.testing.assert_close(values["ours"], values["theirs"], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(gradients["ours"], gradients["theirs"], rtol=1e-3, atol=1e-5)
