"""Training, testing, saving and resuming on the device, for every kind of task."""

import contextlib

import pytest
import torch
from device_waits import DeviceWaits, Waits, train_within
from small_runs import MODELS, configuration, evaluated, fitted, results, trained

from zoo.checkpoints.load import load, read
from zoo.data.gather import gather_rows
from zoo.errors import ZooError
from zoo.hardware import device_name
from zoo.run.console import quiet_lightning
from zoo.run.run import new_run

pytestmark = pytest.mark.gpu
FULL = "trainer.precision=32-true"
WAITS = {"siamese": 2, "yolo": 3, "birnn_classifier": 3, "matrix_factorization": 2, "style_transfer": 20}
"""Largest number of waits in a training step: the pairs of an identity and their triplets; the assignment on each of
two levels, and the gradient of a product, for which PyTorch looks for zeros; the lengths and the order of packed
sequences; the distinct users and items of a batch; the search of L-BFGS."""


@pytest.fixture(autouse=True)
def _quiet():
    quiet_lightning()


SHAPES = {
    "matrix_factorization": (torch.zeros(2, dtype=torch.long, device="meta"),) * 2,  # a user and an item
    "fast_style_small": (torch.zeros(2, 3, 32, 32, device="meta"),),
    "style_transfer": (),
}
"""Inputs of networks whose task names none."""


def inputs(name, task, device):
    """Inputs of the network in its own shapes."""
    torch.manual_seed(0)
    with torch.device("meta"):
        values = SHAPES[name] if name in SHAPES else task.example_inputs(2)
    made = [torch.rand(v.shape) if v.is_floating_point() else torch.randint(2, v.shape, dtype=v.dtype) for v in values]
    return [value.to(device) for value in made]


@pytest.mark.parametrize("name", MODELS)
def test_trained_on_the_device_and_used_on_the_cpu_and_the_reverse(name, device, accelerator, tmp_path):
    last = trained(name, tmp_path / "there", accelerator, FULL, "callbacks=[ema]")
    assert results(last.parents[1])["device"] == device_name(device)
    task = load(last)
    with torch.inference_mode():
        here = task.network(*inputs(name, task, "cpu"))
        task.to(device)
        there = task.network(*inputs(name, task, device))
    parts = zip(here, there, strict=True) if isinstance(here, tuple) else [(here, there)]
    for ours, theirs in parts:
        torch.testing.assert_close(theirs.cpu(), ours, rtol=1e-3, atol=1e-4)
    on_cpu = evaluated(last, tmp_path / "cpu", "trainer.accelerator=cpu", FULL)
    on_device = evaluated(last, tmp_path / "device", accelerator, FULL)
    for found in (on_cpu, on_device):
        found.pop("ms_per_image", None)
    assert on_device == pytest.approx(on_cpu, rel=2e-2, abs=2e-2)


@pytest.mark.parametrize("name", MODELS)
def test_resumed_training_goes_on_where_it_ended(name, device, accelerator, tmp_path):
    words = [accelerator, FULL, "callbacks=[ema]", "scheduler=constant"]
    tolerance = {"rtol": 0.0, "atol": 0.0}
    try:
        ours, theirs = resumed_and_straight(name, tmp_path / "exact", *words, "deterministic=true")
    except ZooError as error:
        if "has no deterministic form" not in str(error):
            raise
        print(error)
        tolerance = {"rtol": 1e-2, "atol": 1e-2}
        words += ["optimizer=sgd"]  # Adam turns a rounding error near a zero gradient into a full step
        ours, theirs = resumed_and_straight(name, tmp_path / "near", *words)
    finally:
        torch.use_deterministic_algorithms(False)
    assert (ours["epoch"], ours["global_step"]) == (theirs["epoch"], theirs["global_step"])
    for part, value in theirs["state_dict"].items():
        torch.testing.assert_close(ours["state_dict"][part], value, **tolerance)


def resumed_and_straight(name, folder, *words):
    """The checkpoints of two epochs: one after the other by `resume`, and at once."""
    folder.mkdir()
    first = fitted(name, folder / "first", *words, epochs=1)
    resumed = fitted(name, folder / "resumed", *words, f"resume='{first}'", epochs=2)
    return read(resumed), read(fitted(name, folder / "straight", *words, epochs=2))


@pytest.mark.parametrize("name", MODELS)
def test_deterministic_training_repeats_every_bit(name, device, accelerator, tmp_path):
    words = [accelerator, "deterministic=true"]
    try:
        first, second = (read(fitted(name, tmp_path / part, *words))["state_dict"] for part in "ab")
    except ZooError as error:
        if "has no deterministic form" not in str(error):
            raise
        pytest.xfail(str(error))
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(torch.equal(first[part], value) for part, value in second.items())


