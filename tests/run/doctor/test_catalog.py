"""Healthy runs of the whole catalog, in which the doctor is silent."""

from typing import Any

import pytest
from catalog_configs import catalog_run

from zoo.config.listing import list_models
from zoo.errors import ZooError
from zoo.run.console import quiet_lightning
from zoo.run.doctor import Doctor
from zoo.run.run import new_run
from zoo.run.train import fit

STEPS = 60  # of an epoch; two of them have six samples of the gradients
LARGE = 5_000_000  # parameters: such networks train hours on a CPU, and have not learned after 120 steps of few samples
LARGE_STEPS = 45  # of an epoch; two of them have five samples of the gradients, and end before outcomes are judged
LARGE_BATCH = 8
LARGEST = {"bert_base": 4, "bert_large": 4, "faster_rcnn_resnet50_v2": 1}  # batches: a step takes seconds of a core
LARGEST_LENGTH = 16  # tokens of a pair
SMALL_DATA = {"train_scenes": 240, "val_scenes": 32, "test_scenes": 8, "windows_per_epoch": 4096, "val_samples": 512}


@pytest.mark.slow
@pytest.mark.parametrize("name", list_models())
def test_a_healthy_run_is_silent(name, tmp_path):
    quiet_lightning()
    config: dict[str, Any] = catalog_run(name)
    config["data"] |= {key: value for key, value in SMALL_DATA.items() if key in config["data"]}
    config["trainer"] |= {"max_epochs": 2, "limit_train_batches": STEPS, "limit_val_batches": 4, "accelerator": "cpu"}
    config["model"].pop("threshold_folds", None)
    if name in LARGEST and "length" in config["data"]:
        config["data"]["length"] = LARGEST_LENGTH
    try:
        run = new_run(config, tmp_path, model=name, data="its data")
    except ZooError as error:
        if "fetch http" not in str(error):
            raise
        config["pretrained"] = "random"  # weights that cannot be fetched, of VGG: smaller images for it, too
        config["data"]["image_size"] = 64
        run = new_run(config, tmp_path, model=name, data="its data")
    if sum(parameter.numel() for parameter in run.task.parameters()) > LARGE:
        run.datamodule.batch_size = LARGEST.get(name, LARGE_BATCH)
        run.config["trainer"]["limit_train_batches"] = LARGE_STEPS
    trainer = run.training_trainer()
    fit(trainer, run.task, run.datamodule, None)
    (doctor,) = (callback for callback in trainer.callbacks if isinstance(callback, Doctor))
    assert doctor.findings == []
