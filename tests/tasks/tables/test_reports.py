"""The report of a table names what the model relies on, beside its rivals."""

import re

import pytest
from small_runs import trained


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
