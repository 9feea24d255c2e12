"""Every private part of another package that the zoo uses is listed, is there, and is why that package has a bound."""

import tomllib
from pathlib import Path

import pytest
from private_parts import exists, is_private, uses

ROOT = Path(__file__).parents[1]
CHECKPOINTS = "pytorch_lightning.callbacks.ModelCheckpoint"
PARTS = {  # what is used: where, and what for
    "omegaconf.DictConfig._get_root": ("zoo/config/explain.py", "the configuration that lacks a key"),
    f"{CHECKPOINTS}._save_checkpoint": ("zoo/run/checkpointing.py", "best.ckpt and last.ckpt as one file"),
    f"{CHECKPOINTS}._last_checkpoint_saved": (
        "zoo/run/checkpointing.py",
        "the file that gets the second name",
    ),
    f"{CHECKPOINTS}._last_global_step_saved": ("zoo/run/checkpointing.py", "whether this step has been saved"),
    f"{CHECKPOINTS}._should_skip_saving_checkpoint": ("zoo/run/checkpointing.py", "whether this step has been saved"),
    f"{CHECKPOINTS}._save_last_checkpoint": ("zoo/run/checkpointing.py", "last.ckpt after every epoch"),
    f"{CHECKPOINTS}._monitor_candidates": ("zoo/run/checkpointing.py", "last.ckpt after every epoch"),
    "pytorch_lightning.callbacks.weight_averaging.WeightAveraging._average_model": (
        "zoo/run/ema.py",
        "the averaged network",
    ),
    "pytorch_lightning.strategies.ModelParallelStrategy._data_parallel_size": (
        "zoo/run/sharding.py",
        "shards over all machines",
    ),
    "pytorch_lightning.strategies.ModelParallelStrategy._layer_sync": (
        "zoo/run/sharding.py",
        "synchronized batch norms before sharding",
    ),
    "torch._C._are_functorch_transforms_active": ("zoo/networks/gru.py", "the fallback under torch.func"),
    "torch._foreach_lerp_": ("zoo/run/ema.py", "the average of all tensors in one call"),
    "torch._inductor.config.freezing": ("zoo/run/build.py", "compiled inference with constant weights"),
    "torch.nn.Module._apply": ("zoo/tasks/module.py", "the precision of the network without that of the metrics"),
    "torch.nn.modules.batchnorm._BatchNorm": (
        "zoo/hardware.py zoo/networks/norms.py zoo/networks/staged.py",
        "batch norms of any dimension",
    ),
    "torchmetrics.Metric._defaults": ("zoo/tasks/detection/metrics.py", "the names of the states"),
    "torchmetrics.Metric._sync_dist": ("zoo/tasks/detection/metrics.py", "gathering the images of all processes"),
}
UNDOCUMENTED = {
    "pytorch_lightning.loops.training_epoch_loop._TrainingEpochLoop.total_batch_idx": (
        "zoo/data/base.py",
        "the step that seeds the augmentation",
    ),
}
LISTED = [(part, *named) for part, named in (PARTS | UNDOCUMENTED).items()]


@pytest.fixture(scope="module")
def used():
    return set(uses(ROOT, "zoo"))


@pytest.mark.parametrize(("part", "files", "purpose"), LISTED)
def test_a_part_is_there(part, files, purpose):
    assert exists(part), f"{part} is gone: used by {files} for {purpose}"


def test_every_use_is_listed(used):
    listed = {(name, file) for part, (files, _) in PARTS.items() for name in part.split(".") for file in files.split()}
    assert used <= listed, "private parts of other packages: add them to PARTS, or do without"


@pytest.mark.parametrize(("part", "files", "purpose"), LISTED)
def test_a_listed_part_is_used(part, files, purpose):
    name = next(filter(is_private, part.split("."))) if part in PARTS else part.rpartition(".")[2]
    unused = [file for file in files.split() if name not in (ROOT / file).read_text(encoding="utf-8")]
    assert not unused, f"{part} is used no longer in {unused}: take it out of the list"


def test_a_package_with_private_parts_has_an_upper_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounded = {line.partition(">=")[0].replace("-", "_") for line in project["dependencies"] if ",<" in line}
    assert {part.partition(".")[0] for part in PARTS} <= bounded


def test_a_missing_part_is_found():
    assert exists("torch.nn.Module._parameters")
    assert not exists("torch.nn.Module._no_such_part")
    assert not exists("torch._no_such_module.part")
