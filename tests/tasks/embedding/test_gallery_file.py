"""The file of a gallery."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from galleries import axis, model

from zoo.errors import ZooError
from zoo.losses.contrastive import VerificationLoss
from zoo.tasks.embedding.fingerprint import fingerprint
from zoo.tasks.embedding.gallery_file import load_gallery, locked, read_gallery, save_gallery


@pytest.mark.parametrize("name", ["people.gallery", "people.safetensors", "people"])
def test_a_file_comes_back_as_it_was(gallery, task, tmp_path, name):
    save_gallery(gallery, tmp_path / "deep" / name)
    again = load_gallery(tmp_path / "deep" / name, task)
    assert again.names == gallery.names
    assert torch.equal(again.vectors, gallery.vectors)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == [name]


def test_no_file_is_an_empty_gallery(task, tmp_path):
    gallery = load_gallery(tmp_path / "people.gallery", task)
    assert gallery.people == {}
    with pytest.raises(ZooError, match="the gallery is empty: enroll somebody first"):
        gallery.search(task, axis(0), 1)


def test_another_models_gallery_is_refused(gallery, tmp_path):
    save_gallery(gallery, tmp_path / "g")
    with pytest.raises(ZooError, match="was enrolled with another model"):
        load_gallery(tmp_path / "g", model(seed=1))
    other_size = model()
    other_size.card = {"preprocessing": {"size": 5}}
    with pytest.raises(ZooError, match="was enrolled with another model"):
        load_gallery(tmp_path / "g", other_size)


@pytest.mark.parametrize("part", [0, 1, 100, 700, -1])
def test_a_file_that_was_cut_short_is_refused(gallery, tmp_path, part):
    path = tmp_path / "g"
    save_gallery(gallery, path)
    path.write_bytes(path.read_bytes()[:part])
    with pytest.raises(ZooError, match=r"cannot be read|is refused"):
        read_gallery(path)


def test_every_edited_entry_is_refused(gallery, tmp_path):
    path = tmp_path / "g"
    save_gallery(gallery, path)
    content = torch.load(path, weights_only=True)
    edits = {"names": ["eve", "eve", "bob"], "vectors": content["vectors"].flip(0), "model": "0", "digest": "0"}
    for key, value in edits.items():
        torch.save(content | {key: value}, path)
        with pytest.raises(ZooError, match="it was changed after it was written"):
            read_gallery(path)
    torch.save({key: value for key, value in content.items() if key != "vectors"}, path)
    with pytest.raises(ZooError, match="it was changed after it was written"):
        read_gallery(path)


@pytest.mark.parametrize(
    "entry",
    [
        {"names": [torch.zeros(1)] * 3},
        {"names": ["ann", "bob"]},
        {"vectors": torch.zeros(3, 4).to_sparse()},
        {"vectors": torch.zeros(12)},
        {"vectors": torch.zeros(3, 4, dtype=torch.long)},
        {"vectors": torch.zeros(3, 4, device="meta")},
        {"digest": torch.zeros(2)},
    ],
)
def test_malformed_entries_are_refused_whatever_the_digest(gallery, tmp_path, monkeypatch, entry):
    save_gallery(gallery, tmp_path / "g")
    content = torch.load(tmp_path / "g", weights_only=True)
    torch.save(content | entry, tmp_path / "g")
    monkeypatch.setattr("zoo.tasks.embedding.gallery_file.digest", lambda *_: content["digest"])
    with pytest.raises(ZooError, match="it was changed after it was written"):
        read_gallery(tmp_path / "g")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"weights": torch.ones(1)}, "g is no gallery$"),
        ({"zoo_gallery": torch.ones(2)}, "g is no gallery$"),
        ({"zoo_gallery": 1}, "is a gallery of format 1, and this version reads 2: enroll the images again"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "g")
    with pytest.raises(ZooError, match=message):
        read_gallery(tmp_path / "g")


def test_a_folder_is_no_gallery(task, tmp_path):
    with pytest.raises(ZooError, match="is a folder, not a file"):
        load_gallery(tmp_path, task)


def test_of_two_who_write_at_once_the_second_is_refused(task, tmp_path):
    path = tmp_path / "g"
    first, second = load_gallery(path, task), load_gallery(path, task)
    for name in ("ann", "bob"):  # a new file, then one that was read
        first.enroll(name, axis(0))
        second.enroll("eve", axis(1))
        save_gallery(first, path)
        with pytest.raises(ZooError, match="was written by another command meanwhile and is left as it is: try again"):
            save_gallery(second, path)
        second = load_gallery(path, task)
    assert list(second.people) == ["ann", "bob"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_so_does_who_may_read(gallery, tmp_path):
    path, link = tmp_path / "g", tmp_path / "link"
    save_gallery(gallery, path)
    path.chmod(0o644)
    link.symlink_to(path)
    save_gallery(gallery, link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_keeps_the_old_file(gallery, task, tmp_path, monkeypatch):
    path = tmp_path / "g"
    save_gallery(gallery, path)
    before = path.read_bytes()
    gallery.enroll("eve", axis(2))

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        save_gallery(gallery, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_fingerprint_follows_weights_and_preprocessing():
    assert fingerprint(model()) == fingerprint(model())
    mirrored = model()
    mirrored.config = {"network": {"mirror": True}}
    assert fingerprint(mirrored) != fingerprint(model())
    assert (
        len({fingerprint(model()), fingerprint(model(seed=1)), fingerprint(model(loss=VerificationLoss(size=4)))}) == 3
    )


def test_simultaneous_enrollments_wait_for_one_another(task, tmp_path):
    path = tmp_path / "g"

    def enroll(name):
        with locked(path):
            gallery = load_gallery(path, task)
            gallery.enroll(name, axis(0))
            save_gallery(gallery, path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enroll, map(str, range(24))))
    assert sorted(read_gallery(path).people) == sorted(map(str, range(24)))
