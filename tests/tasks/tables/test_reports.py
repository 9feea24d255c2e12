"""The report of a table names what the model relies on, beside its rivals."""

import re

import numpy as np
import pytest
from small_runs import trained
from table_sets import frame


@pytest.mark.parametrize(
    ("model", "data", "sections", "figures"),
    [
        ("two_layer", "iris", ["Confusion matrix", "Which columns matter", "Partial dependence", "Linear models"], 4),
        (
            "two_layer_regression",
            "diabetes",
            ["Predictions, and the largest errors", "Which columns matter", "Partial dependence", "Linear models"],
            4,
        ),
    ],
)
def test_sections_and_figures(model, data, sections, figures, tmp_path):
    last = trained(model, tmp_path / "run", f"data={data}", "trainer.accelerator=cpu")
    folder = last.parents[1] / "report"
    page = (folder / "index.html").read_text(encoding="utf-8")
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    for section in sections:
        assert section in headings
    saved = [*folder.glob("*.png")]
    assert len(saved) == page.count("data:image/png;base64,") >= figures
    assert all(path.stat().st_size > 1000 for path in saved)


def cells(page, heading):
    """The rows of the table below a heading."""
    part = page.split(f">{heading}</h2>")[1].split("</table>")[0]
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in part.split("<tr>")[2:]]


@pytest.mark.parametrize("model", ["two_layer_regression", "two_layer"])
def test_a_row_is_named_by_its_number_in_the_file(model, tmp_path):
    """Its target in the file is the truth that is shown beside it."""
    rows = frame(60)
    if model == "two_layer":
        rows["y"] = np.random.default_rng(1).choice(["dear", "cheap", "free"], len(rows))
    rows.to_csv(tmp_path / "rows.csv", index=False)
    last = trained(model, tmp_path / "run", "data=table", f"data.path={tmp_path / 'rows.csv'}")
    page = (last.parents[1] / "report" / "index.html").read_text(encoding="utf-8")
    regression = model == "two_layer_regression"
    shown = cells(page, "Predictions, and the largest errors" if regression else "Most confident mistakes")
    assert len(shown) > 3
    for name, *values in shown:
        number = int(re.fullmatch(r"rows.csv, row (\d+)", name)[1])
        truth = rows["y"][number - 1]
        assert (f"{truth:.5g}" == values[-1]) if regression else (truth == values[2])
