"""Vocabularies of WordPiece: their size, and tokens that can occur."""

import pytest

from zoo.data.text.tokenizer import SPECIALS, train_wordpiece, wordpiece_of
from zoo.errors import ZooError

LETTERS = ["abc abd bcd bcde cab"] * 4


def test_a_vocabulary_has_at_most_the_tokens_asked_for():
    assert len(train_wordpiece(lambda: LETTERS, vocab_size=17, lowercase=True)) == 17
    with pytest.raises(ZooError, match=r"`data.vocab_size` \(=9\) is too small: their characters alone take 15 tokens"):
        train_wordpiece(lambda: LETTERS, vocab_size=9, lowercase=True)


def test_ideographs_are_words_of_their_own():
    tokenizer = train_wordpiece(lambda: ["中文字 and 文字 on 豈 lines"] * 4, vocab_size=60, lowercase=True)
    tokens = [tokenizer.token(number) for number in range(len(tokenizer))]
    assert {"中", "文", "字"} <= {*tokens}
    assert not [token for token in tokens if token.startswith("##") and not token[2:].isascii()]
    assert [tokenizer.token(number) for number in tokenizer.encode(["中文"])[0]] == ["中", "文"]


def test_the_size_of_a_vocabulary_covers_every_id():
    assert len(wordpiece_of([*SPECIALS, "the", "cat", "the"], lowercase=True)) == 8  # "the" has the later id
