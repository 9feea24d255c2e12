"""Spellings of train, val and test in the names of folders and files."""

import re
from pathlib import Path

from zoo.data.base import Split

_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval", "evaluation"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "holdout"), "test"),
}
_FILLERS = frozenset(
    ["set", "sets", "data", "dataset", "split", "image", "images", "img", "imgs", "pictures", "photos", "folder", "seg"]
)


def split_of(name: str) -> Split | None:
    """The split that a folder is usually named for, or None.

    >>> [split_of(name) for name in ("Training", "test_set", "ValidationData", "seg_train", "train station", "bus")]
    ['train', 'test', 'val', 'train', None, None]
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()
    words = [word for word in re.split(r"[\W_]+", spaced) if word and word not in _FILLERS]
    if len(words) != 1:
        return None
    return _WORDS.get(words[0]) or _WORDS.get(re.sub(r"(set|data|images|imgs)$", "", words[0]))


def spelled(parent: Path, name: str) -> Path | None:
    """The folder or file `name` in `parent`, or the only one that is spelled differently, such as `valid` for `val`.

    The ending counts: `val.txt` is not `valid`.
    """
    exact = parent / name
    if exact.exists():
        return exact
    if not parent.is_dir():
        return None
    stem, suffix = Path(name).stem, Path(name).suffix.casefold()
    split = split_of(stem)
    alike = [
        path
        for path in parent.iterdir()
        if path.suffix.casefold() == suffix
        and (path.stem.casefold() == stem.casefold() or (split is not None and split_of(path.stem) == split))
    ]
    return alike[0] if len(alike) == 1 else None
