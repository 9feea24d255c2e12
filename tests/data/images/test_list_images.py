import pytest

from zoo.data.images.files import image_names, list_images
from zoo.errors import ZooError


def test_lists_images_recursively_sorted_without_hidden_files(tmp_path):
    for name in ("b/2.JPG", "a/1.png", "a/.hidden.png", ".git/3.png", "a/notes.txt", "0.webp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_images(tmp_path) == [tmp_path / "0.webp", tmp_path / "a/1.png", tmp_path / "b/2.JPG"]
    with pytest.raises(ZooError, match=r"the folder `.*/no` does not exist"):
        list_images(tmp_path / "no")
    with pytest.raises(ZooError, match="is a file, not a folder"):
        list_images(tmp_path / "0.webp")


def test_names_are_sorted_like_paths(tmp_path):
    for name in ("a/2.png", "a-b/1.png", "a.png", "a/c/1.png", "a/c.png", "B/é 1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    assert [tmp_path / name for name in image_names(tmp_path)] == sorted(tmp_path.rglob("*.png"))


def test_follows_symbolic_links_once(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "1.png").touch()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "there")
    (tmp_path / "there" / "back").symlink_to(tmp_path / "here")
    assert list_images(tmp_path / "here") == [tmp_path / "here" / "link" / "1.png"]
