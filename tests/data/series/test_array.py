"""Series that stay on disk."""

import mmap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from benchmarks.clock import Memory

from zoo.data.series import mapped, windows
from zoo.data.series.table_data import Series
from zoo.errors import ZooError

OPTIONS = {
    "header": True, "targets": [], "past_covariates": [], "future_covariates": [], "time": None,
    "series": None, "fill": None, "calendar": [], "split": [0.6, 0.2, 0.2],
    "stride": 1, "context": 5, "horizon": 3, "season": 2,
    "scaler": "standard", "difference_input": False, "windows_per_epoch": None, "batch_size": 8, "num_workers": 0,
    "seed": 0,
}  # fmt: skip


def build(path: Path, **changes) -> Series:
    return Series(path=str(path), **(OPTIONS | changes))


@pytest.fixture
def values():
    return np.random.default_rng(0).standard_normal((200, 4)).cumsum(0)


@pytest.mark.parametrize("chunk", [7, 1 << 20])
@pytest.mark.parametrize("columns", [{}, {"targets": ["1"]}, {"targets": ["0"], "past_covariates": ["2"]}])
def test_windows_equal_those_of_a_table_in_memory(tmp_path, values, monkeypatch, chunk, columns):
    monkeypatch.setattr(mapped, "CHUNK", chunk)
    monkeypatch.setattr(windows, "_HELD", 16)  # releases pages within a batch
    np.save(tmp_path / "a.npy", values)
    pd.DataFrame(values, columns=list("0123")).to_parquet(tmp_path / "a.parquet")
    disk, memory = build(tmp_path / "a.npy", **columns), build(tmp_path / "a.parquet", **columns)
    assert disk.metadata() == memory.metadata()
    assert disk.card() == memory.card()
    for split in ("train", "val", "test"):
        for ours, theirs in zip(disk.all_windows(split)[:2], memory.all_windows(split)[:2], strict=True):
            assert torch.equal(ours, theirs)


def test_reads_one_column_in_single_precision(tmp_path, values):
    np.save(tmp_path / "a.npy", values[:, 0].astype(np.float32))
    batch = build(tmp_path / "a.npy").dataset("train")[torch.tensor([3])]
    assert batch.history.dtype == torch.float32
    assert np.array_equal(batch.history[0, :, 0], values[3:8, 0].astype(np.float32))


def test_the_series_is_a_view_of_the_file(tmp_path, values):
    np.save(tmp_path / "a.npy", values)
    data = build(tmp_path / "a.npy")
    base = data.dataset("train").mapped
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap)
    train, test = data.dataset("train").series, data.dataset("test").series
    assert train.data_ptr() == test.data_ptr() == data.table.values.ctypes.data


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (np.nan, r"a.npy, row 151, column `2`: the value is missing: fill it in the file"),
        (np.inf, r"a.npy, row 151, column `2`: the value is infinite"),
    ],
)
@pytest.mark.parametrize("chunk", [7, 1 << 20])
def test_bad_values_are_named(tmp_path, values, monkeypatch, chunk, changed, message):
    monkeypatch.setattr("zoo.data.series.mapped.CHUNK", chunk)
    monkeypatch.setattr("zoo.data.series.array.CHUNK", chunk)
    values[150, 2] = changed
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(ZooError, match=message):
        build(tmp_path / "a.npy").setup()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3, 4)), r"a.npy holds an array of shape \(2, 3, 4\); a series has"),
        (np.zeros((0,)), r"a.npy"),
        (np.arange(200), r"a.npy holds int64: save it as float32 or float64"),
        (np.array([{}]), r"a.npy cannot be read as npy: .*[Pp]ython object"),
    ],
)
def test_arrays_of_other_shapes_and_dtypes_are_refused(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(ZooError, match=message):
        build(tmp_path / "a.npy").setup()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "a.npy is empty"), (b"no array", "a.npy cannot be read as npy"), (None, "a.npy does not exist")],
)
def test_broken_files_are_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(ZooError, match=message):
        build(tmp_path / "a.npy").setup()


def test_a_truncated_file_is_refused(tmp_path, values):
    np.save(tmp_path / "a.npy", values)
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-100])
    with pytest.raises(ZooError, match=r"a.npy cannot be read as npy"):
        build(tmp_path / "a.npy").setup()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": ["3"], "past_covariates": ["0"]}, r"columns \[3, 0\] must be evenly spaced and in the order"),
        ({"targets": ["0", "1", "3"]}, r"columns \[0, 1, 3\] must be evenly spaced"),
        ({"targets": ["y"]}, r"has no column `y`; there are: 0, 1, 2, 3"),
        ({"future_covariates": ["3"]}, r"future values need CSV or Parquet"),
        ({"time": "day"}, r"`data.time`: .*has no column `day`"),
        ({"calendar": ["month"]}, r"`data.calendar` needs times"),
    ],
)
def test_options_that_need_a_table_are_refused(tmp_path, values, changes, message):
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(ZooError, match=message):
        build(tmp_path / "a.npy", **changes).setup()


def test_very_many_windows_suggest_a_stride(tmp_path, values, capsys, monkeypatch):
    monkeypatch.setattr("zoo.data.series.table_data._MANY", 20)
    np.save(tmp_path / "a.npy", values)
    build(tmp_path / "a.npy").setup()
    told = capsys.readouterr().err
    assert "the test split has 38 windows, whose forecasts stay in memory until it is measured: data.stride=2" in told
    build(tmp_path / "a.npy", stride=2).setup()
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_a_hundred_million_points_take_little_memory(tmp_path):
    count = 100_000_000
    series = np.lib.format.open_memmap(tmp_path / "a.npy", mode="w+", dtype=np.float32, shape=(count,))
    series[:: 1 << 16] = 1.0  # a sparse file would take no space on disk
    del series
    data = build(tmp_path / "a.npy", stride=10_000, windows_per_epoch=8_000, batch_size=64)
    memory = Memory(torch.device("cpu")).of(lambda: [batch.history.shape for batch in data.loader("train")])
    if memory is None:
        pytest.skip("this system does not tell what a process holds")
    assert 0 < memory < 0.5 * 4 * count / 2**20
