"""Pre-training by command: wrong text, and interruptions."""

import json
import os
import signal
from pathlib import Path

import pytest
import torch

from zoo.checkpoints.load import read

SMALL = ["model=bert_tiny", "data=text", "data.vocab_size=120", "data.length=32", "data.batch_size=4"]
QUICK = [*SMALL, "trainer=cpu", "trainer.devices=1", "baselines=false", "trainer.max_epochs=2"]


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    """The option of a file with 24 documents."""
    words = [f"{first}{second}" for first in "bdklm" for second in ("ara", "ota", "ino", "usi", "epo")]
    documents = ["\n".join(" ".join(words[(n + k * j) % 25] for k in range(9)) for j in range(12)) for n in range(24)]
    (tmp_path / "corpus.txt").write_text("\n\n".join(documents))
    return f"data.path='{tmp_path}/corpus.txt'"


def final(folder: Path) -> Path:
    return max((folder / "runs" / "bert_tiny-text").iterdir(), key=lambda path: path.name)


def state(folder: Path) -> dict[str, torch.Tensor]:
    return read(final(folder) / "checkpoints" / "last.ckpt")["state_dict"]


def loss(folder: Path) -> float:
    return json.loads((final(folder) / "metrics.json").read_text())["test"]["mlm_loss"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "corpus.txt, byte 8: 0xe9 is no UTF-8"),
        (["data.next_sentence=false", "data.length=4"], "`data.length` (=4) must be at least 8"),
    ],
)
def test_wrong_text_ends_in_one_line(refused, tmp_path: Path, words, message: str):
    (tmp_path / "corpus.txt").write_bytes(b"good\ncaf\xe9")
    assert message in refused(*QUICK, f"data.path='{tmp_path}/corpus.txt'", *words)


@pytest.mark.slow
def test_a_run_that_is_stopped_within_an_epoch_ends_as_one_that_is_not(command, corpus, tmp_path, monkeypatch):
    assert command("train", *QUICK, corpus, folder=tmp_path / "whole").code == 0

    from zoo.run.throughput import Throughput

    end = Throughput.on_train_batch_end

    def interrupting(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.global_step == 7:
            os.kill(os.getpid(), signal.SIGTERM)
        end(self, trainer, pl_module, outputs, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(Throughput, "on_train_batch_end", interrupting)
        assert command("train", *QUICK, corpus, folder=tmp_path / "parts").code == 143
    resumed = command("train", *QUICK, corpus, "resume=auto", folder=tmp_path / "parts")
    assert resumed.code == 0, resumed.err
    assert "step 7" in resumed.out
    theirs, ours = state(tmp_path / "whole"), state(tmp_path / "parts")
    assert theirs.keys() == ours.keys()
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)
    assert loss(tmp_path / "whole") == loss(tmp_path / "parts")
