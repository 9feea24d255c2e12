import pytest

from zoo.config.compose import compose, to_dict
from zoo.data.series.statsmodels import SOURCES
from zoo.run.build import build_data


@pytest.mark.parametrize(
    ("name", "points", "step"),
    [("sunspots", 309, "1"), ("co2", 2284, "W-SAT"), ("nile", 100, "1"), ("elnino", 732, "MS")],
)
def test_each_series_has_its_length_and_step(name: str, points: int, step: str):
    pytest.importorskip("statsmodels")
    data = build_data(to_dict(compose([f"data={name}"]))["data"])
    data.setup()
    assert sum(data.table.lengths) == points
    assert data.card()["step"][1] == step
    assert data.metadata()["season"] <= data.metadata()["context"]
    assert {len(data.dataset(part)) > 0 for part in ("train", "val", "test")} == {True}


def test_every_source_has_a_test():
    assert set(SOURCES) == {"sunspots", "co2", "nile", "elnino"}
