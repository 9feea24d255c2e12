import csv
import json
import os
import signal

import pytest
import torch

from zoo.checkpoints.load import load, read
from zoo.run.build import build_data

QUICK = ["trainer.max_epochs=2", "trainer.accelerator=cpu", "trainer.devices=1", "baselines=false"]
TIMES = {"samples_per_second", "waiting_for_data"}
FIRST_RUN = "runs/lenet5-digits"


def weights(run, name="last"):
    return read(run / "checkpoints" / f"{name}.ckpt")["state_dict"]


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def curve(run):
    """The rows of `metrics.csv` without the columns of time."""
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{name: value for name, value in row.items() if name not in TIMES} for row in rows]


def newest(folder):
    return max((folder / FIRST_RUN).iterdir(), key=lambda path: path.name)


def test_a_run_leaves_what_it_promises(command):
    ended = command("train", "trainer.max_epochs=2", rendered=True)
    assert ended.code == 0, ended.err
    assert "lenet5 on digits: 61,706 parameters, 833 kFLOPs a sample forward" in ended.out
    assert "device: " in ended.out
    assert "precision: " in ended.out
    assert "epoch 2/2  train/loss " in ended.out
    assert "samples/s" in ended.out
    assert f"report: {ended.run}/report/index.html" in ended.out
    results = json.loads((ended.run / "metrics.json").read_text())
    assert results["model"] == "lenet5"
    assert results["data"] == "digits"
    assert results["parameters"] == 61_706
    assert results["epochs"] == 2
    assert results["seconds"] > 0
    assert results["samples_per_second"] > 0
    assert 0 <= results["waiting_for_data"] < 1
    assert results["flops"] == 833_040
    assert results["test"].keys() >= {"accuracy", "top5", "ece", "f1", "loss"}
    assert results["baselines"]["majority class"]["accuracy"] < 0.2 < results["test"]["accuracy"]
    assert results["baselines"]["logistic regression"]["accuracy"] > 0.9
    with (ended.run / "metrics.csv").open() as file:
        assert {
            *("train/accuracy", "val/accuracy", "train/loss", "val/loss"),
            *("samples_per_second", "waiting_for_data"),
        } <= set(csv.DictReader(file).fieldnames)
    assert "of the time spent waiting for data" in (ended.run / "report" / "index.html").read_text()
    assert (ended.run / ".hydra" / "config.yaml").is_file()
    assert list((ended.run / "report").glob("*.png"))


def test_a_checkpoint_predicts_what_the_test_measured(trained):
    run = trained.parents[1]
    model = load(run / "checkpoints" / "best.ckpt")
    datamodule = build_data(model.card["data_config"])
    images, labels = datamodule.normalize(datamodule.dataset("test")[torch.arange(len(datamodule.dataset("test")))])
    accuracy = (model.predict_step(images).argmax(1) == labels).float().mean().item()
    assert accuracy == pytest.approx(json.loads((run / "metrics.json").read_text())["test"]["accuracy"], abs=1e-6)


def test_the_same_seed_gives_the_same_numbers_bit_for_bit(command, tmp_path):
    runs = [command("train", *QUICK, "deterministic=true", folder=tmp_path / name).run for name in ("a", "b")]
    assert same(weights(runs[0]), weights(runs[1]))
    other = command("train", *QUICK, "seed=1", folder=tmp_path / "c").run
    assert not same(weights(runs[0]), weights(other))


