"""One small pre-training: its metrics, predictions, vectors and report."""

import csv
import json
from pathlib import Path

import pytest
import torch
from text_sets import text_files

import zoo
from zoo.config.compose import compose, to_dict
from zoo.data.text.pretraining import MaskedBatch
from zoo.errors import ZooError
from zoo.prediction.texts import list_of_texts
from zoo.run.train import train
from zoo.tasks.language.metrics import MaskedTokens
from zoo.tasks.language.ngrams import NGrams
from zoo.tasks.language.report import neighbors_section

WORDS = ["data.vocab_size=120", "data.length=32", "data.batch_size=4", "trainer.max_epochs=1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The folder of a run on 20 documents."""
    folder = tmp_path_factory.mktemp("language")
    words = [f"{first}{second}" for first in "bdklm" for second in ("ara", "ota", "ino", "usi", "epo")]
    documents = ["\n".join(" ".join(words[(n + k * j) % 25] for k in range(9)) for j in range(12)) for n in range(20)]
    (folder / "corpus.txt").write_text("\n\n".join(documents))
    config = to_dict(compose(["model=bert_tiny", "data=text", f"data.path='{folder}/corpus.txt'", *WORDS]))
    train(config, folder / "run", model="bert_tiny", data="text")
    return folder / "run"


def test_it_is_measured_beside_its_baselines(run: Path):
    results = json.loads((run / "metrics.json").read_text())
    assert results["test"].keys() == {"mlm_loss", "perplexity", "accuracy", "top5", "nsp_loss", "nsp_accuracy", "loss"}
    names = {"unigram frequencies", "bigram table", "n-gram interpolation", "majority class"}
    assert results["baselines"].keys() == names
    page = (run / "report" / "index.html").read_text()
    for title in ("Masked words", "Attention", "Neighbors of words", "Loss and word frequencies"):
        assert f"<h2>{title}</h2>" in page


def test_masks_are_filled_from_the_file_alone(run: Path, tmp_path: Path):
    filled = zoo.fill_mask(run, "bara [MASK] bino [MASK]", top=3)
    assert [len(guesses) for guesses in filled.guesses] == [3, 3]
    assert filled.filled.startswith("bara ")
    lines = tmp_path / "lines.txt"
    lines.write_text("bara [MASK]\nno mask here\n" + "bara " * 40 + "[MASK]\n")
    results = zoo.predict(run, lines, tmp_path / "out")
    assert [result.error for result in results] == [
        None,
        "the text has no [MASK]",
        "the text has no [MASK] in its first 32 tokens",
    ]
    assert results[2].truncated
    assert len(json.loads((tmp_path / "out" / "predictions.json").read_text())) == 3
    rows = list(csv.DictReader((tmp_path / "out" / "predictions.csv").read_text().splitlines()))
    assert rows[1]["place"].endswith("lines.txt, line 2")
    assert [row["truncated"] for row in rows] == ["False", "False", "True"]


def test_what_is_no_text_is_not_filled(run: Path):
    with pytest.raises(ZooError, match="an empty list: give at least one text"):
        zoo.fill_mask(run, [])
    with pytest.raises(ZooError, match="number 1 of the list is int"):  # the checker of types looks at random items
        list_of_texts(["a", 3])


@pytest.mark.parametrize("next_sentence", [True, False])
def test_the_evaluated_loss_does_not_depend_on_the_batches(corpus_file: Path, next_sentence: bool):
    """The loss is the sum of two means: over all masked tokens, and over all pairs."""
    data = text_files(corpus_file, next_sentence=next_sentence)
    data.setup()
    task = zoo.create_model(
        "bert_tiny", vocab_size=len(data.tokenizer), max_positions=32, next_sentence=next_sentence
    ).eval()
    found = []
    for size in (1, 7):
        for metrics in task.metrics.values():
            metrics.reset()
        for indices in torch.arange(len(data.dataset("test"))).split(size):
            task.test_step(data.normalize(data.dataset("test")[indices]), 0)
        found.append({name: float(value) for name, value in task.test_metrics.compute().items()})
        parts = found[-1]["test/mlm_loss"] + found[-1].get("test/nsp_loss", 0.0)
        assert found[-1]["test/loss"] == pytest.approx(parts, rel=1e-6)
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_probabilities_of_a_mask_are_those_of_the_network(run: Path):
    model = zoo.load(run)
    tokenizer = model.tokenizer()
    ids = [tokenizer.cls_id, *tokenizer.encode(["bara [MASK]"])[0], tokenizer.sep_id]
    shares = model.network(torch.tensor([ids])).tokens[0, ids.index(tokenizer.mask_id)].detach().softmax(0)
    ((token, probability), *_) = zoo.fill_mask(model, "bara [MASK]").guesses[0]
    assert (token, probability) == (tokenizer.token(int(shares.argmax())), pytest.approx(float(shares.max())))


def test_guesses_do_not_depend_on_the_other_texts_and_need_no_logits_elsewhere(run: Path):
    model = zoo.load(run)
    texts = ["bara [MASK]", "bara kota", "bara [MASK] bino kota [MASK] mepo"]
    read: list[torch.Size] = []
    model.network.cls.predictions.register_forward_hook(lambda _, inputs, __: read.append(inputs[0].shape))
    together = zoo.fill_mask(model, texts)
    assert [shape[:2] for shape in read] == [(3, 2)]
    for text, found in zip(texts, together, strict=True):
        alone = zoo.fill_mask(model, text)
        assert (found.filled, found.error) == (alone.filled, alone.error)
        assert len(found.guesses) == text.count("[MASK]")
        for ours, theirs in zip(found.guesses, alone.guesses, strict=True):
            assert [share for _, share in ours] == pytest.approx([share for _, share in theirs], rel=1e-4)


def test_vectors_are_means_or_those_of_the_first_token(run: Path):
    model = zoo.load(run)
    tokenizer = model.tokenizer()
    ids = [tokenizer.cls_id, *tokenizer.encode(["bara kota"])[0], tokenizer.sep_id]
    hidden = model.network.bert(torch.tensor([ids])).hidden[0].detach()
    torch.testing.assert_close(zoo.features(model, "bara kota")[0], hidden.mean(0))
    torch.testing.assert_close(zoo.features(model, "bara kota", pooling="cls")[0], hidden[0])
    with pytest.raises(ZooError, match=r"`pooling` \(=max\) must be"):
        zoo.features(model, "bara kota", pooling="max")
    with pytest.raises(ZooError, match="`pool` means nothing to a language model; it takes: batch_size, pooling"):
        zoo.features(model, "bara kota", pool="cls")
    assert zoo.features(model, "").shape == (1, hidden.shape[1])  # a text, not the current folder


@pytest.mark.slow
def test_four_layers_pass_the_word_frequencies_with_their_default_rate(tmp_path: Path):
    config = to_dict(compose(["model=bert_mini", "trainer.max_epochs=4", "trainer.precision=bf16-mixed"]))
    train(config, tmp_path / "run", model="bert_mini", data="stdlib_text")
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())
    unigram = figures["baselines"]["unigram frequencies"]["mlm_loss"]
    assert figures["test"]["mlm_loss"] < unigram - 0.4  # at 2e-3 it stays there


