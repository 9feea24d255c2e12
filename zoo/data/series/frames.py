"""Reads CSV and Parquet files as data frames."""

from pathlib import Path

import pandas as pd

from zoo.errors import ZooError

SUFFIXES = (".csv", ".txt", ".tsv", ".parquet")


def read_frame(path: Path, *, header: bool) -> pd.DataFrame:
    """Reads a file as a table; CSV may be compressed (.gz, .bz2, .xz, .zip). Without `header` columns are 0, 1, …

    Raises:
        ZooError: a missing, empty or unreadable file, or another format.
    """
    if not path.is_file():
        raise ZooError(f"{path} does not exist, or is no file")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((s for s in reversed(suffixes) if s in SUFFIXES), None)
    if kind is None:
        raise ZooError(f"{path} is none of: {', '.join(SUFFIXES)}, .npy")
    if path.stat().st_size == 0:
        raise ZooError(f"{path} is empty")
    try:
        if kind == ".parquet":
            frame = pd.read_parquet(path)
            frame = frame.reset_index(drop=frame.index.name is None)
        else:
            separator = "\t" if kind == ".tsv" else ","
            frame = pd.read_csv(path, sep=separator, header=0 if header else None, skipinitialspace=True)
    except pd.errors.EmptyDataError as error:
        raise ZooError(f"{path} is empty") from error
    except ImportError as error:
        raise ZooError(f"{path}: Parquet needs the package `pyarrow`: pip install pyarrow") from error
    except (pd.errors.ParserError, UnicodeDecodeError, ValueError, OSError, EOFError) as error:
        raise ZooError(f"{path} cannot be read as {kind[1:]}: {str(error).splitlines()[0]}") from error
    frame.columns = [str(name) for name in frame.columns]
    if len(frame.columns) == 1 and ";" in frame.columns[0]:
        raise ZooError(f"{path} separates its columns by `;`: save it with commas between, and points in numbers")
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ZooError(f"{path} has two columns `{twice[0]}`")
    return frame
