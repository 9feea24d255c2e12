"""Files of ratings: formats, and what is refused."""

import gzip
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from rating_sets import FILE, OPTIONS, lines, synthetic

from zoo.data.ratings import columns
from zoo.data.ratings import lines as files
from zoo.data.ratings.rows import by_user
from zoo.data.ratings.table import Ratings
from zoo.errors import ZooError


def data(path, text=None, **options):
    if text is not None:
        path.write_text(text)
    loaded = Ratings(path=str(path), **(OPTIONS | FILE | options))
    loaded.setup()
    return loaded


def triples(loaded):
    """All ratings by their ids."""
    found = set()
    for name in ("train", "val", "test"):
        part = loaded.dataset(name).columns
        for user, item, rating in zip(part.users, part.items, part.ratings, strict=True):
            if user >= 0 and item >= 0:
                found.add((str(loaded.users[user]), str(loaded.items[item]), float(rating)))
    return found


@pytest.mark.parametrize(
    ("name", "separator", "header"),
    [
        ("u.data", "\t", ""),
        ("ratings.dat", "::", ""),
        ("ratings.csv", ",", "userId,movieId,rating,timestamp\n"),
        ("mf.txt", " ", ""),
        ("r.tsv", "\t", "user_id\titem_id\trating\ttime\n"),
    ],
)
def test_every_format_holds_the_same_ratings(tmp_path, name, separator, header):
    loaded = data(tmp_path / name, header + lines(separator=separator))
    expected = {(u, i, float(r)) for u, i, r, _ in (line.split() for line in lines().splitlines())}
    found = triples(loaded)
    assert found <= expected
    assert len(found) > 50


def test_compressed_text_and_parquet(tmp_path):
    with gzip.open(tmp_path / "u.data.gz", "wt") as file:
        file.write(lines())
    rows = [line.split() for line in lines().splitlines()]
    frame = {"user": [r[0] for r in rows], "item": [r[1] for r in rows], "rating": [float(r[2]) for r in rows]}
    pa.parquet.write_table(pa.table(frame), tmp_path / "r.parquet")
    assert triples(data(tmp_path / "u.data.gz")) == triples(data(tmp_path / "r.parquet"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("5\n6\n", "has one column (5): ratings need a user, an item and a rating in each line"),
        ("user,item,rating\n", "has no ratings below its header"),
        ("1,2,3\n1,3,good\n", "row 2, column `2`: the value is `good`, where a number is expected"),
        ("u,i,rating\n1,2,nan\n", "row 1, column `rating`: the value is `nan`"),
        ("u,i,rating\n1,2,\n", "row 1, column `rating`: the value is missing"),
        ("u,i,rating\n ,2,3\n", "row 1: the user id is missing"),
        ("a,b,rating\n1,2,3\n", "has no column of users among a, b, rating: name it with data.user=COLUMN"),
        ("1,2,3\n1,2\n", "Expected 3 columns, got 2: 1,2"),
        ("1::2::3\n1::2\n", "Expected 3 columns, got 2: 1::2"),
        ("user,user,rating\n1,2,3\n", "has 2 columns named `user`"),
        ("u,i,rating\n1,2,3\n1,2,1e300\n", "row 2, column `rating`: the value is `1e300`, where a number is expected"),
        ('{"user": 1, "item": 2}\n', "is no table: lines of text or a Parquet file are expected"),
        ("1  2  3\n", "separates columns by several spaces (1  2  3): one is expected, or a tab"),
        ("1,2,3\n1,3,4\n", "has 2 ratings, too few for data.split=random: a split is empty"),
    ],
)
def test_broken_files_are_explained(tmp_path, text, words):
    with pytest.raises(ZooError, match=re.escape(words)):
        data(tmp_path / "r.csv", text)


def test_options_that_do_not_suit_the_file(tmp_path):
    text = lines().replace("\t", ",")
    with pytest.raises(ZooError, match="unknown column `stars`"):
        data(tmp_path / "r.csv", text, rating="stars")
    without = "".join(",".join(line.split(",")[:3]) + "\n" for line in text.splitlines())
    with pytest.raises(ZooError, match=r"`data.split` \(=last\) needs a column of times"):
        data(tmp_path / "r.csv", without, split="last")


def test_repeated_pairs_count_once(tmp_path, capsys):
    text = lines() + "u0\ti0\t1\t1\nu0\ti0\t5\t2\n"
    loaded = data(tmp_path / "u.data", text)
    assert "ratings are replaced by later ones of the same user and item" in capsys.readouterr().out
    assert [r for u, i, r in triples(loaded) if (u, i) == ("u0", "i0")] in ([5.0], [])
    with pytest.raises(ZooError, match="pairs? of a user and an item again: data.duplicates=last"):
        data(tmp_path / "u.data", duplicates="refuse")


def test_ids_that_differ_by_spaces_are_one(tmp_path, capsys):
    text = lines(separator=",") + " u1,i99,3,5\n"
    loaded = data(tmp_path / "r.csv", text)
    assert "1 user ids differ from others by spaces around them only" in capsys.readouterr().err
    assert len([user for user in loaded.users if user.strip() == "u1"]) == 1


def test_more_rows_than_an_index_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_ROWS", 50)
    with pytest.raises(ZooError, match="has more than 50 rows, the most that are read"):
        data(tmp_path / "u.data", lines())


