"""The report of a language model: baselines, guesses, attention maps, neighbors of words, the loss over training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import normalize

from zoo.data.text.pretraining import MaskedBatch, PretrainingText
from zoo.networks.bert import Bert
from zoo.ops.masking import IGNORED
from zoo.reports.comparison import comparison
from zoo.reports.curves import read_metrics
from zoo.reports.page import Section
from zoo.tasks.language.baselines import NAMES
from zoo.tasks.language.figures import draw_attention, draw_loss
from zoo.tasks.language.plateau import ADVICE, sits_at
from zoo.tasks.language.task import Language

SENTENCES, GUESSES = 6, 5
WORDS, NEIGHBORS = 12, 5
_TOKENS = 24  # of the sentence whose attention is drawn
_SHORTEST = 4  # letters of a word whose neighbors are listed


@torch.inference_mode()
def sections(task: Language, datamodule: PretrainingText, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`."""
    task.eval()
    bert = getattr(task.network, "bert", None)
    shown = [comparison(results, "mlm_loss", folder), guesses_section(task, datamodule)]
    if isinstance(bert, Bert):
        shown += [attention_section(bert, datamodule, folder), neighbors_section(bert, datamodule)]
    return [*shown, loss_section(task, results, folder)]


def guesses_section(task: Language, datamodule: PretrainingText) -> Section:
    """Masked words of test sentences: the truth, and the five best guesses."""
    test, tokenizer = datamodule.dataset("test"), datamodule.tokenizer
    count = min(SENTENCES, len(test))
    batch = datamodule.normalize(test[torch.arange(count) * (len(test) // count)])
    shares = task.forward_network(*task.network_inputs(batch)).tokens.float().softmax(2)
    table = [["sentence", "in the text", "truth", *(f"guess {number}" for number in range(1, GUESSES + 1))]]
    for row in range(count):
        text = tokenizer.decode([each for each in batch.tokens[row].tolist() if each != tokenizer.pad_id])
        for place in _in_order(batch, row):
            values, best = shares[row, place].topk(GUESSES)
            guesses = [f"{tokenizer.token(int(t))} {v:.0%}" for t, v in zip(best, values, strict=True)]
            shown = tokenizer.token(int(batch.tokens[row, batch.positions[row, place]]))
            table.append([text, shown, tokenizer.token(int(batch.labels[row, place])), *guesses])
            text = "″"
    note = (
        "Each row is a masked word of a pair of test sentences, in their order. A word that is to be guessed is "
        "replaced by [MASK] in 80 %, by a random word in 10 %, and left as it is in 10 % of the cases."
    )
    return Section("Masked words", note, [], table)


def _in_order(batch: MaskedBatch, row: int) -> list[int]:
    """Columns of the predicted tokens of a text, from its first to its last."""
    order = batch.positions[row].argsort()
    return order[batch.labels[row, order] != IGNORED].tolist()


def attention_section(bert: Bert, datamodule: PretrainingText, folder: Path) -> Section:
    """The attention of each head of the last layer in a test sentence."""
    test, tokenizer = datamodule.dataset("test"), datamodule.tokenizer
    tokens = test[torch.tensor([0])].tokens[:, :_TOKENS]
    maps = bert.attention_maps(tokens)[0, -1].float().cpu()
    names = [tokenizer.token(number) for number in tokens[0].tolist()]
    figure = draw_attention(folder / "attention.png", maps, names)
    text = (
        f"From each token (row) to each token (column), in the last of {len(bert.encoder.layer)} layers. Darker "
        f"cells get more attention; each head has its own scale."
    )
    return Section("Attention", text, [figure])


def neighbors_section(bert: Bert, datamodule: PretrainingText) -> Section:
    """The tokens whose embeddings are most similar to those of frequent words."""
    tokenizer = datamodule.tokenizer
    counts = torch.from_numpy(datamodule.train_counts)
    words = [
        number
        for number in counts.argsort(descending=True).tolist()
        if counts[number] and len(tokenizer.token(number)) >= _SHORTEST and tokenizer.token(number).isalpha()
    ]
    if not words:
        return Section("Neighbors of words", f"No word of {_SHORTEST} letters or more is one token.")
    chosen = torch.tensor(words[len(words) // 50 : -(-len(words) // 2) : max(len(words) // (2 * WORDS), 1)][:WORDS])
    vectors = normalize(bert.embeddings.word_embeddings.weight.float().cpu()[: len(tokenizer)], dim=1)
    seen = counts > 0
    similarities = (vectors[chosen] @ vectors.T).masked_fill(~seen, -1.0)
    similarities.scatter_(1, chosen[:, None], -1.0)  # of a word to itself
    table = [["word", *(f"neighbor {number}" for number in range(1, NEIGHBORS + 1))]]
    for word, row in zip(chosen.tolist(), similarities, strict=True):
        values, best = row.topk(NEIGHBORS)
        near = [f"{tokenizer.token(int(t))} {v:.2f}" for t, v in zip(best, values, strict=True)]
        table.append([tokenizer.token(word), *near])
    return Section("Neighbors of words", "By the cosine similarity of their embeddings.", [], table)


def loss_section(task: Language, results: Mapping[str, Any], folder: Path) -> Section:
    """The masked loss over training, beside the unigram entropy and the baselines."""
    levels = {"unigram entropy, training": task.unigram_entropy} if task.unigram_entropy is not None else {}
    levels |= {name: values["mlm_loss"] for name, values in results["baselines"].items() if "mlm_loss" in values}
    levels["this model, test"] = results["test"]["mlm_loss"]
    path = folder.parent / "metrics.csv"
    losses = read_metrics(path).get("mlm_loss", {}).get("val", []) if path.is_file() else []
    text = (
        "A model that knows nothing but how frequent words are has the unigram entropy as its loss. The curve is "
        "that of the validation split; the lines, but for the entropy, are those of the test split, whose documents "
        "may be easier or harder."
    )
    if sits_at(results["test"]["mlm_loss"], levels.get(NAMES[1], task.unigram_entropy)):
        text += f" The loss of this model sits there: {ADVICE}."
    figures = [draw_loss(folder / "loss.png", losses, levels)] if losses else []
    return Section("Loss and word frequencies", text, figures)
