"""Table classification: one label per row."""

from typing import Any

from zoo.data.base import DataModule
from zoo.tasks.classification import Classification
from zoo.tasks.table_task import TableTask


class TableClassification(Classification, TableTask):
    """The procedure of `Classification` on `(inputs [B F], labels [B])`; the card holds the columns."""

    kind = "table classification"
    preprocessing_entries = TableTask.preprocessing_entries
    resolve_source = TableTask.resolve_source
    features = TableTask.features
    example_inputs = TableTask.example_inputs
    nominal_inputs = TableTask.nominal_inputs
    export_program = TableTask.export_program

    def prepare_evaluation(self, datamodule: DataModule) -> dict[str, Any]:  # type: ignore[override]
        """Rows have no test-time augmentation."""
        return {}

    def finish_evaluation(self, datamodule: DataModule) -> None:
        """Nothing has been changed."""
