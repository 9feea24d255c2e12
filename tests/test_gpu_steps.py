"""A training step gives a GPU no reason to wait and keeps to one device, as far as a CPU can tell."""

import pytest
import torch
import yaml
from device_waits import SMALL, Waits, small_run, train_within
from fake_gpu import GPU, train_and_validate_on_fake_gpu
from small_runs import set_up

from zoo.config.compose import compose
from zoo.config.listing import CONFIG_DIR

EXPECTED = {
    # a step of the default training of a model: the waits in it, and why
    "lenet5": (0, ""),
    "googlenet": (0, ""),
    "landmarks": (0, ""),
    "gru": (0, ""),
    "gru_last": (0, ""),
    "gru_quantile": (0, ""),
    "siamese": (2, "the pairs of an identity, and the triplets among them"),
    "conv3d": (0, ""),
    "yolo": (2, "the assignment of objects on each of two levels"),
    "two_layer": (0, ""),
    "two_layer_regression": (0, ""),
    "bert_tiny": (0, ""),
    "bert_tiny_classifier": (0, ""),
    "birnn_classifier": (2, "the lengths of packed sequences, which PyTorch reads on the CPU"),
    "matrix_factorization": (2, "the distinct users and the distinct items of a batch"),
    "matrix_factorization_bpr": (3, "the same, and the users that have an unrated item"),
    "matrix_factorization_logistic": (2, "the same as matrix_factorization"),
    "nonnegative_factorization": (2, "the same as matrix_factorization"),
    "ssdlite320_mobilenet_v3": (24, "torchvision's loss loops over the 4 images of the batch"),
    "fast_style_small": (35, "Muon of timm reads how many steps each tensor had, which it counts on the CPU"),
    "adain_small": (0, ""),
    "style_transfer": (8, "L-BFGS reads the cost, norms of the gradient, and products with earlier steps"),
}
UNFAKED = {
    "birnn_classifier": "PyTorch's fake packed sequences have their sizes on the GPU",
    "ssdlite320_mobilenet_v3": "its loss fails with 'tuple index out of range'; the cause is unknown",
    "style_transfer": "a step of L-BFGS is a search; its loss is that of fast_style",
}
VALIDATION = {
    "landmarks": (1, "the images with an object"),
    "siamese": (2, "as in training"),
    "yolo": (26, "the assignment, and of each of 8 images the boxes above the threshold and those that remain"),
    "matrix_factorization": (1, "the known users and items"),
    "matrix_factorization_bpr": (1, "the known users and items"),
    "matrix_factorization_logistic": (1, "the known users and items"),
    "nonnegative_factorization": (1, "the known users and items"),
}
"""Waits of a validation step with its metrics, and why; the others have none."""
OF_THE_CPU = {"fast_style_small": 35}  # of these, which no GPU has
FIRST_STEP = {"matrix_factorization_bpr": 1}  # more waits: the known pairs are sorted once
UNCOUNTED = {
    "zoo.tasks.classification.table.solved.SolvedClassification": "solved by scikit-learn on the CPU",
    "zoo.tasks.regression.table.solved.SolvedRegression": "solved by scikit-learn on the CPU",
}
"""Tasks of the catalog whose steps are not counted here, and why."""


def test_every_task_of_the_catalog_has_a_model_here():
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (CONFIG_DIR / "model").glob("*.yaml")]
    targets = {file["model"]["_target_"] for file in files if "_target_" in file.get("model", {})}
    counted = {compose([f"model={name}"]).model._target_ for name in EXPECTED}
    assert targets - counted == {*UNCOUNTED}


@pytest.fixture(scope="module", params=EXPECTED)
def run(request, tmp_path_factory):
    words = [f"model={request.param}", "trainer=cpu", *SMALL[request.param]]
    return request.param, small_run(words, tmp_path_factory.mktemp(request.param))


def test_a_step_of_the_default_training_waits_as_often_as_stated(run):
    name, training = run
    waits = Waits()
    train_within(training, waits)
    count, why = EXPECTED[name]
    assert len(waits.found) == count, (why, waits.found)


@pytest.mark.filterwarnings("ignore:.*create_unbacked_symint:FutureWarning")  # of torchvision's NMS
def test_a_step_keeps_to_the_device_of_its_batch(run):
    if (why := UNFAKED.get(run[0])) is not None:
        pytest.skip(why)
    steps = train_and_validate_on_fake_gpu(run[1])
    assert all(loss.device.type == "cuda" and loss.ndim == 0 for loss in steps.losses)
    expected = EXPECTED[run[0]][0] + FIRST_STEP.get(run[0], 0) - OF_THE_CPU.get(run[0], 0)
    assert len(steps.waits) == expected, steps.waits
    count, why = VALIDATION.get(run[0], (0, ""))
    assert len(steps.validation_waits) == count, (why, steps.validation_waits)


def test_a_planted_wait_is_found(tmp_path, monkeypatch):
    run = small_run(["model=lenet5", "trainer=cpu", "callbacks=ema"], tmp_path)
    step = run.task.step

    def reads_the_loss(batch, stage):
        loss = step(batch, stage)
        assert loss.item() > 0
        return loss

    monkeypatch.setattr(run.task, "step", reads_the_loss)
    waits = Waits()
    train_within(run, waits)
    (found,) = waits.found
    assert "the value of a tensor" in found


def test_a_planted_tensor_of_the_cpu_in_a_loss_is_found(tmp_path):
    run = small_run(["model=lenet5", "trainer=cpu"], tmp_path)
    loss = run.task.loss.forward
    run.task.loss.forward = lambda logits, labels: loss(logits * torch.ones(logits.shape), labels)
    with pytest.raises(RuntimeError, match="same device|different devices"):
        train_and_validate_on_fake_gpu(run)


def test_a_planted_copy_to_the_host_is_found(tmp_path):
    run = small_run(["model=lenet5", "trainer=cpu"], tmp_path)
    normalize = run.datamodule.normalize
    run.datamodule.normalize = lambda batch: (normalize(batch)[0].cpu().to(GPU, non_blocking=True), batch[1])
    (found,) = train_and_validate_on_fake_gpu(run).waits
    assert "a copy from cuda to cpu" in found


def test_a_planted_copy_in_a_validation_metric_is_found(tmp_path):
    run = small_run(["model=gru", "trainer=cpu"], tmp_path)
    set_up(run.task, run.datamodule)
    errors = run.task.metrics["val"]["errors"]
    update = errors.update
    errors.update = lambda forecast, target, last: update(forecast.cpu().to(GPU, non_blocking=True), target, last)
    steps = train_and_validate_on_fake_gpu(run)
    assert steps.waits == []
    (found,) = steps.validation_waits
    assert "a copy from cuda to cpu" in found


def test_masks_and_values_wait_and_the_rest_does_not():
    values, mask = torch.arange(4.0), torch.tensor([True, False, True, False])
    with Waits() as waits:
        values[mask]
        values.masked_select(mask)
        mask.nonzero()
        values[0].item()
        bool(mask[0])
    assert len(waits.found) == 5
    with Waits() as waits:
        values[torch.tensor([0, 2])]
        torch.where(mask, values, 0.0).sum()
        values[mask] = 1.0
    assert waits.found == []
