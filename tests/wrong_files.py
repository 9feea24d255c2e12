"""Files that are not what a command expects, in one folder."""

from pathlib import Path

import numpy as np
from bad_input import write_image, write_images

_TEXTS = {
    "note.txt": "hello\n",
    "fake.ckpt": "no checkpoint",
    "empty.csv": "",
    "header.csv": "day,y\n",
    "short.csv": "day,y\n" + "".join(f"2026-01-0{day},{day}\n" for day in range(1, 9)),
    "days.csv": "day,y\n" + "".join(f"2026-01-{day:02d},{day}\n" for day in range(1, 29)),
    "words.csv": "day,y\n" + "".join(f"2026-01-{day:02d},high\n" for day in range(1, 29)),
    "hole.csv": "day,y\n" + "".join(f"2026-01-{day:02d},{'' if day == 9 else day}\n" for day in range(1, 29)),
    "twice.csv": "day,y\n" + "2026-01-01,1\n" * 28,
    "one.csv": "user\n1\n2\n",
    "stars.csv": "user,item,rating\na,b,good\nc,d,bad\n",
    "two.csv": "user,item,rating\na,b,3\na,b,4\nc,d,2\n",
    "ratings.csv": "user,item,rating\n" + "".join(f"u{n % 7},i{n % 11},{n % 5 + 1}\n" for n in range(77)),
    "one_class.csv": "text,label\n" + "".join(f"a text {n},good\n" for n in range(40)),
    "texts.csv": "text,label\n" + "".join(f"a text {n},{'good' if n % 2 else 'bad'}\n" for n in range(40)),
    "records.jsonl": '{"body": "hello"}\n',
    "broken.jsonl": '{"text": \n',
    "broken.gallery": "no gallery",
}


def write_wrong_files(folder: Path) -> Path:
    """Tables, texts, images, volumes and videos, each with something missing."""
    for name, text in _TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "bytes.txt").write_bytes(bytes(range(128, 256)))
    (folder / "nothing").mkdir()
    write_image(folder / "a.png")
    for name in ("cat", "dog"):
        write_images(folder / "pets" / name, 4)
        (folder / "videos" / name).mkdir(parents=True)
        (folder / "flat" / name).mkdir(parents=True)
        (folder / "sizes" / name).mkdir(parents=True)
        for number in range(6):
            (folder / "videos" / name / f"{number}.mp4").write_text("no video")
            np.save(folder / "flat" / name / f"{number}.npy", np.zeros((8, 8)))
            np.save(folder / "sizes" / name / f"{number}.npy", np.zeros((8, 8, 8 + number)))
    (folder / "stack").mkdir()
    np.save(folder / "stack" / "chair.npy", np.zeros((4, 1, 8, 8, 8)))
    write_images(folder / "people" / "ann", 1)
    return folder
