"""A short run of `scripts/fuzz.py`, and values of hypothesis at every place of a checkpoint."""

import copy
import random
from functools import partial

import pytest
import torch
from fuzzing.models import write_models
from fuzzing.samples import write_samples
from fuzzing.targets import Fuzzer
from fuzzing.watch import watched
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoo.checkpoints.load import load

FILES = {
    "load and predict": 12,
    "pretrained": 8,
    "hub folder": 4,
    "gallery": 15,
    "pictures": 40,
    "check-data": 3,
    "series": 6,
    "other data": 40,
    "flips": 5,
}
FILES |= {"other models": 11, "evaluate": 1, "resume": 1}  # scripts/fuzz.py has more
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=5)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    write_models(folder / "models")
    return folder


@pytest.mark.parametrize("kind", FILES)
def test_mutated_files_are_read_or_refused(kind, samples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fuzzer = Fuzzer(samples, tmp_path)
    assert FILES.keys() == fuzzer.kinds.keys()
    for seed in range(FILES[kind]):
        outcome = fuzzer.run(kind, seed)
        assert outcome.kind in ("read", "refused"), f"{kind} {seed}: {outcome}"


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES, seed=st.integers(0, 1 << 30))
def test_any_value_at_any_place_is_read_or_refused(samples, tmp_path, value, seed):
    content, rng = copy.deepcopy(torch.load(samples / "lenet5.ckpt", weights_only=True)), random.Random(seed)
    node = content["zoo"]
    while True:
        key = rng.choice([*node]) if isinstance(node, dict) else rng.randrange(len(node))
        if not isinstance(node[key], dict | list) or not node[key] or rng.random() < 0.1:
            break
        node = node[key]
    node[key] = value
    torch.save(content, tmp_path / "x.ckpt")
    outcome = watched(partial(load, tmp_path / "x.ckpt"))
    assert outcome.kind in ("read", "refused"), outcome
