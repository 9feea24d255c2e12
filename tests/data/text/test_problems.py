"""What is suspicious in texts is reported, and costs neither a traceback nor memory."""

import tracemalloc
from pathlib import Path

import pandas as pd
import pytest
from text_sets import text_files, text_table

import zoo
from zoo.data.text.labeled import encode
from zoo.data.text.tokenizer import train_wordpiece
from zoo.errors import ZooError
from zoo.tasks.classification.text.baselines import TFIDF, baselines

ROWS = [(f"ba do {'ki ' * (number % 5)} lu{number}", "even" if number % 2 == 0 else "odd") for number in range(40)]


def write(path: Path, rows) -> Path:
    path.parent.mkdir(exist_ok=True)
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(path, index=False)
    return path


def test_texts_of_two_splits_are_counted(tmp_path: Path, caplog):
    write(tmp_path / "given" / "train.csv", ROWS[:30])
    write(tmp_path / "given" / "val.csv", ROWS[30:])
    write(tmp_path / "given" / "test.csv", [*ROWS[:4], (ROWS[5][0], "even"), ("new", "odd")])
    text_table(tmp_path / "given").setup()
    assert caplog.messages == [
        "5 of 6 test texts are in the training split, too, so that its figures measure memory: keep each text once",
        "texts with several labels: 1; no model can get all of them right",
    ]


def test_different_texts_are_not_suspicious(tmp_path: Path, caplog):
    text_table(write(tmp_path / "a.csv", ROWS)).setup()
    assert not caplog.messages


def test_truncated_training_texts_are_counted(tmp_path: Path, caplog):
    text_table(write(tmp_path / "a.csv", [(f"{text} {'ki ' * 40}", label) for text, label in ROWS])).setup()
    assert caplog.messages == ["28 of 28 training texts have more than 32 tokens (data.length) and are truncated"]


def test_unknown_words_are_reported(tmp_path: Path, caplog):
    rows = [(f"{text} {'x' * 101} {'y' * 101}", label) for text, label in ROWS]
    text_table(write(tmp_path / "a.csv", rows)).setup()
    (message,) = caplog.messages
    assert " % of the training tokens are [UNK]: words of more than 100 letters have no other token" in message


def test_a_corpus_without_a_known_word_is_refused(tmp_path: Path):
    """Its metrics would be NaN."""
    (tmp_path / "a.txt").write_text("x" * 400_000)
    with pytest.raises(ZooError, match=r"the \w+ split of .*a.txt has \[UNK\] alone, and nothing to mask: words of"):
        text_files(tmp_path / "a.txt", next_sentence=False).setup()


@pytest.mark.parametrize("form", ["{0} a", "\N{ZERO WIDTH SPACE}{0}"])
def test_texts_without_words_have_baselines(tmp_path: Path, form: str):
    """TF-IDF by default counts words of two letters or more, and refuses texts without any."""
    rows = [(form.format("+" * (number % 2)), "ab"[number % 2]) for number in range(40)]
    scores = baselines(text_table(write(tmp_path / "a.csv", rows)), zoo.create_model("birnn_classifier"))
    assert scores[TFIDF]["accuracy"] == 1.0


def test_the_rest_of_a_long_text_is_not_tokenized():
    text = "the cat sat on the mat, " * 500_000  # 12 MB
    tokenizer = train_wordpiece(lambda: [text[:1000]], vocab_size=60, lowercase=True)
    expected = tokenizer.encode([text[:1000]])[0][:30]
    tracemalloc.start()
    (tokens, short), truncated = encode([text, "the cat"], tokenizer, 32)
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()
    assert tokens[1:-1].tolist() == expected
    assert (len(short), truncated) == (4, [True, False])


def test_a_long_text_of_few_tokens_is_not_truncated():
    tokenizer = train_wordpiece(lambda: ["the cat"] * 2, vocab_size=60, lowercase=True)
    (tokens,), truncated = encode(["the" + " " * 25_000 + "cat"], tokenizer, 32)
    assert truncated == [False]
    assert tokenizer.decode(tokens.tolist()) == "[CLS] the cat [SEP]"
