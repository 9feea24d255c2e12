"""One small classifier of texts: its baselines, report, predictions and exported file."""

import json
from pathlib import Path

import pytest
import torch
from pandas import DataFrame

import zoo
from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.run.export import export
from zoo.run.train import train

SMALL = ["data.vocab_size=120", "data.length=128", "model.network.hidden_size=64", "model.network.num_layers=1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The folder of a run on 60 texts, of which the longest are truncated."""
    folder = tmp_path_factory.mktemp("texts")
    rows = [(f"{'bara' if n % 2 else 'mepo'} kota {'lusi ' * (n % 5 * 40)}{n % 7}", "ab"[n % 2]) for n in range(60)]
    DataFrame(rows, columns=["body", "label"]).to_csv(folder / "texts.csv", index=False)
    words = ["model=bert_tiny_classifier", "data=text_table", f"data.path='{folder}/texts.csv'", "data.text=body"]
    train(to_dict(compose([*words, *SMALL, "trainer.max_epochs=2"])), folder / "run", model="bert", data="texts")
    return folder / "run"


def test_it_is_measured_beside_its_baselines(run: Path):
    results = json.loads((run / "metrics.json").read_text())
    assert results["baselines"].keys() == {"majority class", "TF-IDF, logistic regression"}
    assert results["baselines"]["TF-IDF, logistic regression"]["accuracy"] == 1.0
    page = (run / "report" / "index.html").read_text()
    for title in ("Confusion matrix", "Calibration", "Most confident mistakes", "Long texts"):
        assert f"<h2>{title}</h2>" in page
    assert "The network reads the first 128 tokens of a text." in page


def test_a_table_is_predicted_by_the_column_of_training(run: Path, tmp_path: Path, capsys):
    DataFrame({"body": ["bara kota", "lusi " * 200], "other": ["", ""]}).to_csv(tmp_path / "new.csv", index=False)
    results = zoo.predict(run, tmp_path / "new.csv", tmp_path / "out")
    assert [result.truncated for result in results] == [False, True]
    assert "1 of 2 texts have more than 128 tokens and are truncated" in capsys.readouterr().out
    written = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert [entry["label"] for entry in written] == [result.label for result in results]
    assert sum(each["probability"] for each in written[0]["top5"]) == pytest.approx(1)
    assert "new.csv, row 1" in (tmp_path / "out" / "predictions.csv").read_text()
    with pytest.raises(ZooError, match=r"has no column `title`; there are: body, other"):
        zoo.predict(run, tmp_path / "new.csv", column="title")


def test_blank_rows_are_left_out_and_counted(run: Path, tmp_path: Path, capsys):
    DataFrame({"number": range(4), "body": ["bara", None, " ", "kota"]}).to_csv(tmp_path / "new.csv", index=False)
    results = zoo.predict(run, tmp_path / "new.csv")
    assert [result.place.rpartition(", ")[2] for result in results] == ["row 1", "row 4"]
    assert "2 of 4 texts are blank and left out" in capsys.readouterr().out


def test_vectors_do_not_depend_on_the_other_texts(run: Path):
    alone, (first, _) = zoo.features(run, "bara kota"), zoo.features(run, ["bara kota", "lusi " * 50])
    torch.testing.assert_close(alone[0], first, atol=1e-5, rtol=0)


@pytest.mark.slow  # ONNX takes seconds to import
@pytest.mark.parametrize("length", [7, 128])
def test_an_exported_file_reads_texts_of_any_length(run: Path, tmp_path: Path, length: int):
    runtime = pytest.importorskip("onnxruntime")
    options = {"output": tmp_path / "texts.onnx", "with_preprocessing": False, "tolerance": 1e-4, "device": "cpu"}
    file, _ = export(run / "checkpoints" / "best.ckpt", format="onnx", trust=[], options={}, **options)
    session, model = runtime.InferenceSession(file), zoo.load(run)
    tokens = torch.randint(1, 30, (2, length), generator=torch.Generator().manual_seed(0))
    tokens[1, 5:] = model.tokenizer().pad_id
    (found,) = session.run(None, {session.get_inputs()[0].name: tokens.numpy()})
    torch.testing.assert_close(torch.tensor(found), model(tokens).detach(), atol=1e-4, rtol=0)
