import json
import math

from zoo.json_files import write_json


def refuse(name):
    raise ValueError(name)


def test_json_is_strict_and_keeps_names_that_are_not_utf8(tmp_path):
    path = "M\udcfcller.png"  # Latin-1, as Python decodes it
    value = {"rmse": math.inf, "test": [math.nan, -math.inf, 0.5, 1], "path": path, "é": None, "pair": (True, "a")}
    write_json(tmp_path / "a.json", value)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    read = json.loads(text, parse_constant=refuse)
    assert read == {"rmse": None, "test": [None, None, 0.5, 1], "path": path, "é": None, "pair": [True, "a"]}
    assert r'"M\udcfcller.png"' in text
    assert "é" in text
