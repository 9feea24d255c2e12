"""The report of a language model: the order of masked words, figures without cut labels, the verdict on the loss."""

import random
from pathlib import Path

import matplotlib.image
import pytest
import torch
from text_sets import text_files

import zoo
from zoo.ops.masking import IGNORED
from zoo.tasks.language.figures import draw_attention, draw_loss
from zoo.tasks.language.report import guesses_section, loss_section


def test_masked_words_are_listed_as_they_stand_in_the_text(tmp_path: Path):
    documents = [" ".join(random.Random(n).choices(["ba", "do", "ki", "lu", "me"], k=30)) for n in range(24)]
    (tmp_path / "corpus.txt").write_text("\n\n".join(documents))
    data = text_files(tmp_path / "corpus.txt", mask_share=0.5)
    data.setup()
    task = zoo.create_model("bert_tiny", vocab_size=len(data.tokenizer), max_positions=32)
    header, *rows = guesses_section(task, data).table
    assert header[:3] == ["sentence", "in the text", "truth"]
    test, tokenizer = data.dataset("test"), data.tokenizer
    pairs = test[torch.zeros(1, dtype=torch.long)]
    batch = data.normalize(pairs)
    places = sorted(batch.positions[batch.labels != IGNORED].tolist())
    expected = [(tokenizer.token(int(batch.tokens[0, k])), tokenizer.token(int(pairs.tokens[0, k]))) for k in places]
    assert [(row[1], row[2]) for row in rows[: len(places)]] == expected


def test_no_label_of_a_figure_is_cut(tmp_path: Path):
    maps = torch.rand(2, 24, 24).softmax(2)
    draw_attention(tmp_path / "attention.png", maps, [f"sequence{number:02}"[-9:] for number in range(24)])
    draw_loss(tmp_path / "loss.png", [(0, 5.0), (1, 4.0)], {"n-gram interpolation": 3.86, "this model, test": 4.2})
    for name in ("attention.png", "loss.png"):
        pixels = matplotlib.image.imread(tmp_path / name)[..., :3]
        for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
            assert edge.min() == 1.0


@pytest.mark.parametrize(("unigram", "sits"), [(4.0, True), (6.0, False)])
def test_a_loss_is_judged_by_the_word_frequencies_of_its_own_split(tmp_path: Path, unigram: float, sits: bool):
    task = zoo.create_model("bert_tiny", vocab_size=30, max_positions=8)
    task.unigram_entropy = 5.0
    results = {"test": {"mlm_loss": 5.2}, "baselines": {"unigram frequencies": {"mlm_loss": unigram}}}
    assert ("sits there" in loss_section(task, results, tmp_path / "report").text) is sits
