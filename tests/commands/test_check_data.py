import shutil

from PIL import Image


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


def test_image_folders_are_read_and_compared(command, tmp_path):
    for number, path in enumerate(["train/a/1", "train/a/2", "train/b/1", "train/b/2", "test/a/1", "test/b/1"]):
        (tmp_path / "set" / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9), (number, 0, 0)).save(tmp_path / "set" / f"{path}.png")
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


def test_other_data_and_missing_folders_are_mistakes(command, tmp_path):
    ended = command("check_data", "data=digits")
    assert ended.code == 2
    assert (
        "this data has no check: boxes (voc, coco, yolo_txt), class folders (image_folder) and tables have one"
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
