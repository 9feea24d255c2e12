"""What the columns of a table are, and what is suspicious in them."""

from zoo.data.table.base import TableData
from zoo.data.table.columns import Column
from zoo.reports.page import Section

_MOST = 200  # columns in a report
_LISTED = 6  # categories


def columns_section(datamodule: TableData) -> Section:
    """The kind, the scaling and the missing values of each column."""
    target, columns = datamodule.target_column, datamodule.columns
    rows = [["column", "kind", "values", "missing"]]
    for column in columns[:_MOST]:
        rows.append([column.name, column.kind, _values(column), str(datamodule.missing.get(column.name, 0))])
    sizes = ", ".join(f"{len(datamodule.dataset(name)):,} {name}" for name in ("train", "val", "test"))
    what = "a number" if target.class_names is None else f"one of {', '.join(target.class_names[:20])}"
    text = f"The target is `{target.name}`: {what}. Rows: {sizes}. Means and deviations are those of the training part."
    if len(columns) > _MOST:
        text += f" The first {_MOST} of {len(columns):,} columns are listed."
    return Section("Columns", "\n\n".join([text, *(f"{note}." for note in datamodule.notes)]), [], rows)


def _values(column: Column) -> str:
    if column.kind == "category":
        more = ", …" if len(column.categories) > _LISTED else ""
        return f"{len(column.categories)}: {', '.join(column.categories[:_LISTED])}{more}"
    scaled = f"mean {column.center:.4g}, deviation {column.scale:.4g}"
    unit = " (days since 1970)" if column.kind == "date" else ""
    fill = "" if column.fill is None else f"; missing ones are {column.fill:.4g}"
    return scaled + unit + fill
