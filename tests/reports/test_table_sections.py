"""Figures of a table's report are those of a random sample of all rows, and equal scikit-learn's."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mutual_info_score
from table_sets import frame, table

from zoo.reports.table.components import components_section
from zoo.reports.table.explanation import explanation_sections
from zoo.reports.table.importance import information


def test_the_information_of_a_category_is_that_of_all_its_values(tmp_path):
    generator = np.random.default_rng(0)
    color = generator.choice([*"abcdefgh"], 1500)
    y = np.where(generator.random(1500) < 0.9, color, generator.choice([*"abcdefgh"], 1500))
    pd.DataFrame({"color": color, "noise": generator.normal(size=1500), "y": y}).to_csv(tmp_path / "a.csv", index=False)
    data = table(tmp_path / "a.csv")
    data.setup()
    found = information(*data.dataset("train").arrays(), data.columns, 0)
    codes, classes = data.dataset("train").encoded.codes[:, 0], data.dataset("train").targets.numpy()
    assert found["color"] == pytest.approx(mutual_info_score(codes, classes) / np.log(2))
    assert found["noise"] < 0.1


@pytest.fixture
def in_order(tmp_path):
    """6,000 rows in the order of their target, which the number `size` decides."""
    rows = frame(6000).sort_values("size", ignore_index=True)
    rows["y"] = rows["size"]
    rows.to_csv(tmp_path / "a.csv", index=False)
    data = table(tmp_path / "a.csv", val_fraction=0.05, test_fraction=0.05)
    data.setup()
    return data


def sections(data, folder, predicted=lambda rows: rows[:, 0]):
    train, test = data.dataset("train").arrays(), data.dataset("test").arrays()
    return explanation_sections(
        data,
        folder,
        train=train,
        test=test[0],
        predicted=predicted,
        predicts="y",
        score=lambda rows: -float(np.abs(rows[:, 0] - test[1]).mean()),
        change="increase of MAE",
        linear_models={"linear": LinearRegression()},
        coefficients_of="y",
    )


def test_partial_dependence_is_that_of_all_rows(in_order, tmp_path):
    seen = []
    sections(in_order, tmp_path, predicted=lambda rows: seen.append(rows[:, 0]) or rows[:, 0])
    sizes = next(values for values in seen if np.ptp(values))  # while another column is set
    assert len(sizes) == 500
    assert abs(sizes.mean()) < 0.2  # standardized; -1.8 in the first 500 rows
    assert sizes.max() > 2


def test_components_are_those_of_all_rows(in_order, tmp_path):
    inputs, _ = in_order.dataset("train").arrays()
    share = PCA(2).fit(inputs).explained_variance_ratio_.sum()
    shown = float(components_section(in_order, tmp_path).text.split("hold ")[1].split("%")[0])
    assert shown == pytest.approx(100 * share, abs=1)


def test_a_coefficient_is_that_of_a_standard_deviation(tmp_path):
    frame(300).to_csv(tmp_path / "a.csv", index=False)
    data = table(tmp_path / "a.csv")
    data.setup()
    inputs, targets = data.dataset("train").arrays()
    fitted = LinearRegression().fit(inputs, targets).coef_
    shown = {row[0]: float(row[1]) for row in sections(data, tmp_path)[2].table[1:]}
    assert shown["size"] == pytest.approx(fitted[0] * inputs[:, 0].std(), rel=1e-3)
    assert shown["city=Rome"] == pytest.approx(fitted[5] * inputs[:, 5].std(), rel=1e-3)
    assert abs(shown["size"]) > abs(shown["city=Rome"])  # 3·10 for a deviation, 40 for being in Rome


def test_the_change_is_named(tmp_path):
    frame(60).to_csv(tmp_path / "a.csv", index=False)
    data = table(tmp_path / "a.csv")
    data.setup()
    assert sections(data, tmp_path)[0].table[0][1] == "increase of MAE when shuffled"
