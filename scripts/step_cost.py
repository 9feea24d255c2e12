"""Time and memory of one training step of a classifier, on the GPU if there is one.

python scripts/step_cost.py c3d                 a clip of 3×16×112×112
python scripts/step_cost.py resnet50 --batch 8
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the zoo of this clone, installed or not

import zoo
from zoo.errors import ZooError
from zoo.tasks.classification import Classification

STEPS = 2


def main() -> int:
    """Prints parameters, seconds and memory of the last of two steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--batch", type=int, default=1)
    given = parser.parse_args()
    try:
        task = zoo.create_model(given.model)
        if not isinstance(task, Classification):
            raise ZooError(f"{given.model} is no classifier of images or volumes")
        if given.batch < 1:
            raise ZooError(f"--batch (={given.batch}) must be at least 1")
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(describe(task, given.model, given.batch))
    return 0


def describe(task: Classification, name: str, batch: int) -> str:
    """The cost of a step with AdamW, in words; memory on a CPU is the peak of the process."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    inputs = task.nominal_inputs(task.config["network"])
    assert inputs is not None
    shape = inputs[0].shape[1:]
    task.to(device).train()
    samples = torch.rand(batch, *shape, device=device)
    labels = torch.zeros(batch, dtype=torch.long, device=device)
    optimizer = torch.optim.AdamW(task.parameters(), lr=1e-4)
    for _ in range(STEPS):
        wall, processor = time.perf_counter(), time.process_time()
        loss = task.step((samples, labels), "train")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()  # waits for the device
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    if device.type == "cuda":
        what, memory = torch.cuda.get_device_name(), torch.cuda.max_memory_allocated()
    else:
        what, memory = (
            f"CPU, {torch.get_num_threads()} threads",
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        )
    parameters = sum(each.numel() for each in task.network.parameters())
    return (
        f"{name}: {parameters:,} parameters, batch {batch} of {'×'.join(map(str, shape))}: "
        f"{wall:.2f} s a step ({processor:.2f} s of processor time), {memory / 2**30:.2f} GiB at most, {what}"
    )


if __name__ == "__main__":
    sys.exit(main())
