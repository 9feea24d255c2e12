import os
from pathlib import Path

from zoo.data.file_names import NamedFiles, is_system_file, is_system_folder, printable
from zoo.data.split_names import spelled, split_of


def test_names_in_other_encodings_are_printable():
    assert printable(os.fsdecode(b"M\xfcller")) == r"M\xfcller"
    assert printable("u\u0308") == "\u00fc"
    assert printable(Path("a/b.png")) == "a/b.png"


def test_names_are_found_in_another_spelling_if_one_file_has_it():
    files = NamedFiles([("a", Path("1")), ("B", Path("2")), ("b", Path("3")), ("u\u0308", Path("4"))])
    found = [files.find(name) for name in ("A", "b", "\u00dc", "c")]
    assert found == [Path("1"), Path("3"), Path("4"), None]
    assert NamedFiles([("B", Path("2")), ("b", Path("3"))]).find("\u00df") is None


def test_systems_leave_folders_and_files():
    folders = (
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "System Volume Information",
        ".Trashes",
        "__MACOSX",
        "FOUND.000",
        "@docker",
    )
    assert all(map(is_system_folder, (*folders, "__MACOSX")))
    assert not any(map(is_system_folder, ("@", "~", "#", "$", "recycled", "__unknown__", "found", "recycle")))
    assert all(map(is_system_file, ("Thumbs.db", "desktop.ini", "._a.png", ".DS_Store")))
    assert not is_system_file("thumbs.png")


def test_classes_are_no_splits():
    names = ("train station", "test tube", "valid until", "bus", "testament", "trainer", "value", "1", "@")
    assert [name for name in names if split_of(name)] == []


def test_a_split_is_found_in_another_spelling(tmp_path):
    (tmp_path / "Validation.txt").touch()
    (tmp_path / "valid").mkdir()
    assert spelled(tmp_path, "val.txt") == tmp_path / "Validation.txt"
    assert spelled(tmp_path, "val") == tmp_path / "valid"
    assert spelled(tmp_path, "train") is None
    (tmp_path / "train2017").mkdir()
    assert spelled(tmp_path, "train") == tmp_path / "train2017"
    (tmp_path / "dev").mkdir()
    assert spelled(tmp_path, "val") is None
