"""Base class of tasks whose network reads rows of a table."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from zoo.config.instantiate import argument
from zoo.data.table.columns import Column, from_plain
from zoo.data.table.target import Target
from zoo.errors import ZooError
from zoo.networks.heads import head_inputs
from zoo.prediction.tables import Rows, resolve_table
from zoo.tasks.base import Task
from zoo.tasks.export import Program


class TableTask(Task):
    """A task of `(inputs [B F], targets [B])`; its card holds the columns and the target."""

    card_fields: ClassVar[Mapping[str, Any]] = {"header": bool, "text_columns": list[str]}

    def preprocessing_entries(self) -> tuple[str, ...]:
        """The columns that the network reads, and the one that it predicts."""
        return ("columns", "target")

    def resolve_source(self, source: Any) -> Any:
        """The path of a file, or a data frame."""
        return resolve_table(source)

    def columns(self) -> list[Column]:
        """The columns that the network reads.

        Raises:
            ZooError: the card has none.
        """
        if "columns" not in (self.card.get("preprocessing") or {}):
            raise ZooError("this model knows no columns: it was not trained here, or not on a table")
        return from_plain(self.card["preprocessing"]["columns"])

    def target(self) -> Target:
        """The column that the network predicts."""
        self.columns()
        return Target.from_plain(self.card["preprocessing"].get("target"))

    def read_rows(self, source: Any) -> Rows:
        """The inputs of a resolved source.

        Raises:
            ZooError: an unreadable file, a missing column, or no row.
        """
        from zoo.prediction.table_files import read_rows  # pandas is optional

        columns = self.columns()
        header, text = self.card.get("header", True), self.card.get("text_columns", [])
        return read_rows(source, columns, header=header, text_columns=text)

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """Zeros [B F]; None if the card has no columns."""
        if "columns" not in (self.card.get("preprocessing") or {}):
            return None
        return (torch.zeros(batch_size, sum(column.width for column in self.columns())),)

    @classmethod
    def nominal_inputs(cls, network: Mapping[str, Any]) -> tuple[Tensor, ...] | None:
        """Zeros [1 F] of the network's own number of inputs."""
        return (torch.zeros(1, argument(network, "in_features", 1) + sum(argument(network, "categories", ()))),)

    @torch.no_grad()
    def features(self, source: Any, *, batch_size: int) -> Tensor:
        """The inputs of the last layer for each row.

        Raises:
            ZooError: a row that cannot be read.
        """
        rows = self.read_rows(self.resolve_source(source))
        for number, error in rows.errors.items():
            raise ZooError(f"row {number + 1}: {error}")
        parts = rows.inputs.split(batch_size)
        return torch.cat(
            [head_inputs(self.forward_network, self.network, part.to(self.device)).float().cpu() for part in parts]
        )

    def export_program(self, *, format: str, with_preprocessing: bool) -> Program:
        """The network, with scaling and one-hot codes in front of it if requested.

        The program then reads [B D + C] as they are in a file: numbers, dates as days since 1970, and for each category
        its place in the list of the metadata, or -1.
        """
        columns = self.columns()
        program = TableProgram(self.network, columns if with_preprocessing else None, self.output_module())
        sizes = [column.width for column in columns if column.kind == "category"]

        def rows(batch: int) -> Tensor:
            generator = torch.Generator().manual_seed(batch)
            numbers = torch.randn(batch, len(columns) - len(sizes), generator=generator)
            codes = [torch.randint(size, (batch,), generator=generator) for size in sizes]
            if with_preprocessing:
                plain = numbers * program.scale + program.center
                return torch.cat([plain, *(code[:, None].float() for code in codes)], dim=1)
            hot = [nn.functional.one_hot(code, size).float() for code, size in zip(codes, sizes, strict=True)]
            return torch.cat([numbers, *hot], dim=1)

        metadata = {**self.export_metadata(), "normalizes": with_preprocessing}
        return Program(module=program, inputs=rows, metadata=metadata)

    def output_module(self) -> nn.Module:
        """What turns the outputs of the network into those of an exported file."""
        return nn.Identity()


class TableProgram(nn.Module):
    """A network of rows, with scaling and one-hot codes in front of it if `columns` are given."""

    center: Tensor
    scale: Tensor

    def __init__(self, network: nn.Module, columns: Sequence[Column] | None, output: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.output = output
        self.encodes = columns is not None
        plain = [column for column in columns or () if column.kind != "category"]
        self.sizes = [column.width for column in columns or () if column.kind == "category"]
        self.register_buffer("center", torch.tensor([column.center for column in plain]))
        self.register_buffer("scale", torch.tensor([column.scale for column in plain]))

    def forward(self, rows: Tensor) -> Tensor:
        """Returns the output for each row."""
        if self.encodes:
            count = len(self.center)
            blocks = [(rows[:, :count] - self.center) / self.scale]
            for place, size in enumerate(self.sizes):
                code = rows[:, count + place, None]
                blocks.append((code == torch.arange(size, device=rows.device)).to(rows.dtype))
            rows = torch.cat(blocks, dim=1)
        outputs: Tensor = self.output(self.network(rows))
        return outputs
