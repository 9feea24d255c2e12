"""Two CPU processes train together and give the metrics of one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from zoo.checkpoints.load import load, read

ROOT = Path(__file__).parents[2]
QUICK = ["trainer=ddp", "trainer.accelerator=cpu", "baselines=false"]


def run(folder, script, *words):
    ended = subprocess.run(
        [sys.executable, ROOT / script, *QUICK, *words], cwd=folder, capture_output=True, text=True, timeout=600
    )
    assert ended.returncode == 0, ended.stderr
    return max((folder / words[-1].removeprefix("runs=")).rglob("metrics.json"))  # of several runs the newest


@pytest.mark.slow
def test_two_processes_measure_what_one_does_on_a_split_that_two_does_not_divide(tmp_path):
    trained = run(tmp_path, "train.py", "trainer.devices=2", "trainer.max_epochs=1", "runs=trained")
    assert len(list((tmp_path / "trained").rglob(".hydra"))) == 1, "one run directory for both"
    checkpoint = f"checkpoint={trained.parent}/checkpoints/best.ckpt"
    measured = [
        json.loads(run(tmp_path, "scripts/evaluate.py", checkpoint, f"trainer.devices={n}", f"runs=on{n}").read_text())
        for n in (1, 2)
    ]
    assert measured[0]["test"]["accuracy"] == measured[1]["test"]["accuracy"]
    assert measured[0]["test"] == pytest.approx(measured[1]["test"], rel=1e-6)
    assert measured[0]["test"]["accuracy"] * 359 == pytest.approx(
        round(measured[0]["test"]["accuracy"] * 359), abs=1e-3
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "data", "baselines"),
    [
        ("yolo", "digit_scenes", {"sliding LeNet-5"}),
        ("landmarks", "digit_corners", {"mean points", "ridge regression"}),
    ],
)
def test_the_first_of_two_processes_measures_baselines_and_reports_alone(tmp_path, model, data, baselines):
    small = ["data.train_scenes=32", "data.val_scenes=3", "data.test_scenes=5"]
    words = ["trainer.devices=2", "trainer.sync_batchnorm=false", "trainer.max_epochs=1", "baselines=true"]
    trained = run(tmp_path, "train.py", f"model={model}", f"data={data}", *small, *words, "runs=trained")
    assert (trained.parent / "report" / "index.html").is_file()
    together = json.loads(trained.read_text())
    assert together["baselines"].keys() == baselines
    checkpoint = f"checkpoint={trained.parent}/checkpoints/best.ckpt"
    alone = json.loads(run(tmp_path, "scripts/evaluate.py", checkpoint, "trainer.devices=1", "runs=alone").read_text())
    assert {name: value for name, value in together["test"].items() if name != "loss"} == pytest.approx(
        {name: value for name, value in alone["test"].items() if name != "loss"}, rel=1e-5, abs=1e-6
    )


@pytest.mark.slow
def test_two_processes_pretrain_what_one_does(tmp_path):
    """The same joint batches and masks; only the means over the masked tokens of both halves are averaged."""
    words = [f"{first}{second}" for first in "bdklm" for second in ("ara", "ota", "ino", "usi", "epo")]
    documents = ["\n".join(" ".join(words[(n + k * j) % 25] for k in range(9)) for j in range(12)) for n in range(24)]
    (tmp_path / "corpus.txt").write_text("\n\n".join(documents))
    data = ["data=text", f"data.path='{tmp_path}/corpus.txt'", "data.vocab_size=120", "data.length=32"]
    settings = ["model=bert_tiny", *data, "trainer.max_epochs=2"]
    one, two = (
        run(tmp_path, "train.py", *settings, f"trainer.devices={n}", f"data.batch_size={8 // n}", f"runs=on{n}")
        for n in (1, 2)
    )
    theirs, ours = (read(path.parent / "checkpoints" / "last.ckpt")["state_dict"] for path in (one, two))
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, atol=5e-3, rtol=0, msg=name)
    losses = [json.loads(path.read_text())["test"]["mlm_loss"] for path in (one, two)]
    assert losses[1] == pytest.approx(losses[0], rel=2e-3)
    best = f"checkpoint={two.parent}/checkpoints/best.ckpt"
    alone = run(tmp_path, "scripts/evaluate.py", best, f"+{data[1]}", "trainer.devices=1", "runs=alone")
    assert json.loads(alone.read_text())["test"]["mlm_loss"] == pytest.approx(losses[1], rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["matrix_factorization", "matrix_factorization_bpr"])
def test_two_processes_factorize_as_one_does(tmp_path, model):
    """Of ratings both update the rows of the joint batch; each draws its own unobserved items."""
    settings = [f"model={model}", "data.num_ratings=20000", "trainer.max_epochs=2", "model.solver=torch"]
    one, two = (
        run(tmp_path, "train.py", *settings, f"trainer.devices={n}", f"data.batch_size={512 // n}", f"runs=on{n}")
        for n in (1, 2)
    )
    tests = [json.loads(path.read_text())["test"] for path in (one, two)]
    if model.endswith("bpr"):
        assert tests[1]["auc"] == pytest.approx(tests[0]["auc"], abs=0.02)
        return
    theirs, ours = (read(path.parent / "checkpoints" / "last.ckpt")["state_dict"] for path in (one, two))
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, atol=1e-5, rtol=1e-5, msg=name)
    assert tests[1] == pytest.approx(tests[0], rel=1e-4)


@pytest.mark.slow
def test_processes_that_torchrun_starts_leave_one_run_directory(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes=1", "--nproc-per-node=2", ROOT / "train.py"]
    words = [*QUICK, "trainer.devices=2", "trainer.num_nodes=1", "trainer.max_epochs=1"]
    ended = subprocess.run([*command, *words], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    (run_dir,) = (tmp_path / "runs" / "lenet5-digits").iterdir()
    assert (run_dir / "report" / "index.html").is_file()
    assert (run_dir / ".hydra" / "config.yaml").is_file()
    assert ended.stdout.count("lenet5 on digits") == 1


@pytest.mark.slow
def test_divided_weights_learn_and_are_saved_as_whole_ones_do(tmp_path):
    words = [
        "trainer.devices=2",
        "optimizer=sgd",
        "scheduler=constant",
        "callbacks=[ema]",
        "trainer.gradient_clip_val=1",
    ]
    runs = [
        run(tmp_path, "train.py", *words, f"trainer={trainer}", f"trainer.max_epochs={epochs}", *resume, f"runs={runs}")
        for trainer, epochs, resume, runs in (
            ("ddp", 2, [], "ddp"),
            ("fsdp", 1, [], "fsdp"),
            ("fsdp", 2, ["resume=auto"], "fsdp"),
        )
    ]
    theirs, ours = (read(run.parent / "checkpoints" / "last.ckpt") for run in (runs[0], runs[2]))
    for part in ("state_dict", "current_model_state"):
        assert theirs[part].keys() == ours[part].keys()
        for name, value in theirs[part].items():
            torch.testing.assert_close(ours[part][name], value, rtol=1e-4, atol=1e-5)
    momenta = [checkpoint["optimizer_states"][0]["state"].values() for checkpoint in (theirs, ours)]
    shapes = [sorted(state["momentum_buffer"].shape for state in states) for states in momenta]
    assert shapes[0] == shapes[1]
    best = runs[2].parent / "checkpoints" / "best.ckpt"
    assert load(best)(torch.zeros(1, 1, 32, 32)).shape == (1, 10)
    alone = run(tmp_path, "scripts/evaluate.py", f"checkpoint={best}", "trainer.devices=1", "runs=alone")
    measured = [json.loads(path.read_text())["test"] for path in (runs[2], alone)]
    assert measured[0] == pytest.approx(measured[1], rel=1e-5)
    last = runs[0].parent / "checkpoints" / "last.ckpt"
    refused = subprocess.run(
        [sys.executable, ROOT / "train.py", *QUICK, *words, "trainer=fsdp", "trainer.max_epochs=3", f"resume={last}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 2
    assert "it was not saved with trainer=fsdp; go on with its own trainer" in refused.stderr


@pytest.mark.slow
def test_processes_that_slurm_starts_leave_one_run_directory(tmp_path):
    """As `srun` would start two tasks on one node."""
    slurm = {"JOB_ID": "4711", "JOB_NAME": "train", "NTASKS": "2", "NTASKS_PER_NODE": "2", "NODELIST": "localhost"}
    words = [*QUICK, "trainer.devices=2", "trainer.max_epochs=1"]
    tasks = []
    for rank in "01":
        names = slurm | {"PROCID": rank, "LOCALID": rank, "NODEID": "0"}
        tasks.append(
            subprocess.Popen(
                [sys.executable, ROOT / "train.py", *words],
                cwd=tmp_path,
                env=os.environ | {f"SLURM_{name}": value for name, value in names.items()},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    outputs = [task.communicate(timeout=300) for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], outputs
    (run_dir,) = (tmp_path / "runs" / "lenet5-digits").iterdir()
    assert (run_dir / "report" / "index.html").is_file()
    assert [out.count("lenet5 on digits") for out, _ in outputs] == [1, 0]
