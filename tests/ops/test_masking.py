"""Masked tokens have the published shares, and none is special."""

import pytest
import torch
from scipy.stats import chisquare

from zoo.ops.masking import IGNORED, mask_tokens
from zoo.ops.noise import uniform_noise

SPECIAL = (0, 1, 2, 3, 4)
VOCABULARY = 1000
CONTINUES = torch.arange(VOCABULARY) % 3 == 0
CONTINUES[:5] = False


def texts(count: int = 1600) -> torch.Tensor:
    """About 10⁵ tokens, half of the texts padded."""
    tokens = torch.randint(5, VOCABULARY, (count, 64), generator=torch.Generator().manual_seed(0))
    tokens[:, 0], tokens[:, 30], tokens[:, 63] = 2, 3, 3
    tokens[::2, 49] = 3
    tokens[::2, 50:] = 0
    return tokens


def masked(tokens: torch.Tensor, *, seed: int = 1, words: bool = False):
    noise = uniform_noise(torch.arange(len(tokens)), 3 * tokens.shape[1], seed=seed)
    options = {"share": 0.15, "special_ids": SPECIAL, "pad_id": 0, "mask_id": 4, "vocab_size": VOCABULARY}
    return mask_tokens(tokens, noise, **options, continues=CONTINUES if words else None)


def test_shares_of_a_hundred_thousand_tokens():
    tokens = texts()
    found = masked(tokens)
    chosen = found.labels != IGNORED
    per_text = [round(0.15 * 64), round(0.15 * 50)]
    assert chosen.sum(1).tolist() == [per_text[1], per_text[0]] * (len(tokens) // 2)
    originals, now = found.labels[chosen], found.tokens.gather(1, found.positions)[chosen]
    assert not torch.isin(originals, torch.tensor(SPECIAL)).any()
    kept, mask = now == originals, now == 4
    counts = [int(mask.sum()), int(kept.sum()), int((~mask & ~kept).sum())]
    total = sum(counts)
    assert chisquare(counts, [0.8 * total, 0.1 * total, 0.1 * total]).pvalue > 0.01
    places = torch.bincount(found.positions[1::2][chosen[1::2]], minlength=64)
    open_places = places[[place for place in range(64) if place not in (0, 30, 63)]]
    assert chisquare(open_places.numpy()).pvalue > 0.01


def test_only_selected_tokens_change():
    tokens = texts(20)
    found = masked(tokens)
    selected = torch.zeros_like(tokens, dtype=torch.bool).scatter(1, found.positions, found.labels != IGNORED)
    assert torch.equal(found.tokens[~selected], tokens[~selected])
    assert torch.equal(
        tokens.gather(1, found.positions)[found.labels != IGNORED], found.labels[found.labels != IGNORED]
    )


def test_words_are_masked_in_full():
    tokens = texts(20)
    found = masked(tokens, words=True)
    selected = torch.zeros_like(tokens, dtype=torch.bool).scatter(1, found.positions, found.labels != IGNORED)
    special = torch.isin(tokens, torch.tensor(SPECIAL))
    word = (~CONTINUES[tokens] | special | special.roll(1, dims=1)).long().cumsum(1)
    for text in range(len(tokens)):
        for number in range(1, int(word[text].max()) + 1):
            assert len(selected[text][word[text] == number].unique()) == 1
    assert 0.13 < selected.sum() / tokens.ne(0).sum() < 0.158


def test_a_word_of_more_tokens_than_the_share_is_left_out():
    long, short = [11, *[12] * 5], [13, 14, 16, 17]  # multiples of 3 continue a word
    tokens = torch.tensor([[2, *long, *short, 3]]).expand(500, -1)
    found = masked(tokens, words=True)  # at most two of twelve
    chosen = found.labels != IGNORED
    assert chosen.sum(1).tolist() == [2] * 500
    assert not torch.isin(found.labels[chosen], torch.tensor(long)).any()
    alone = masked(torch.tensor([[2, *long, 3]]), words=True)
    assert alone.labels[alone.labels != IGNORED].tolist() == [11]  # there is no other word


def test_the_masks_of_a_text_do_not_depend_on_its_batch_and_differ_by_seed():
    tokens, keys = texts(8), torch.arange(8)
    noise = uniform_noise(keys, 192, seed=7)
    assert torch.equal(uniform_noise(keys[3:5], 192, seed=7), noise[3:5])
    assert not torch.equal(masked(tokens, seed=1).tokens, masked(tokens, seed=2).tokens)
    assert torch.equal(masked(tokens, seed=1).tokens, masked(tokens, seed=1).tokens)


def test_the_masks_of_a_text_do_not_depend_on_its_padding():
    tokens = texts(8)
    wide, narrow = masked(tokens), masked(tokens[:, :50])
    assert torch.equal(wide.tokens[::2, :50], narrow.tokens[::2])  # every other text has 50 tokens


def test_noise_is_uniform():
    noise = uniform_noise(torch.arange(2000), 50, seed=3)
    assert chisquare(torch.histc(noise, 20, 0, 1).numpy()).pvalue > 0.001
    assert float(noise.min()) >= 0
    assert float(noise.max()) < 1
    assert abs(float(torch.corrcoef(noise.T)[0, 1:].abs().max())) < 0.1


@pytest.mark.parametrize("length", [3, 4])
def test_a_short_text_has_one_masked_token(length):
    tokens = torch.tensor([[2, *range(10, 8 + length), 3]])
    assert int((masked(tokens).labels != IGNORED).sum()) == 1


@pytest.mark.parametrize("length", [190, 350])
def test_rounding_does_not_depend_on_the_padding_either(length):
    """0.15 · 190 is 28.5, which doubles round to 28 and single precision to 29."""
    tokens = torch.full((1, 400), 11)
    tokens[:, length:] = 0
    assert torch.equal(masked(tokens).tokens[:, :length], masked(tokens[:, :length]).tokens)