def test_splits_by_time(tmp_path):
    loaded = data(tmp_path / "u.data", lines(100), split="last")
    assert 1 <= len(loaded.dataset("test")) <= 12  # one for each user
    rows = [line.split() for line in lines(100).splitlines()]
    latest = {user: (user, item, float(rating)) for user, item, rating, _ in rows}  # in order of time
    test = loaded.dataset("test").columns
    for user, item, rating in zip(test.users, test.items, test.ratings, strict=True):
        if item >= 0:
            assert (loaded.users[user], loaded.items[item], rating) == latest[loaded.users[user]]
    by_time = data(tmp_path / "u.data", split="time")
    assert len(by_time.dataset("test")) == 10


def test_times_are_seconds_or_dates(tmp_path):
    rows = [line.split() for line in lines(100).splitlines()]
    for name, when in (("day", "1970-01-01 00:{:02d}:{:02d}"), ("moment", "1970-01-01T00:{:02d}:{:02d}+00:00")):
        text = [",".join((*row[:3], when.format(int(row[3]) // 60, int(row[3]) % 60))) for row in rows]
        dated = data(tmp_path / f"{name}.csv", "user,item,rating,date\n" + "\n".join(text), split="time")
        assert triples(dated) == triples(data(tmp_path / "u.data", lines(100), split="time"))
        assert len(dated.dataset("test")) == 10
    with pytest.raises(ZooError, match="`31.1.2026`, where a number of seconds or a date such as 2026-01-31"):
        data(tmp_path / "r.csv", "user,item,rating,date\n1,2,3,31.1.2026\n", split="last")


def test_ids_of_parquet_are_text_or_integers(tmp_path):
    for ids, kind in (([1.0], "double"), ([[1]], "list"), ([True], "bool")):
        pa.parquet.write_table(pa.table({"user": ids, "item": [1], "rating": [1.0]}), tmp_path / "r.parquet")
        with pytest.raises(ZooError, match=f"the user ids are of type {kind}.*; they must be text or integers"):
            data(tmp_path / "r.parquet")


def test_cold_users_and_items_are_counted_apart(tmp_path, capsys):
    text = lines(100) + "new\ti1\t3\t9999\n"
    loaded = data(tmp_path / "u.data", text, split="time")
    assert "1 are by users" in capsys.readouterr().out
    assert "new" not in loaded.users
    assert (loaded.dataset("test").columns.users == -1).sum() == 1


def test_ratings_become_labels(tmp_path):
    loaded = data(tmp_path / "u.data", lines(), positive_from=4)
    assert {rating for *_, rating in triples(loaded)} == {-1.0, 1.0}


def test_mapped_ratings_equal_those_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(columns, "CHUNK", 100)
    monkeypatch.setattr("zoo.data.ratings.splits.CHUNK", 100)
    memory, mapped = synthetic(), synthetic(mapped=str(tmp_path / "mapped"))
    for name in ("train", "val", "test"):
        ours, theirs = memory.dataset(name).columns, mapped.dataset(name).columns
        assert isinstance(theirs.users, np.memmap)
        for key, values in ours.named().items():
            assert np.array_equal(values, theirs.named()[key])
    assert [*(tmp_path / "mapped").iterdir()] == []
    monkeypatch.setattr("zoo.data.ratings.rows.CHUNK", 100)
    rows = [memory.dataset(name).columns for name in ("train", "val", "test")]
    pairs = sorted((u, i) for each in rows for u, i in zip(each.users, each.items, strict=True) if min(u, i) >= 0)
    starts, items = by_user(rows, len(memory.users))
    assert [*zip(np.repeat(np.arange(len(starts) - 1), np.diff(starts)), items, strict=True)] == pairs


def test_a_file_is_mapped_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_BLOCK", 300)
    memory = data(tmp_path / "u.data", lines(100), split="last")
    mapped = data(tmp_path / "u.data", split="last", mapped=str(tmp_path / "mapped"))
    columns = mapped.source().columns
    assert all(isinstance(column, np.memmap) for column in columns.named().values())
    assert columns.times is not None
    assert len(columns) == 100
    assert triples(memory) == triples(mapped)


def test_the_grid_holds_every_rating_in_its_block():
    loaded = synthetic(users=5, ratings=90)  # fewer users than bands
    grid, rows = loaded.grid, loaded.grid.columns
    assert grid.bands == 4
    assert grid.starts[-1] == len(rows) == len(loaded.dataset("train"))
    for block in range(grid.bands**2):
        part = rows[int(grid.starts[block]) : int(grid.starts[block + 1])]
        assert set(part.users.astype(int) * grid.bands // len(loaded.users)) <= {block // grid.bands}
        low, high = grid.item_edges[block % grid.bands], grid.item_edges[block % grid.bands + 1]
        assert ((part.items >= low) & (part.items < high)).all()
        keys = part.users.astype(int) * 1000 + part.items
        assert (np.diff(keys) > 0).all()


@pytest.mark.parametrize(
    "option", [{"split": "none"}, {"duplicates": "first"}, {"val_share": 0.0}, {"test_share": 0.95}]
)
def test_options_out_of_range(option):
    with pytest.raises(ZooError, match=f"`data.{next(iter(option))}`|must be positive"):
        Ratings(path="r.csv", **(OPTIONS | FILE | option))
