import base64
import re
from html.parser import HTMLParser

import pytest

from zoo.reports.figures import drawing, plain_text
from zoo.reports.page import Section, write_page

NASTY = '<script>alert("x")</script> & $a_b$'


class Outline(HTMLParser):
    """Collects what a browser would see; fails on a tag closed out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def page(tmp_path):
    with drawing(tmp_path / "a_plot.png", width=2, height=1) as figure:
        figure.add_subplot().plot([1, 2])
    sections = [
        Section(f"First {NASTY}", f"One {NASTY}\n\ntwo", [tmp_path / "a_plot.png"]),
        Section("Second", table=[["name", "value", "word"], [NASTY, "0.5", "x"], ["b", "1,200", "–"]]),
    ]
    path = write_page(tmp_path, f"Title {NASTY}", sections, {"seed": 0, "model": {"name": NASTY}})
    assert path == tmp_path / "index.html"
    outline = Outline()
    outline.feed(path.read_text(encoding="utf-8"))
    assert outline.open == []
    return outline


def test_everything_is_escaped(page):
    assert not any(tag == "script" for tag, _ in page.tags)
    assert page.text.count(NASTY) == 7  # title twice, contents, heading, paragraph, table, configuration


def test_the_page_needs_nothing_beside_it(page, tmp_path):
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert base64.b64decode(sources[0].removeprefix("data:image/png;base64,")) == (tmp_path / "a_plot.png").read_bytes()
    assert not any(tag in ("link", "script", "iframe") for tag, _ in page.tags)
    assert not re.search(r"url\(|https?://", (tmp_path / "index.html").read_text())


def test_contents_lead_to_every_part(page):
    links = [attributes["href"][1:] for tag, attributes in page.tags if tag == "a"]
    parts = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert links == parts == ["part-1", "part-2", "configuration"]


def test_numbers_stand_flush_right(page):
    assert [attributes.get("class") for tag, attributes in page.tags if tag == "td"] == [
        "number",
        None,
        "number",
        "number",
    ]


def test_paragraphs(page):
    assert [tag for tag, _ in page.tags].count("p") == 2


@pytest.mark.parametrize(
    ("text", "label"),
    [("short", "short"), ("a\n b", "a b"), ("$x$", r"\$x\$"), ("abcdefghijklmnop", "abcd…mnop")],
)
def test_labels_are_plain_text(text, label):
    assert plain_text(text, 10) == label


def test_a_name_that_the_font_lacks_or_that_looks_like_a_formula_is_drawn(tmp_path):
    with drawing(tmp_path / "a.png", width=2, height=2) as figure:
        figure.add_subplot().set_title(plain_text("猫 $\\frac{$ 犬"))
    assert (tmp_path / "a.png").stat().st_size > 1000
