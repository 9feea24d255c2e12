"""Regression of the rows of a table."""

from zoo.tasks.regression.table.task import TableRegression as TableRegression
