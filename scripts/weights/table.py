"""The table of weights in docs/WEIGHTS.md, from their cards."""

from pathlib import Path

from zoo.run.model_card import card
from zoo.weights import shipped, shipped_folder

PAGE = Path(__file__).resolve().parents[2] / "docs" / "WEIGHTS.md"
BEGIN, END = "<!-- weights: written by scripts/verify_weights.py -->\n", "<!-- end of weights -->\n"
HEAD = (
    "| name | test metric, three seeds | a further seed, 95 % | best baseline | size | CPU seconds | data, license |\n"
    "|---|---|---|---|--:|--:|---|\n"
)


def write_table() -> None:
    """Replaces the table in the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + BEGIN + HEAD + "".join(map(_row, shipped())) + END + rest.split(END)[1], encoding="utf-8")


def _row(name: str) -> str:
    facts, folder = card(name).facts, shipped_folder(name)
    assert folder is not None
    release = facts["release"]
    low, high = release["interval"]
    cells = [
        f"`{name}`",
        f"{release['metric']} {', '.join(f'{value:.4f}' for value in release['seeds'].values())}",
        f"{low:.4f} – {high:.4f}",
        release["baseline"],
        f"{(folder / 'model.safetensors').stat().st_size / 1024:,.0f} KiB",
        f"{release['cpu_seconds']:,.0f}",
        f"{release['data']} {release['data_license']}",
    ]
    return f"| {' | '.join(cells)} |\n"
