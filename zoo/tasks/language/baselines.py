"""Baselines of masked language modeling: word frequencies, adjacent words, and the more frequent next sentence."""

import math

import numpy as np
import torch
from jaxtyping import Bool, Int

from zoo.data.base import Split
from zoo.data.text.pretraining import PretrainingText
from zoo.ops.masking import IGNORED
from zoo.tasks.base import Task
from zoo.tasks.language.metrics import BEST
from zoo.tasks.language.ngrams import NGrams, Tokens

NAMES = {1: "unigram frequencies", 2: "bigram table", 3: "n-gram interpolation"}
MOST_TOKENS = 5_000_000  # of a split, from which adjacent tokens are counted
_CHUNK = 256


def baselines(datamodule: PretrainingText, task: Task) -> dict[str, dict[str, float]]:
    """Test metrics of n-gram models on the masked tokens, and the share of the more frequent next sentence.

    They know the true tokens before each masked one, also where those are masked. Their weights are fitted on the
    validation split.
    """
    train, val = (documents(datamodule, split) for split in ("train", "val"))
    contexts, answers = masked(datamodule)
    scores = {}
    for order, name in NAMES.items():
        model = NGrams(*train, len(datamodule.tokenizer), order=order)
        model.fit(*val)
        scores[name] = _score(model, contexts, answers)
    if datamodule.next_sentence:
        share = float(datamodule.dataset("test").table[:, 4].mean())
        scores["majority class"] = {"nsp_accuracy": max(share, 1 - share)}
    return scores


def documents(datamodule: PretrainingText, split: Split) -> tuple[Tokens, Bool[np.ndarray, " n"]]:
    """The tokens of a split, and which of them start a document."""
    corpus, tokens, starts, count = datamodule.corpus, [], [], 0
    for number in datamodule.numbers[split]:
        first, end = corpus.span(number)
        tokens.append(np.asarray(corpus.tokens[first:end]))
        starts.append(np.arange(end - first) == 0)
        count += end - first
        if count > MOST_TOKENS:
            break
    return np.concatenate(tokens), np.concatenate(starts)


def masked(datamodule: PretrainingText) -> tuple[Int[np.ndarray, "n 2"], Tokens]:
    """The two tokens before each masked one of the test split, -1 for none, and the masked token."""
    test, contexts, answers = datamodule.dataset("test"), [], []
    special = {datamodule.tokenizer.cls_id, datamodule.tokenizer.sep_id}
    for indices in torch.arange(len(test)).split(_CHUNK):
        pairs = test[indices]
        batch = datamodule.normalize(pairs)
        tokens = torch.nn.functional.pad(pairs.tokens, (2, 0), value=-1)
        for special_id in special:
            tokens[tokens == special_id] = -1
        before = [tokens.gather(1, batch.positions + shift) for shift in (0, 1)]
        before[0] = before[0].masked_fill(before[1] < 0, -1)
        chosen = batch.labels != IGNORED
        contexts.append(torch.stack([part[chosen] for part in before], dim=1))
        answers.append(batch.labels[chosen])
    return torch.cat(contexts).numpy(), torch.cat(answers).numpy()


def _score(model: NGrams, contexts: Int[np.ndarray, "n 2"], answers: Tokens) -> dict[str, float]:
    logarithms, hits = 0.0, np.zeros(BEST)
    order = np.lexsort(contexts.T[::-1])  # equal contexts together, so that each is computed once
    last: tuple[int, ...] | None = None
    for context, answer in zip(contexts[order].tolist(), answers[order].tolist(), strict=True):
        past = tuple(context[3 - model.order :])
        if past != last:
            shares = model.distribution(context)
            best, last = np.argpartition(-shares, BEST)[:BEST], past
            best = best[np.argsort(-shares[best], kind="stable")]
        logarithms += math.log(shares[answer])
        hits += best == answer
    loss = -logarithms / len(answers)
    accuracy = {"accuracy": float(hits[0] / len(answers)), "top5": float(hits.sum() / len(answers))}
    return {"mlm_loss": loss, "perplexity": math.exp(loss), **accuracy}