@pytest.mark.parametrize("name", MODELS)
def test_a_step_waits_as_often_as_stated(name, device, accelerator, tmp_path):
    words = ["model.solver=torch"] if name == "matrix_factorization" else []  # that of a GPU
    config = configuration(name, accelerator, "trainer.max_epochs=1", *words)
    run = new_run(config, tmp_path, model=name, data="its data")
    waits = DeviceWaits() if device.type == "cuda" else Waits()
    train_within(run, waits, with_batch=device.type == "cuda")
    assert len(waits.found) <= WAITS.get(name, 0), " ".join([f"{len(waits.found)} waits:", *sorted(waits.found)])


def test_batches_are_copied_from_pinned_memory(device, accelerator, tmp_path):
    run = new_run(configuration("lenet5", accelerator, "trainer.max_epochs=1"), tmp_path, model="m", data="d")
    arrived = []
    transfer = run.datamodule.on_before_batch_transfer
    run.datamodule.on_before_batch_transfer = lambda batch, index: (arrived.append(batch), transfer(batch, index))[1]
    run.training_trainer().fit(run.task, datamodule=run.datamodule)
    assert arrived
    assert all(images.is_pinned() == (device.type == "cuda") for images, _ in arrived)


def test_rows_are_gathered_into_page_locked_memory(device):
    torch.zeros(1, device=device)  # CUDA is in use
    values, indices = torch.arange(60).view(5, 3, 4), torch.tensor([4, 0, 4])
    rows = gather_rows(values, indices)
    assert torch.equal(rows, values[indices])
    assert rows.is_pinned() == (device.type == "cuda")


def test_compiled_training_tests_and_reports(device, accelerator, tmp_path):
    if device.type == "cpu":
        pytest.skip("compiles for minutes without a GPU")
    eager = trained("lenet5", tmp_path / "eager", accelerator, FULL)
    compiled = trained("lenet5", tmp_path / "compiled", accelerator, FULL, "compile=true", "callbacks=[ema]")
    ours, theirs = (results(last.parents[1])["test"] for last in (compiled, eager))
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=0.2)
    assert (compiled.parents[1] / "report" / "index.html").is_file()


@pytest.mark.parametrize("trainer", ["ddp", "fsdp"])
def test_one_process_of_several(trainer, device, accelerator, tmp_path):
    alone = fitted("resnet18", tmp_path / "alone", accelerator, FULL, "channels_last=false")
    words = [f"trainer={trainer}", "trainer.devices=1", accelerator, FULL, "callbacks=[ema]"]
    try:
        last = fitted("resnet18", tmp_path / trainer, *words, f"trainer.sync_batchnorm={device.type == 'cuda'}".lower())
    finally:
        with contextlib.suppress(AssertionError, ValueError):
            torch.distributed.destroy_process_group()
    for part, value in read(alone)["state_dict"].items():
        torch.testing.assert_close(read(last)["current_model_state"][part], value, rtol=1e-2, atol=1e-2, msg=part)


def test_memory_that_is_full_is_answered_with_a_batch_size(device, accelerator, tmp_path, monkeypatch):
    if device.type == "cuda":
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved(device) + 2**26) / total)
    else:
        monkeypatch.setattr("zoo.tasks.classification.Classification.step", _full)
    try:
        with pytest.raises(ZooError, match=r"out of memory with data.batch_size=32: try data.batch_size=16"):
            trained("resnet50", tmp_path / "run", accelerator, "data=digits_64x64_rgb", "data.batch_size=32")
    finally:
        if device.type == "cuda":
            torch.cuda.set_per_process_memory_fraction(1.0)


def _full(*_):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB.")


def test_predictions_are_those_of_the_cpu(device, command, accelerator, tmp_path):
    from PIL import Image

    last = trained("lenet5", tmp_path / "run", accelerator, FULL)
    Image.new("L", (40, 40), 90).save(tmp_path / "gray.png")
    tables = []
    for place in ("cpu", device.type):
        words = [f"checkpoint='{last}'", f"source='{tmp_path / 'gray.png'}'", f"device={place}"]
        ended = command("predict", *words, f"hydra.run.dir='{tmp_path / f'predicted_{place}'}'")
        assert ended.code == 0, ended.err
        assert f"device: {device_name(torch.device(place))} (as requested)" in ended.out + ended.err
        row = (tmp_path / f"predicted_{place}" / "predictions.csv").read_text().splitlines()[1].split(",")
        tables.append((row[1], float(row[2])))
    assert tables[1] == (tables[0][0], pytest.approx(tables[0][1], abs=1e-3))
