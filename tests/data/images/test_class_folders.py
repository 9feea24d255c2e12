from pathlib import Path

import numpy as np
import pytest
from image_folders import build, write

from zoo.data.images.class_folders import find_files
from zoo.errors import ZooError

LAYOUT = "data.root=FOLDER must hold a folder of images for each class, or train/ val/ test/ with such folders"


def test_a_class_may_be_called_train(tmp_path):
    write(tmp_path / "train", 5)
    write(tmp_path / "bus", 5)
    assert build(tmp_path).card()["class_names"] == ["bus", "train"]


def test_hidden_folders_are_not_classes(folder):
    write(folder / "__unknown__", 5)
    for name in (".git", "__MACOSX", "__pycache__"):
        (folder / name).mkdir()
    assert build(folder).card()["class_names"] == ["__unknown__", "a dog é", "cat"]


def test_a_missing_or_wrong_folder_is_refused(tmp_path):
    def message(root: Path) -> str:
        with pytest.raises(ZooError) as caught:
            build(root).setup()
        return str(caught.value)

    assert message(tmp_path / "no") == f"the data folder `{tmp_path}/no` does not exist: {LAYOUT}"
    assert message(tmp_path) == f"the data folder `{tmp_path}` is empty: {LAYOUT}"
    (tmp_path / "file.txt").touch()
    assert message(tmp_path / "file.txt") == f"the data folder `{tmp_path}/file.txt` is a file: {LAYOUT}"
    assert message(tmp_path) == f"the data folder `{tmp_path}` has no class folders: {LAYOUT}"
    (tmp_path / "a.png").touch()
    assert message(tmp_path) == f"the data folder `{tmp_path}` has images but no class folders: {LAYOUT}"
    write(tmp_path / "cat", 5)
    assert message(tmp_path) == f"the data folder `{tmp_path}` has one class, `cat`: at least two are needed"
    (tmp_path / "dog").mkdir()
    assert message(tmp_path) == f"the class folder `{tmp_path}/dog` has no images"
    (tmp_path / "dog" / "notes.txt").touch()
    assert message(tmp_path) == f"the class folder `{tmp_path}/dog` has no images"
    (tmp_path / "dog" / "notes.txt").unlink()
    (tmp_path / "dog").rmdir()
    write(tmp_path / "dog", 2)
    assert message(tmp_path) == (
        "class `dog` has 2 images: at least 3 are needed to cut test and val out of the training images"
    )


def test_a_class_without_training_images_is_refused(tmp_path):
    for name in ("cat", "dog"):
        write(tmp_path / "train" / name, 4)
    write(tmp_path / "val" / "horse", 1)
    with pytest.raises(ZooError, match=r"class `horse` is in `.*/val` but not in `.*/train`"):
        build(tmp_path).setup()


def test_paths_are_one_array_of_bytes(folder):
    files, _ = find_files(folder)
    assert isinstance(files["train"].paths, np.ndarray)
    assert files["train"].paths.dtype.kind == "S"


@pytest.mark.slow
def test_memory_is_proportional_to_the_number_of_files(tmp_path):
    sizes = []
    for count in (2_000, 20_000):
        for name in ("cat", "dog"):
            (tmp_path / f"{count}" / name).mkdir(parents=True)
            for number in range(count // 2):
                (tmp_path / f"{count}" / name / f"{number:06d}.jpg").touch()
        files, _ = find_files(tmp_path / f"{count}")
        sizes.append(files["train"].paths.nbytes + files["train"].labels.nbytes)
    assert sizes[1] == 10 * sizes[0]
