"""Steps of BERT's pre-training; peer: Hugging Face's transformers in a plain loop.

Both start from the same weights, with the same optimizer, dropout and precision, on batches of the same loader. The
peer's batches are masked beforehand; ours are loaded and masked in the step.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, islice
from typing import Any

import torch
from torch import nn

from benchmarks.beside import build_run, endless, train_in_turns
from benchmarks.cases import Case
from benchmarks.plain_loop import recipe
from benchmarks.settings import Settings
from benchmarks.timing import Measured, compare, rate
from zoo.config.compose import compose, to_dict
from zoo.data.text.pretraining import MaskedBatch
from zoo.ops.masking import IGNORED
from zoo.run.build import build_data
from zoo.run.run import Run

MODELS = ("bert_tiny", "bert_mini")
STEPS = 24
GOAL = 0.9
DATA_SHARE = 0.05


def cases(settings: Settings) -> Iterator[Case]:
    """A training step of two sizes beside the peer; batches beside a step."""
    for model in MODELS:
        yield Case(
            name=f"{model}, a training step on stdlib_text as train.py has it",
            peer="transformers' BertForPreTraining in a plain loop, batches masked beforehand",
            measure=partial(_beside_transformers, settings, model),
            limit=GOAL,
            needs=("transformers", "tokenizers"),
        )
    yield Case(
        name="stdlib_text, a batch of pairs with masks",
        peer="a training step of bert_tiny",
        measure=partial(_batch_beside_step, settings),
        limit=DATA_SHARE,
        needs=("tokenizers",),
    )


def _run(settings: Settings, model: str) -> Run:
    words = [f"model={model}", "trainer.precision=32-true", *(["data.batch_size=4"] if settings.quick else [])]
    return build_run(words, build_data(to_dict(compose(words))["data"]), settings)


def _beside_transformers(settings: Settings, model: str) -> Measured:
    steps = 4 if settings.quick else STEPS
    run = _run(settings, model)
    batches = list(_masked(run, settings, steps))
    theirs = _transformers_step(run, batches, settings, steps)
    found = train_in_turns(run, theirs, settings, steps=steps).steps_measured()
    return found._replace(note=rate(found, sum(batch.tokens.numel() for batch in batches) // len(batches), "tokens"))


def _masked(run: Run, settings: Settings, count: int) -> Iterator[MaskedBatch]:
    """The first batches of training."""
    data: Any = run.datamodule
    for pairs in islice(data.train_dataloader(), count):
        yield MaskedBatch(*(part.to(settings.device) for part in data.normalize(pairs)))


def _transformers_step(run: Run, batches: list[MaskedBatch], settings: Settings, steps: int) -> Callable[[], None]:
    from transformers import BertConfig, BertForPreTraining

    ours: Any = run.task.network
    bert = ours.bert
    embeddings = bert.embeddings.word_embeddings
    network: Any = BertForPreTraining(
        BertConfig(
            vocab_size=embeddings.num_embeddings,
            hidden_size=embeddings.embedding_dim,
            num_hidden_layers=len(bert.encoder.layer),
            num_attention_heads=bert.encoder.layer[0].attention.self.num_heads,
            intermediate_size=bert.encoder.layer[0].intermediate.dense.out_features,
            max_position_embeddings=bert.max_positions,
            pad_token_id=bert.pad_id,
            hidden_dropout_prob=bert.embeddings.dropout.p,
            attention_probs_dropout_prob=bert.embeddings.dropout.p,
        )
    )
    _copy_weights(ours, network)
    network.to(settings.device).train()
    optimizer, schedule = recipe(run.config, network, steps)
    prepared = cycle([_for_transformers(batch, bert.pad_id) for batch in batches])

    def step() -> None:
        optimizer.zero_grad()
        network(**next(prepared)).loss.backward()
        optimizer.step()
        schedule.step()

    return step


def _copy_weights(ours: nn.Module, theirs: nn.Module) -> None:
    state = ours.state_dict()
    state["cls.predictions.decoder.bias"] = state["cls.predictions.bias"]  # their second name of it
    theirs.load_state_dict(state)


def _for_transformers(batch: MaskedBatch, pad_id: int) -> dict[str, torch.Tensor]:
    """The batch as transformers takes it: a label for every token."""
    labels = torch.full_like(batch.tokens, IGNORED)
    chosen = batch.labels.ne(IGNORED)
    rows = torch.arange(len(labels), device=labels.device)[:, None].expand_as(chosen)
    labels[rows[chosen], batch.positions[chosen]] = batch.labels[chosen]
    return {
        "input_ids": batch.tokens,
        "token_type_ids": batch.segments,
        "attention_mask": batch.tokens.ne(pad_id).long(),
        "labels": labels,
        "next_sentence_label": batch.is_random,
    }


def _batch_beside_step(settings: Settings) -> Measured:
    run = _run(settings, "bert_tiny")
    data: Any = run.datamodule
    (batch,) = _masked(run, settings, 1)
    task = run.task.to(settings.device).train()
    optimizer, _ = recipe(run.config, task.network, STEPS)

    def step() -> None:
        optimizer.zero_grad()
        logits, next_logits = task.network(batch.tokens, batch.segments, batch.positions)
        task.loss(logits, batch.labels, next_logits, batch.is_random).total.backward()
        optimizer.step()

    loaded = endless(data.train_dataloader())
    return compare(lambda: data.normalize(next(loaded)), step, settings)
