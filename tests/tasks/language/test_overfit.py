"""A small BERT learns eight sentences by heart."""

import pytest
import torch

from zoo.data.text.labeled import encode, padded
from zoo.data.text.pairs import PairBatch
from zoo.data.text.pretraining import mask
from zoo.data.text.tokenizer import train_wordpiece
from zoo.losses.pretraining import PretrainingLoss
from zoo.networks.bert_pretraining import BertPretraining
from zoo.tasks.language.metrics import MaskedTokens

SENTENCES = [
    "the cat sat on the mat and slept",
    "a dog ran over the hill in the rain",
    "ships sail far when winds are kind",
    "she reads a long book every night",
    "bread and cheese make a good lunch",
    "snow fell on the old town at noon",
    "his train leaves from track nine",
    "bees fly from rose to rose all day",
]
STEPS, COPIES = 250, 4  # copies of a sentence in a batch, each masked anew


@pytest.mark.slow
def test_it_overfits_eight_sentences():
    tokenizer = train_wordpiece(lambda: SENTENCES * 2, vocab_size=200, lowercase=True)
    tokens = padded(encode(SENTENCES * COPIES, tokenizer, 32)[0], tokenizer.pad_id)
    numbers = torch.arange(len(tokens))
    raw = PairBatch(tokens, torch.zeros_like(tokens), torch.zeros_like(numbers), numbers)
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 64, "num_layers": 2, "max_positions": tokens.shape[1]}
    torch.manual_seed(0)
    network = BertPretraining(**sizes, dropout=0.0, next_sentence=False)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=STEPS, pct_start=0.1)
    loss, metric = PretrainingLoss(), MaskedTokens()

    def masked(step: int):
        batch = mask(raw, tokenizer, share=0.15, whole_word=False, seed=0, step=step)
        return batch, network(batch.tokens, batch.segments, batch.positions)

    for step in range(STEPS):
        batch, outputs = masked(step)
        optimizer.zero_grad()
        loss(outputs.tokens, batch.labels, None, batch.is_random).total.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        for step in range(STEPS, STEPS + 10):  # masks that it has not seen
            batch, outputs = masked(step)
            metric.update(outputs.tokens, batch.labels)
    assert metric.compute()["accuracy"] > 0.95
