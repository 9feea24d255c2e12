import pytest
import torch

from zoo.checkpoints.io import StreamingCheckpointIO, link


def test_a_checkpoint_is_written_into_a_new_folder(tmp_path):
    path = tmp_path / "new" / "best.ckpt"
    StreamingCheckpointIO().save_checkpoint({"weight": torch.ones(3)}, path)
    assert torch.load(path, weights_only=True)["weight"].tolist() == [1.0, 1.0, 1.0]
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "best.ckpt"
    StreamingCheckpointIO().save_checkpoint({"epoch": 1}, path)
    with pytest.raises(AttributeError, match="pickle"):
        StreamingCheckpointIO().save_checkpoint({"epoch": 2, "hook": lambda: None}, path)
    assert torch.load(path, weights_only=True) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_second_name_keeps_its_content_when_the_first_is_written_anew(tmp_path):
    best, last = tmp_path / "best.ckpt", tmp_path / "last.ckpt"
    StreamingCheckpointIO().save_checkpoint({"epoch": 1}, best)
    link(best, last)
    link(best, last)
    assert best.samefile(last)
    StreamingCheckpointIO().save_checkpoint({"epoch": 2}, last)
    assert [torch.load(path, weights_only=True)["epoch"] for path in (best, last)] == [1, 2]


def test_a_file_system_without_second_names_gets_a_copy(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("not supported")

    monkeypatch.setattr("os.link", refuse)
    best, last = tmp_path / "best.ckpt", tmp_path / "last.ckpt"
    best.write_bytes(b"new")
    last.write_bytes(b"old")
    link(best, last)
    assert last.read_bytes() == b"new"
    assert not last.samefile(best)