@pytest.mark.slow
def test_it_fine_tunes_to_a_classifier(run: Path, tmp_path: Path):
    table = tmp_path / "texts.csv"
    rows = [f"{'bara' if n % 2 else 'mepo'} kota {n % 7},{n % 2}" for n in range(40)]
    table.write_text("text,label\n" + "\n".join(rows))
    words = ["model=bert_tiny_classifier", "data=text_table", f"data.path='{table}'", "data.length=32"]
    start = [f"pretrained='{run}/checkpoints/best.ckpt'", "finetune=full", "trainer.max_epochs=1"]
    config = to_dict(compose([*words, *start, "baselines=false"]))
    train(config, tmp_path / "run", model="bert_tiny_classifier", data="text_table")
    model = zoo.load(tmp_path / "run")
    assert model.card["preprocessing"]["tokenizer"] == zoo.load(run).card["preprocessing"]["tokenizer"]
    results = zoo.predict(model, ["bara kota", "mepo kota " * 40])
    assert [result.truncated for result in results] == [False, True]
    assert {result.label for result in results} <= {"0", "1"}
    longer = config | {"data": config["data"] | {"length": 64}}
    with pytest.raises(ZooError, match=r"`data.length` \(=64\) is more than the 32 positions"):
        train(longer, tmp_path / "longer", model="bert_tiny_classifier", data="text_table")


