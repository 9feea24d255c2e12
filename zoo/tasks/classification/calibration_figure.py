"""Reliability diagram of a classifier."""

from pathlib import Path

from zoo.reports.figures import COLORS, SOFT, drawing
from zoo.tasks.classification.metrics import CalibrationBins


def draw_calibration(path: Path, bins: CalibrationBins, samples: str) -> Path:
    """Draws the accuracy in each confidence bin, and the histogram of confidences."""
    edges, width = bins.edges, float(bins.edges[1] - bins.edges[0])
    used = bins.images > 0
    with drawing(path, width=8.4, height=3.5) as figure:
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], color=SOFT, linestyle=":", linewidth=1.3, label="perfectly calibrated")
        starts = edges[:-1][used]
        left.bar(starts, bins.accuracy[used], width * 0.92, align="edge", color=COLORS[0], alpha=0.35)
        left.plot(bins.confidence[used], bins.accuracy[used], "o", color=COLORS[0], ms=4.5, label="this model")
        left.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="confidence", ylabel="accuracy")
        left.set_title("Reliability")
        left.legend(loc="upper left")
        right.bar(edges[:-1], bins.images / max(bins.images.sum(), 1), width * 0.92, align="edge", color=COLORS[0])
        right.set(xlim=(0, 1), xlabel="confidence", ylabel=f"share of the {samples}")
        right.set_title("Confidence")
    return path