def test_a_run_that_is_stopped_twice_within_an_epoch_ends_as_one_that_is_not(command, tmp_path, monkeypatch):
    words = ["trainer.max_epochs=4", "callbacks=[ema]", "scheduler=one_cycle", "baselines=false", "trainer=cpu"]
    uninterrupted = command("train", *words, folder=tmp_path / "uninterrupted").run

    from zoo.run.throughput import Throughput

    end = Throughput.on_train_batch_end

    def interrupting(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.global_step == interrupting.step:
            os.kill(os.getpid(), signal.SIGTERM)
        end(self, trainer, pl_module, outputs, batch, batch_idx)

    folder = tmp_path / "parts"
    with monkeypatch.context() as patch:
        patch.setattr(Throughput, "on_train_batch_end", interrupting)
        for interrupting.step, resume in ((15, []), (40, ["resume=auto"])):
            stopped = command("train", *words, *resume, folder=folder)
            assert stopped.code == 143
            assert stopped.err == (
                "\nzoo-train: stopped by SIGTERM; resume=auto continues from checkpoints/last.ckpt\n"
            )
    resumed = command("train", *words, "resume=auto", folder=folder)
    assert resumed.code == 0, resumed.err
    assert "after epoch 1, step 40" in resumed.out
    run = newest(folder)
    theirs, ours = read(uninterrupted / "checkpoints" / "last.ckpt"), read(run / "checkpoints" / "last.ckpt")
    assert curve(run) == curve(uninterrupted)
    assert same(theirs["state_dict"], ours["state_dict"])
    assert same(theirs["current_model_state"], ours["current_model_state"])
    assert str(theirs["optimizer_states"]) == str(ours["optimizer_states"])


def test_a_run_that_is_stopped_before_its_report_is_resumed_to_get_it(command, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("zoo.run.train.write_results", lambda *_: os.kill(os.getpid(), signal.SIGINT))
        stopped = command("train", *QUICK)
    assert stopped.code == 130
    assert stopped.err == "\nzoo-train: stopped by SIGINT; what was written stays\n"
    resumed = command("train", *QUICK, "resume=auto")
    assert resumed.code == 0, resumed.err
    assert "trained to its end: testing and reporting it" in resumed.out
    run = newest(resumed.folder)
    assert json.loads((run / "metrics.json").read_text())["epochs"] == 2
    assert curve(run) == curve(min(run.parent.iterdir()))
    assert "that run is finished" in command("train", *QUICK, "resume=auto").err


def test_a_finished_run_is_resumed_with_more_epochs_and_with_the_new_rate(command):
    first = command("train", *QUICK)
    checkpoint = first.run / "checkpoints" / "last.ckpt"
    refused = command("train", *QUICK, f"resume={checkpoint}")
    assert refused.code == 2
    assert "that run is finished, epoch 2 of 2; to train on, raise trainer.max_epochs above 2" in refused.err
    other = command("train", *QUICK, f"resume={checkpoint}", "optimizer=sgd")
    assert other.code == 2
    assert "its `optimizer._target_` is torch.optim.adamw.AdamW, here it is torch.optim.sgd.SGD" in other.err
    raised = command("train", *QUICK, f"resume={checkpoint}", "trainer.max_epochs=3", "optimizer.lr=1e-9")
    assert raised.code == 0, raised.err
    said = "after epoch 2: optimizer.lr 0.005 → 1e-09, trainer.max_epochs 2 → 3"
    assert f"changed {said}; the schedule spans the new length of training" in raised.out
    run = newest(first.folder)
    assert json.loads((run / "metrics.json").read_text())["epochs"] == 3
    assert said in (run / "report" / "index.html").read_text().replace("&#x27;", "'")
    assert read(run / "checkpoints" / "last.ckpt")["zoo"]["recipe"]["changed_on_resume"] == [said]
    with (run / "metrics.csv").open() as file:
        losses = [float(row["val/loss"]) for row in csv.DictReader(file) if row["val/loss"]]
    assert losses[2] == pytest.approx(losses[1], abs=1e-4)


def test_debug_runs_one_batch_and_saves_nothing(command):
    ended = command("train", "trainer=debug")
    assert ended.code == 0, ended.err
    assert "one batch of each stage ran through; nothing was saved" in ended.out
    assert not list(ended.folder.rglob("*.ckpt"))


def test_without_a_validation_the_last_state_is_tested(command):
    ended = command("train", "+trainer.max_steps=2", "trainer.max_epochs=1", "trainer=cpu", "baselines=false")
    assert ended.code == 0, ended.err
    assert "nothing was validated: best.ckpt is the last state" in ended.out
    assert "accuracy" in json.loads((ended.run / "metrics.json").read_text())["test"]
    assert same(weights(ended.run, "best"), weights(ended.run, "last"))


def test_a_loss_that_becomes_nan_stops_and_keeps_the_last_good_checkpoint(command, monkeypatch):
    from zoo.losses.cross_entropy import CrossEntropy

    forward, calls = CrossEntropy.forward, []

    def spoiled(self, logits, target):
        calls.append(1)
        return forward(self, logits, target) * (float("nan") if len(calls) > 60 else 1)

    monkeypatch.setattr(CrossEntropy, "forward", spoiled)
    ended = command("train", "trainer.max_epochs=4", "baselines=false")
    assert ended.code == 2
    assert "the training loss became nan in epoch 2" in ended.err
    assert all(torch.isfinite(value).all() for value in weights(ended.run).values())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["callbacks=[early_stopping]", "trainer.accumulate_grad_batches=2", "trainer.gradient_clip_val=0.5"], ""),
        (["scheduler=plateau", "optimizer=sgd"], ""),
        (["find_lr=true"], "learning rate found: "),
        (
            ["data.batch_size=auto"],
            "batch size found: 1024, the largest power of two that fits in memory and in the data",
        ),
    ],
)
def test_options_run(command, words, expected):
    ended = command("train", *QUICK, *words)
    assert ended.code == 0, ended.err
    assert expected in ended.out


def test_a_sweep_runs_once_for_each_value(command):
    ended = command("train", "-m", *QUICK, "seed=0,1", "trainer.max_epochs=1")
    assert ended.code == 0, ended.err
    assert len(list(ended.folder.rglob("metrics.json"))) == 2


def test_a_value_that_ends_a_sweep_leaves_the_table_of_the_runs_before(command):
    ended = command("train", "-m", *QUICK, "optimizer.lr=1e-3,abc", "trainer.max_epochs=1")
    assert ended.code == 2
    assert ended.err.endswith("zoo-train: `optimizer.lr` (=abc) must be a number, such as 0.005\n")
    (table,) = ended.folder.glob("runs/sweeps/*/sweep.csv")
    with table.open(encoding="utf-8") as file:
        assert [row["optimizer.lr"] for row in csv.DictReader(file)] == ["0.001"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("seed=-1", "`seed` (=-1) must lie in 0 … 4294967295"),
        ("trainer.max_epochs=0", "`trainer.max_epochs` (=0) must be at least 1"),
        ("trainer.precision=banana", "`trainer.precision` (=banana) must be auto or one of: 32-true, 16-mixed"),
        ("trainer.gradient_clip_val=abc", "`trainer.gradient_clip_val` (=abc) must be a finite number of at least 0"),
        ("trainer=ddp", "`trainer.devices` (=-1) means all GPUs and none was found"),
    ],
)
def test_options_that_no_trainer_takes(command, word, message, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    ended = command("train", word)
    assert ended.code == 2
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1


def test_tensorboard_writes_beside_the_csv(command):
    ended = command("train", *QUICK, "trainer.max_epochs=1", "logger=[tensorboard]")
    assert ended.code == 0, ended.err
    assert list((ended.run / "tensorboard").glob("events.out.tfevents.*"))
    assert (ended.run / "metrics.csv").is_file()


def test_the_configuration_is_printed_with_options_of_hydra_after_words(command):
    ended = command("train", "seed=7", "--cfg", "job")
    assert ended.code == 0, ended.err
    assert "\nseed: 7\n" in ended.out
