import gzip
import shutil
from fractions import Fraction

import numpy as np
import torch
from PIL import Image

from zoo.data.video import write_video


def write_yolo(root, lines):
    for split, shade in (("train", 10), ("val", 90)):
        for i in range(3):
            folder = root / "images" / split
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (60, 40), (shade + i, 0, 0)).save(folder / f"{split}{i}.png")
        (root / "labels" / split).mkdir(parents=True, exist_ok=True)
        (root / "labels" / split / f"{split}0.txt").write_text(lines)
    (root / "classes.txt").write_text("cat\n")


def words(root):
    return ["data=yolo_txt", f"data.root={root}", "data.test=null"]


def test_good_data_ends_with_0_and_leaves_images(command, tmp_path):
    write_yolo(tmp_path / "set", "0 0.5 0.5 0.2 0.5\n")
    ended = command("check_data", *words(tmp_path / "set"))
    assert ended.code == 0, ended.err
    assert "train: 3 pictures (2 without objects); cat 1" in ended.out
    assert "\nno problems\n" in ended.out
    assert (ended.run / "boxes_train.png").is_file()
    assert (ended.run / "boxes_val.png").is_file()


def test_each_problem_is_listed_and_the_command_ends_with_1(command, tmp_path):
    write_yolo(tmp_path / "set", "0 0.5 0.5 0.2 0.5\n0 0.5 0.5 0.2 0.5\n4 0.5 0.5 0.2 0.5\n0 0.5 0.5 0 0.5\n")
    ended = command("check_data", *words(tmp_path / "set"))
    assert ended.code == 1
    assert "2 × duplicate box" in ended.out
    assert "2 × empty box" in ended.out
    assert "train0.txt: line 3 (4 0.5 0.5 0.2 0.5): class 4 of 1" in ended.out
    assert "6 problems" in ended.out


def sample_paths(root):
    """Paths without an ending in the folders of two classes, for training and testing."""
    paths = [root / path for path in ("train/a/1", "train/a/2", "train/b/1", "train/b/2", "test/a/1", "test/b/1")]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    return paths


def test_image_folders_are_read_and_compared(command, tmp_path):
    for number, path in enumerate(sample_paths(tmp_path / "set")):
        Image.new("RGB", (9, 9), (number, 0, 0)).save(path.with_suffix(".png"))
    words = ["data=image_folder", f"data.root={tmp_path / 'set'}"]
    good = command("check_data", *words)
    assert good.code == 0, good.err
    assert "train: 4 images; a 2, b 2\ntest: 2 images; a 1, b 1\nno problems" in good.out
    shutil.copy(tmp_path / "set/train/a/1.png", tmp_path / "set/train/b/3.png")
    shutil.copy(tmp_path / "set/train/a/2.png", tmp_path / "set/test/a/2.png")
    (tmp_path / "set/test/b/1.png").write_bytes(b"no image")
    ended = command("check_data", *words, folder=tmp_path / "other")
    assert ended.code == 1
    for line in (
        "1 × broken image",
        "1 × one image in several classes",
        "1 × one image in several splits",
        "3 problems",
    ):
        assert line in ended.out


def test_volumes_are_read_and_compared(command, tmp_path):
    root, rng = tmp_path / "set", np.random.default_rng(0)
    for path in sample_paths(root):
        np.save(path.with_suffix(".npy"), rng.random((4, 4, 4)).astype(np.float32))
    words = ["data=volumes", f"data.root={root}"]
    good = command("check_data", *words)
    assert good.code == 0, good.err
    assert "train: 4 volumes; a 2, b 2\ntest: 2 volumes; a 1, b 1\nno problems" in good.out
    np.savez(root / "test/b/2.npz", np.load(root / "train/b/1.npy"))
    np.save(root / "train/a/3.npy", np.load(root / "train/b/2.npy"))
    np.save(root / "train/a/4.npy", np.zeros((4, 4, 5)))
    (root / "test/a/2.nii").write_bytes(b"no volume")
    ended = command("check_data", *words, folder=tmp_path / "other")
    assert ended.code == 1
    for line in (
        "1 × different sizes\n  4×4×4 in 8 files (",
        "4×4×5 in 1 file (train/a/4.npy)",
        "1 × empty volume\n  train/a/4.npy: all voxels are 0",
        "1 × broken volume\n  test/a/2.nii: ",
        "1 × one volume in several classes\n  train/a/3.npy, train/b/2.npy",
        "1 × one volume in several splits\n  train/b/1.npy, test/b/2.npz",
        "5 problems",
    ):
        assert line in ended.out
    resized = command("check_data", *words, "data.size=[4,4,4]", folder=tmp_path / "third")
    assert "different sizes" not in resized.out


def test_stacks_of_volumes_are_read_and_compared(command, tmp_path):
    volumes = np.random.default_rng(0).integers(0, 9, (6, 1, 4, 4, 4), dtype=np.uint8)
    volumes[5] = 7
    (tmp_path / "set").mkdir()
    with gzip.open(tmp_path / "set" / "a.npy.gz", "wb") as file:
        np.save(file, volumes)
    np.save(tmp_path / "set" / "b.npy", volumes[:1])
    ended = command("check_data", "data=volumes", f"data.root={tmp_path / 'set'}")
    assert ended.code == 1
    assert "train: 7 volumes; a 6, b 1\n1 × empty volume\n  a.npy.gz [5]: all voxels are 7" in ended.out
    assert "1 × one volume in several classes\n  a.npy.gz [0], b.npy [0]\n2 problems" in ended.out


def test_clips_are_read_and_compared(command, tmp_path):
    root = tmp_path / "set"
    for path, count in (("a/1", 8), ("a/2", 8), ("a/3", 3), ("b/1", 9)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        images = torch.randint(256, (count, 3, 32, 32), dtype=torch.uint8)
        write_video(root / f"{path}.mp4", iter(images), Fraction(10))
    shutil.copy(root / "a/1.mp4", root / "b/2.mp4")
    (root / "b/3.mp4").write_bytes(b"no video")
    ended = command("check_data", "data=clips", f"data.root={root}", "data.frames=4", "data.image_size=16")
    assert ended.code == 1, ended.err
    for line in (
        "train: 6 videos; a 3, b 3",
        "2 × broken or short video\n  a/3.mp4: the video",
        "has 3 frames, and a clip needs 4",
        "1 × one video in several classes\n  a/1.mp4, b/2.mp4",
        "3 problems",
    ):
        assert line in ended.out


def test_other_data_and_missing_folders_are_mistakes(command, tmp_path):
    ended = command("check_data", "data=digits")
    assert ended.code == 2
    assert (
        "this data has no check: boxes, points, tables, and class folders of images, volumes or clips have one"
        in ended.err
    )
    ended = command("check_data", "data=voc", f"data.root={tmp_path / 'none'}", folder=tmp_path / "other")
    assert ended.code == 2
    assert "none does not exist" in ended.err


def test_built_in_scenes_are_drawn(command):
    small = ["data.train_scenes=4", "data.val_scenes=3", "data.test_scenes=3"]
    ended = command("check_data", "data=digit_scenes", *small)
    assert ended.code == 0, ended.err
    assert ended.out.endswith("\nno problems\n")
    assert (ended.run / "boxes_test.png").stat().st_size > 10_000
