"""Pairs of sentences: documents stay in one split, pairs keep the order of a document, masks repeat."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from text_sets import text_files

from zoo.data.text import pretraining
from zoo.data.text.corpus import tokenize
from zoo.data.text.pairs import sentence_pairs
from zoo.data.text.stdlib_text import StdlibText
from zoo.data.text.tokenizer import train_wordpiece
from zoo.errors import ZooError
from zoo.ops.masking import IGNORED


@pytest.fixture
def data(corpus: Path):
    return text_files(corpus)


def test_no_document_is_in_two_splits(data):
    data.setup()
    texts = {
        name: {data.tokenizer.decode(data.corpus.tokens[slice(*data.corpus.span(n))].tolist()) for n in numbers}
        for name, numbers in data.numbers.items()
    }
    assert sum(map(len, texts.values())) == len(set().union(*texts.values())) == 20
    for name, pairs in ((name, data.dataset(name)) for name in data.numbers):
        spans = [data.corpus.span(number) for number in data.numbers[name]]
        for first_a, length_a, first_b, length_b, _ in pairs.table.tolist():
            assert any(first <= first_a and first_a + length_a <= end for first, end in spans)
            assert any(first <= first_b and first_b + length_b <= end for first, end in spans)


def test_equal_documents_are_in_one_split(tmp_path: Path):
    path = tmp_path / "twice.txt"
    path.write_text("\n\n".join(f"ba do ki {'lu ' * (number // 2 + 1)}\nme ra ta no" for number in range(40)))
    data = text_files(path)
    data.setup()
    assert all(number ^ 1 in numbers for numbers in data.numbers.values() for number in numbers)


def test_pairs_have_the_published_form(data):
    batch = next(iter(data.loader("train")))
    tokenizer = data.tokenizer
    assert (batch.tokens[:, 0] == tokenizer.cls_id).all()
    assert (batch.tokens == tokenizer.sep_id).sum(1).tolist() == [2] * len(batch.tokens)
    for tokens, segments in zip(batch.tokens, batch.segments, strict=True):
        first, second = torch.nonzero(tokens == tokenizer.sep_id).flatten().tolist()
        assert segments.tolist() == [0] * (first + 1) + [1] * (second - first) + [0] * (len(tokens) - second - 1)
        assert (tokens[second + 1 :] == tokenizer.pad_id).all()


def test_a_next_sentence_continues_the_first_and_half_are_random(corpus: Path):
    sentences = corpus.read_text().split("\n\n")
    documents = [document.split("\n") for document in sentences]
    tokenizer = train_wordpiece(lambda: sentences, vocab_size=120, lowercase=True)
    made = tokenize(documents, tokenizer, longest=14)
    random, count = 0, 0
    for seed in range(20):
        table = sentence_pairs(made, [*range(20)], length=64, seed=seed)
        for first_a, length_a, first_b, _, is_random in table.tolist():
            inside = [first <= first_b < end for first, end in map(made.span, range(20)) if first <= first_a < end]
            assert inside == [not is_random]
            assert is_random or first_b >= first_a + length_a
        random, count = random + int(table[:, 4].sum()), count + len(table)
    assert 0.5 < random / count < 0.56  # a rest of one sentence has a random second one


def test_training_masks_change_with_the_step_and_test_masks_do_not(data):
    raw = next(iter(data.loader("test")))
    assert torch.equal(data.normalize(raw).tokens, data.normalize(raw).tokens)
    alone = data.normalize(data.dataset("test")[raw.indices[:1]])
    labels = data.normalize(raw).labels[0]
    assert set(alone.labels[alone.labels != IGNORED].tolist()) == set(labels[labels != IGNORED].tolist())


def test_every_epoch_has_another_draw_of_the_pairs_and_batches_of_similar_length(data):
    sampler, train = data.sampler("train"), data.dataset("train")
    count = len(train)
    assert 10 * count <= len(train.table) < 10 * (count + 1)
    orders = []
    for epoch in (0, 1, 11):
        sampler.set_epoch(epoch)
        orders.append(torch.cat(list(sampler)).tolist())
        assert len(set(orders[-1])) == len(orders[-1]) == count // 4 * 4
        assert epoch * count <= min(orders[-1]) <= max(orders[-1]) < (epoch + 1) * count
    drawn = [{tuple(row) for row in train.table[np.array(order) % len(train.table)].tolist()} for order in orders[:2]]
    assert len(drawn[0] & drawn[1]) < count / 2
    again, past = train[torch.tensor([3])], train[torch.tensor([3 + len(train.table)])]
    assert torch.equal(again.tokens, past.tokens), "after the last draw comes the first"
    lengths = data.dataset("train").lengths
    spreads = [lengths(batch).max() - lengths(batch).min() for batch in sampler]
    assert sum(map(int, spreads)) / len(spreads) < 4


def test_validation_has_one_draw_and_a_large_corpus_has_few(corpus: Path, monkeypatch):
    data = text_files(corpus)
    assert {name: data.dataset(name).draws for name in ("train", "val", "test")} == {"train": 10, "val": 1, "test": 1}
    for times, draws in ((3.5, 3), (0.5, 1)):
        monkeypatch.setattr(pretraining, "_DRAWN_TOKENS", int(times * data.train_counts.sum()))
        assert text_files(corpus).dataset("train").draws == draws


def test_without_pairs_a_sample_is_one_span_and_every_token_is_in_one(corpus: Path):
    data = text_files(corpus, next_sentence=False)
    train = data.dataset("train")
    batch = train[torch.arange(len(train))]
    assert (batch.tokens == data.tokenizer.sep_id).sum(1).tolist() == [1] * len(train)
    assert batch.segments.max() == 0
    assert train.table[:, 1].sum() == sum(end - first for first, end in map(data.corpus.span, data.numbers["train"]))


def test_python_carries_a_corpus_without_repeated_paragraphs():
    assert StdlibText.documents is not None
    documents = [sentence for document in StdlibText.documents(None) for sentence in document]  # type: ignore[arg-type]
    assert len(documents) > 2000


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (b"", {}, "holds no text"),
        (b"one line\nof one document\n" * 30, {}, r"has 1 document, .*data.next_sentence=false trains on masked words"),
        (b"ba do\n\nba do\n\nba do\n\nki", {}, r"has 2 different documents, and next-sentence"),
        (b"\x00\x01binary", {}, r"byte 0: a zero, as in binary files"),
        ("one line\nof text\n".encode("utf-16"), {}, r"corpus.txt is in UTF-16; save it as UTF-8"),
        ("one line\nof text\n".encode("utf-32"), {}, r"corpus.txt is in UTF-32; .* iconv -f UTF-32 "),
        (b"good\nbad \xe9 byte", {}, r"corpus.txt, byte 9: 0xe9 is no UTF-8; save the file as UTF-8"),
        (b"short", {"next_sentence": False}, "20 are needed to split"),
        (b"a", {"length": 4}, r"`data.length` \(=4\) must be at least 8"),
        (b"a", {"mask_share": 2.0}, r"`data.mask_share` \(=2.0\) must be a number from 0 to 1"),
        (b"a", {"mask_share": 0}, r"`data.mask_share` \(=0\) must be above 0: nothing would be predicted"),
        (b"a", {"vocab_size": 3}, r"`data.vocab_size` \(=3\) must be at least 10"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_in_one_line(tmp_path: Path, content: bytes, words, message: str):
    path = tmp_path / "corpus.txt"
    path.write_bytes(content)
    with pytest.raises(ZooError, match=message):
        text_files(path, **words).setup()


def test_one_document_trains_without_pairs(tmp_path: Path):
    path = tmp_path / "one.txt"
    path.write_text("ba do ki lu me ra ta no si po " * 8_000)  # one line of 240,000 characters
    data = text_files(path, next_sentence=False)
    assert len(data.dataset("train")) > len(data.dataset("test")) > 0


def test_compressed_records_are_documents(tmp_path: Path):
    path = tmp_path / "records.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.write("".join(f'{{"text": "ba do {n} ki lu\\nme ra ta no"}}\n' for n in range(30)))
    data = text_files(path)
    data.setup()
    assert len(data.corpus) == 30
    with pytest.raises(ZooError, match=r"line 1: no text under `body`, and there are: text; give data.key=NAME"):
        text_files(path, key="body").setup()
