"""One self-contained HTML page: sections of text, tables and figures."""

import base64
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from zoo.reports.figures import DPI

SCREEN_DPI = 96  # CSS pixels per inch
_NUMBER = re.compile(r"[-+−]?[\d,]*\.?\d+(e[-+]?\d+)?\s?(%|s|ms|h|min)?|–|nan")


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Blank lines separate the paragraphs of `text`. `figures` are PNG files. The first row of `table` is its header; the
    first column names the rows.
    """

    title: str
    text: str = ""
    figures: list[Path] = field(default_factory=list)
    table: list[list[str]] | None = None


def write_page(
    folder: Path, title: str, sections: Sequence[Section], configuration: Mapping[str, Any] | None = None
) -> Path:
    """Writes the self-contained page `folder/index.html` and returns its path.

    Figures are embedded, so that the file can be moved or mailed. `configuration` is shown at the end as YAML.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"part-{number}" for number, _ in enumerate(sections, 1)]
    links = [_link(name, section.title) for name, section in zip(ids, sections, strict=True)]
    body = [_section(name, section) for name, section in zip(ids, sections, strict=True)]
    if configuration is not None:
        links.append(_link("configuration", "Configuration"))
        body.append(_configuration(configuration))
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{html.escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<nav aria-label="Contents"><ul>
{_lines(links)}
</ul></nav>
<main>
<h1>{html.escape(title)}</h1>
{_lines(body)}
</main>
</body>
</html>
"""
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def _link(name: str, title: str) -> str:
    return f'<li><a href="#{name}">{html.escape(title)}</a></li>'


def _section(name: str, section: Section) -> str:
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", section.text) if part.strip()]
    parts = [f"<p>{html.escape(part)}</p>" for part in paragraphs]
    parts += [_figure(path) for path in section.figures]
    if section.table:
        parts.append(_table(section.table))
    return f'<section id="{name}">\n<h2>{html.escape(section.title)}</h2>\n{_lines(parts)}\n</section>'


def _figure(path: Path) -> str:
    content = path.read_bytes()
    data = base64.b64encode(content).decode("ascii")
    alt = html.escape(path.stem.replace("_", " "), quote=True)
    width = round(int.from_bytes(content[16:20]) * SCREEN_DPI / DPI)  # sharp on high-resolution screens
    return f'<figure><img alt="{alt}" width="{width}" src="data:image/png;base64,{data}"></figure>'


def _table(rows: list[list[str]]) -> str:
    head = "".join(f'<th scope="col"{_align(rows[1:], i)}>{html.escape(c)}</th>' for i, c in enumerate(rows[0]))
    lines = ["<thead><tr>" + head + "</tr></thead>", "<tbody>"]
    for row in rows[1:]:
        cells = [f'<th scope="row">{html.escape(row[0])}</th>']
        cells += [f"<td{_align([row], i)}>{html.escape(row[i])}</td>" for i in range(1, len(row))]
        lines.append("<tr>" + "".join(cells) + "</tr>")
    return f'<div class="table"><table>\n{_lines(lines)}\n</tbody></table></div>'


def _align(rows: list[list[str]], column: int) -> str:
    """The class attribute that right-aligns a column of numbers."""
    cells = [row[column] for row in rows if column < len(row)]
    return ' class="number"' if column and cells and all(map(_NUMBER.fullmatch, cells)) else ""


def _configuration(configuration: Mapping[str, Any]) -> str:
    text = html.escape(OmegaConf.to_yaml(OmegaConf.create(dict(configuration))))
    return f'<section id="configuration">\n<h2>Configuration</h2>\n<pre><code>{text}</code></pre>\n</section>'


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts)
