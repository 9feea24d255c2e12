import io
import tarfile
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from image_folders import build, write

from zoo.data.images.image_folder import ImageFolder
from zoo.data.images.image_shards import ImageShards
from zoo.errors import ZooError


def shards(root: Path, **changes) -> ImageShards:
    data = build(root, **changes)
    return ImageShards(**{field.name: getattr(data, field.name) for field in fields(ImageFolder)})


def pack(path: Path, members: dict[str, bytes]) -> None:
    """Writes a tar file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> dict[str, bytes]:
    """24 images in two folders of classes, by name."""
    root = tmp_path_factory.mktemp("pictures")
    for name in ("cat", "dog é"):
        write(root / name, 12)
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.png"))}


def same(ours, theirs) -> bool:
    return all(
        torch.equal(a, b)
        for split in ("train", "val", "test")
        for a, b in zip(
            ours.dataset(split)[torch.arange(len(ours.dataset(split)))],
            theirs.dataset(split)[torch.arange(len(theirs.dataset(split)))],
            strict=True,
        )
    )


@pytest.mark.parametrize("cache_mb", [0, 1])
@pytest.mark.parametrize("prefix", ["", "./", "flowers/"])
def test_splits_and_pixels_are_those_of_the_folder(pictures, tmp_path, prefix, cache_mb):
    for name, content in pictures.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(content)
    pack(tmp_path / "shards" / "all.tar", {prefix + name: content for name, content in pictures.items()})
    ours, theirs = shards(tmp_path / "shards", cache_mb=cache_mb), build(tmp_path / "folder", cache_mb=cache_mb)
    ours.setup()
    theirs.setup()
    assert ours.class_names == theirs.class_names == ["cat", "dog é"]
    assert same(ours, theirs)


def test_splits_of_several_files_in_webdatasets_form(pictures, tmp_path):
    contents = [*pictures.values()]
    for split, start, stop in (("train", 0, 12), ("validation", 12, 18), ("test", 18, 24)):
        for number in range(2):
            members = {}
            for index in range(start + number, stop, 2):
                members |= {f"{index:05}.jpg": contents[index], f"{index:05}.cls": b"%d\n" % (index % 3)}
            pack(tmp_path / f"mine-{split}-{number:06}.tar", members)
    data = shards(tmp_path)
    counts = {split: torch.bincount(data.dataset(split).labels).tolist() for split in ("train", "val", "test")}
    assert counts == {"train": [4, 4, 4], "val": [2, 2, 2], "test": [2, 2, 2]}
    assert data.class_names == ["0", "1", "2"]
    (tmp_path / "classes.txt").write_text("cat\ndog\nhen\n")
    named = shards(tmp_path, cache_mb=0)
    named.setup()
    assert named.class_names == ["cat", "dog", "hen"]
    first = named.dataset("test")
    assert first.path(0).read_bytes() == contents[18]
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    with pytest.raises(ZooError, match="has 2 names, and the images have the class 2"):
        shards(tmp_path).setup()


def test_numbers_are_sorted_as_numbers(pictures, tmp_path):
    contents = [*pictures.values()]
    members = {}
    for index in range(24):
        members |= {f"{index}.png": contents[index], f"{index}.cls": str(2 + 8 * (index % 2)).encode()}
    pack(tmp_path / "all.tar", members)
    data = shards(tmp_path)
    data.setup()
    assert data.class_names == ["2", "10"]


def test_a_tar_file_for_each_class(pictures, tmp_path):
    for name in ("cat", "dog é"):
        members = {Path(key).name: content for key, content in pictures.items() if key.startswith(name)}
        pack(tmp_path / "train" / f"{name}.tar", members)
    data = shards(tmp_path)
    data.setup()
    assert data.class_names == ["cat", "dog é"]
    assert sum(len(data.dataset(split)) for split in ("train", "val", "test")) == 24


def test_many_files_are_listed_by_worker_processes(pictures, tmp_path):
    for number, (name, content) in enumerate(pictures.items()):
        pack(tmp_path / f"{number:03}.tar", {name: content})
    ours = shards(tmp_path, num_workers=1, cache_mb=0)
    ours.setup()
    everything = {
        ours.dataset(split).path(i).name for split in ("train", "val", "test") for i in range(len(ours.dataset(split)))
    }
    assert everything == {*pictures}
    (tmp_path / "020.tar").write_bytes(b"x" * 2000)
    with pytest.raises(ZooError, match=r"020.tar` cannot be read as a tar file without compression"):
        shards(tmp_path, num_workers=1).setup()


def test_check_reads_every_image(pictures, tmp_path, capsys):
    first = next(iter(pictures.values()))
    pack(tmp_path / "all.tar", pictures | {"cat/broken.png": first[:60], "dog é/twice.png": first})
    assert not shards(tmp_path).check(tmp_path / "out")
    shown = capsys.readouterr().out
    assert "train: 26 images; cat 13, dog é 13" in shown
    assert "\n  all.tar/cat/broken.png: " in shown
    assert "1 × one image in several classes" in shown


def test_a_broken_image_is_named_or_left_out(pictures, tmp_path):
    pack(tmp_path / "all.tar", pictures | {"cat/broken.png": b"x" * 60})
    with pytest.raises(ZooError, match=r"all.tar/cat/broken.png`: .*; data.on_error=skip leaves such files out"):
        shards(tmp_path).setup()
    data = shards(tmp_path, on_error="skip", cache_mb=0)
    data.setup()
    assert [error.path.name for error in data.skipped] == ["broken.png"]


def test_a_tar_file_that_shrinks_during_training_is_named(pictures, tmp_path):
    pack(tmp_path / "all.tar", pictures)
    data = shards(tmp_path, cache_mb=0)
    data.setup()
    (tmp_path / "all.tar").write_bytes((tmp_path / "all.tar").read_bytes()[:512])
    with pytest.raises(ZooError, match="lies beyond the end of the tar file"):
        data.dataset("train")[torch.arange(2)]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({}, "has no tar files: data.root=FOLDER must hold train.tar"),
        ({"train.tar": {"a/x.txt": b"1"}}, "`.*train.tar` has no images"),
        (
            {"train.tar": {"a/x.png": b"1", "x.png": b"1"}},
            "`.*train.tar` has 1 images beside the folders of the classes",
        ),
        ({"train.tar": {"a/x.png": b"1", "a/y.png": b"1"}}, "has one class, `a`: at least two are needed"),
        (
            {"all.tar": {"train/a/x.png": b"1", "val/a/x.png": b"1"}},
            "hold the splits `train`, `val`: write a tar file for",
        ),
        (
            {"train.tar": {"x.png": b"1", "x.cls": b"0", "y.png": b"1"}},
            "has no y.cls, the class of an image",
        ),
        (
            {"train-0.tar": {"x.png": b"1", "x.cls": b"0"}, "train-1.tar": {"x.png": b"1"}},
            "train-1.tar` has no KEY.cls beside its images, and other tar files have them",
        ),
        ({"val.tar": {"a/x.png": b"1", "b/x.png": b"1"}}, "has tar files for val, and none for training"),
        ({"train.tar": {"a/x.png": b"1"}, "more.tar": {"a/x.png": b"1"}}, "the name of `.*more.tar` has no split"),
        (
            {"train.tar": {"rose/x.png": b"1", "b/x.png": b"1"}, "val.tar": {"rosa/x.png": b"1", "b/x.png": b"1"}},
            "val.tar`: unknown class `rosa`: did you mean `rose`?",
        ),
    ],
)
def test_other_layouts_are_refused(tmp_path, names, message):
    for name, members in names.items():
        pack(tmp_path / name, members)
    with pytest.raises(ZooError, match=message):
        shards(tmp_path).setup()


def test_files_that_are_no_tar_are_refused(pictures, tmp_path):
    with pytest.raises(ZooError, match="nowhere` does not exist"):
        shards(tmp_path / "nowhere").setup()
    pack(tmp_path / "all.tar", pictures)
    whole = (tmp_path / "all.tar").read_bytes()
    (tmp_path / "all.tar").write_bytes(whole[:700])
    with pytest.raises(ZooError, match=r"all.tar` (ends within|cannot be read)"):
        shards(tmp_path).setup()
    compressed = io.BytesIO()
    with tarfile.open(fileobj=compressed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a/x.png"))
    (tmp_path / "all.tar").write_bytes(compressed.getvalue())
    with pytest.raises(ZooError, match="cannot be read as a tar file without compression"):
        shards(tmp_path).setup()
