"""Docstrings and comments use the field's terms, in American spelling."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IDIOMS = {  # what a reader outside this project reads twice: the field's word
    r"\btold\b": "reported, given",
    r"\b(is|are|was|were|be) said\b": "reported, logged",
    r"\basked( for)?\b": "requested",
    r"\bwanted\b": "expected",
    r"\bspelt\b": "formatted",
    r"\bwhat (stands|is left) behind\b": "say what it is",
    r"\bnone of these\b": "say what it is",
    r"\bpictures?\b": "image",
}
BRITISH = re.compile(
    r"colour|grey|centre|centring|neighbour|behaviour|favour|catalogue|labelled|modelled|cancelled|spelt|learnt|licence|"
    r"artefact|enrolment|fulfil\b|(normal|standard|initial|util|optim|regular|quant|recogn|organ|general|minim|maxim|"
    r"visual|serial|synchron|summar|factor|parameter|vector|penal|custom)is(e|ing|ation)",
    re.IGNORECASE,
)
IMPERATIVE = re.compile(
    r"(Add|Apply|Build|Check|Clip|Compare|Compile|Compute|Convert|Copy|Count|Create|Delegate|Detect|Draw|Drop|Embed|Fit|"
    r"Format|Freeze|Gather|Generate|Get|Keep|Load|Log|Make|Measure|Move|Parse|Plot|Predict|Print|Put|Raise|Read|Remove|"
    r"Require|Reset|Resolve|Restore|Return|Run|Save|Select|Set|Shard|Show|Start|Stop|Train|Update|Use|Write|Yield) "
)
FILES = sorted([*(ROOT / "zoo").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")])


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Lines of the comments and docstrings of a file, with their numbers."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from enumerate(node.value.value.splitlines(), node.lineno)


def idioms(lines: Iterator[tuple[int, str]]) -> list[str]:
    return [
        f"{number}: `{found[0]}` → {word}"
        for number, line in lines
        for idiom, word in IDIOMS.items()
        if (found := re.search(idiom, line, re.IGNORECASE))
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_idiom(path: Path) -> None:
    assert not idioms(prose(path))


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_no_idiom_in_a_document(name: str) -> None:
    assert not idioms(iter(enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1)))


def test_spelling_is_american() -> None:
    """In names, keys, messages and prose of everything but this file."""
    folders = ("zoo", "scripts", "tests", "configs", "docs")
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yaml", ".md")
    ]
    found = {
        path.relative_to(ROOT).as_posix(): words
        for path in [*ROOT.glob("*.md"), *ROOT.glob("*.py"), *files]
        if path != Path(__file__)
        and (words := {word[0] for word in BRITISH.finditer(path.name + path.read_text(encoding="utf-8"))})
    }
    assert not found


@pytest.mark.parametrize("path", [ROOT / "train.py", *FILES], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_docstrings_are_in_the_third_person(path: Path) -> None:
    """`Returns the loss`, as in PyTorch, not `Return the loss`."""
    documented = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, documented)]
    texts = [text for node in nodes if (text := ast.get_docstring(node))]
    assert not [text.splitlines()[0] for text in texts if IMPERATIVE.match(text)]


def test_an_idiom_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('def f():\n    """Returns what was asked."""  # told\n')
    assert len(idioms(prose(tmp_path / "a.py"))) == 2


def test_no_file_is_long() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    assert not [path.name for path in [*FILES, *tests] if len(path.read_text(encoding="utf-8").splitlines()) > 250]
