"""Opens Parquet files whose footer states a size in proportion to the file: runs of one value take no space."""

from pathlib import Path

from zoo.data.compressed import most_bytes
from zoo.data.frames.first_lines import MOST_COLUMNS
from zoo.errors import ZooError

_CELL = 8  # bytes


def require_proportionate(path: Path) -> None:
    """Checks the number of columns, and the size that a Parquet file takes in memory.

    Raises:
        ZooError: too many columns, or a small file of many rows.
        Exception: any other, of a damaged file.
    """
    import pyarrow.parquet

    described, most = pyarrow.parquet.read_metadata(path), most_bytes(path)
    if described.num_columns > MOST_COLUMNS:
        raise ZooError(f"{path} has {described.num_columns:,} columns, and at most {MOST_COLUMNS:,} are read")
    pages = [described.row_group(group).total_byte_size for group in range(described.num_row_groups)]
    if max(_CELL * described.num_rows * described.num_columns, sum(pages)) > most:
        raise ZooError(f"{path} is a small file of more than {most:,} bytes: write it as plain CSV")
