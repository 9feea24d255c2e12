"""Tables that come with scikit-learn: available offline."""

from dataclasses import dataclass, field

import numpy as np
from sklearn import datasets

from zoo.data.table.base import Source, TableData
from zoo.data.table.raw import Kind, RawTable
from zoo.errors import ZooError

TARGETS = {"diabetes": "progression", "breast_cancer": "diagnosis", "wine": "cultivar", "iris": "species"}
"""442 patients × 10; 569 tumors × 30, 2 classes; 178 wines × 13, 3 classes; 150 flowers × 4, 3 classes."""


@dataclass(kw_only=True, eq=False)
class ScikitTable(TableData):
    """A table that comes with scikit-learn: diabetes (in its own units), breast_cancer, wine or iris.

    Raises:
        ZooError: another name.
    """

    name: str = field()  # the bare annotation would take Lightning's class attribute `name` as a default

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name not in TARGETS:
            raise ZooError(f"`data.name` (={self.name}) must be one of: {', '.join(TARGETS)}")

    def source(self) -> Source:
        """All rows as one table."""
        options = {"scaled": False} if self.name == "diabetes" else {}
        found = getattr(datasets, f"load_{self.name}")(**options)
        columns = {str(name): found.data[:, number] for number, name in enumerate(found.feature_names)}
        kinds: dict[str, Kind] = dict.fromkeys(columns, "number")
        target, values = TARGETS[self.name], found.target.astype(np.float64)
        if "target_names" in found:
            values, kinds[target] = found.target_names.astype(object)[found.target], "category"
        else:
            kinds[target] = "number"
        rows = np.arange(1, len(values) + 1)
        table = RawTable(columns=columns | {target: values}, kinds=kinds, rows=rows, where=self.name)
        return Source(tables={"train": table}, target=target)
