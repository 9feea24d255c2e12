"""Classification of the rows of a table: another input, the same procedure."""

from zoo.tasks.classification.table.task import TableClassification as TableClassification
