"""Table regression: one number per row."""

from torch import nn

from zoo.tasks.regression.task import InUnits, Regression
from zoo.tasks.table_task import TableTask


class TableRegression(Regression, TableTask):
    """The procedure of `Regression` on `(inputs [B F], targets [B])`; the card holds the columns and the target."""

    kind = "table regression"

    def output_module(self) -> nn.Module:
        """Numbers in the units of the target."""
        return InUnits(self.target_center, self.target_scale)