def test_metrics_at_masked_positions():
    logits = torch.log_softmax(torch.randn(2, 3, 11, generator=torch.Generator().manual_seed(0)), 2)
    labels = torch.tensor([[4, -100, 0], [10, 2, -100]])
    metric = MaskedTokens()
    metric.update(logits, labels)
    chosen = [(0, 0, 4), (0, 2, 0), (1, 0, 10), (1, 1, 2)]
    loss = -sum(float(logits[place]) for place in chosen) / 4
    ranks = [int((logits[row, column] > logits[row, column, label]).sum()) for row, column, label in chosen]
    found = {name: float(value) for name, value in metric.compute().items()}
    assert found["mlm_loss"] == pytest.approx(loss)
    assert found["perplexity"] == pytest.approx(torch.tensor(loss).exp().item())
    assert (found["accuracy"], found["top5"]) == (sum(r == 0 for r in ranks) / 4, sum(r < 5 for r in ranks) / 4)


def test_the_training_loss_is_the_mean_over_masked_tokens():
    """Batches of short texts have fewer of them."""
    task = zoo.create_model("bert_tiny", vocab_size=30, max_positions=8)
    total, count = 0.0, 0
    for labels in (torch.tensor([[5, 6, 7], [8, 9, 10]]), torch.tensor([[11, -100, -100], [12, -100, -100]])):
        tokens = torch.randint(5, 30, (2, 8), generator=torch.Generator().manual_seed(count))
        places, none = torch.arange(3).expand(2, 3), torch.zeros(2, dtype=torch.long)
        batch = MaskedBatch(tokens, torch.zeros_like(tokens), places, labels, none)
        task.eval().step(batch, "train")
        found = task.loss(*task.network(tokens, None, places)[:1], labels, None, none).masked
        masked = int((labels != -100).sum())
        total, count = total + masked * found.item(), count + masked
    assert float(task.metrics["train"]["mlm_loss"].compute()) == pytest.approx(total / count)


def test_a_corpus_of_short_words_has_no_neighbors(run: Path, tmp_path: Path):
    """Of single letters, as those of genes, no word is listed, and the report is written."""
    (tmp_path / "genes.txt").write_text("\n\n".join(f"a c g t {n} t\nc c g a" for n in range(20)))
    data, task = text_files(tmp_path / "genes.txt"), zoo.load(run)
    data.setup()
    assert neighbors_section(task.network.bert, data).text == "No word of 4 letters or more is one token."


def test_interpolated_frequencies_are_a_distribution():
    import numpy as np

    tokens, starts = np.array([1, 2, 3, 1, 2, 4, 1, 2, 3]), np.arange(9) == 0
    model = NGrams(tokens, starts, 6, order=3)
    model.fit(tokens, starts)
    for context in ([1, 2], [2, 3], [-1, 1], [5, 5]):
        assert model.distribution(context).sum() == pytest.approx(1)
    assert model.distribution([1, 2]).argmax() == 3


def test_random_weights_start_at_the_logarithm_of_the_vocabulary(corpus_file):
    data = text_files(corpus_file)
    config = to_dict(compose(["model=bert_tiny"]))["model"]
    from zoo.run.build import build_task

    torch.manual_seed(0)
    task = build_task(config, data.metadata(), data.card()).eval()
    batch = data.normalize(next(iter(data.loader("train"))))
    logits, following = task.network(*task.network_inputs(batch))
    logits, following = logits.detach(), following.detach()
    losses = task.loss(logits, batch.labels, following, batch.is_random)
    assert float(losses.masked) == pytest.approx(torch.tensor(float(len(data.tokenizer))).log().item(), rel=0.03)
    nothing = task.loss(logits, torch.full_like(batch.labels, -100), following, batch.is_random)
    assert float(nothing.masked) == 0


@pytest.fixture
def corpus_file(run: Path) -> Path:
    return run.parent / "corpus.txt"
