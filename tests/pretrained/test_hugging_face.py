"""Folders of BERT in every published layout give the same vectors; what is not computed here is refused."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import zoo
from zoo.data.text.tokenizer import SPECIALS, wordpiece_of
from zoo.errors import ZooError
from zoo.networks.bert_pretraining import BertPretraining
from zoo.pretrained.catalog import resolve_weights
from zoo.run.model_source import requested_model

VOCABULARY = [*SPECIALS, "the", "cafe", "café", "##s", "cat", "sat", "on", "mat", "."]
SIZES = {"vocab_size": len(VOCABULARY), "hidden_size": 16, "num_layers": 1, "num_heads": 2, "max_positions": 12}
CONFIG = {
    "model_type": "bert",
    "vocab_size": len(VOCABULARY),
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 12,
}
TEXTS = ["The cats sat.", "the mat"]
POOLED = [{"path": "", "type": "a.Transformer"}, {"path": "1_Pooling", "type": "a.Pooling"}]


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {name: value.clone() for name, value in BertPretraining(**SIZES).state_dict().items()}


def old_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """As in files converted from TensorFlow."""
    names = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    renamed = {}
    for key, value in state.items():
        for new, old in names.items():
            key = key.replace(new, old)
        renamed[key] = value
    return renamed


def encoder(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """As in files of `BertModel`: no heads, no prefix, and the buffer of positions."""
    own = {key.removeprefix("bert."): value for key, value in state.items() if key.startswith("bert.")}
    return own | {"embeddings.position_ids": torch.arange(12)[None]}


def write(folder: Path, state: Mapping[str, Tensor], *, pickled: bool = False, vocabulary: bool = False) -> Path:
    """A folder of weights."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    if pickled:
        torch.save(dict(state), folder / "pytorch_model.bin")
    else:
        save_file({key: value.clone() for key, value in state.items()}, folder / "model.safetensors")
    if vocabulary:
        (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    else:
        (folder / "tokenizer.json").write_text(wordpiece_of(VOCABULARY, lowercase=True).to_json())
    return folder


def add(folder: Path, **files: Any) -> Path:
    """Writes JSON files beside the weights; `__` in a name stands for a folder."""
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/')}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("named", "options"),
    [
        (dict, {}),
        (dict, {"vocabulary": True, "pickled": True}),
        (old_names, {"pickled": True}),
        (encoder, {"vocabulary": True}),
        (lambda state: encoder(old_names(state)), {}),
    ],
)
def test_every_layout_gives_the_vectors_of_the_network(tmp_path: Path, state, named, options):
    model = zoo.create_model("bert", pretrained=str(write(tmp_path / "bert", named(state), **options)))
    network = BertPretraining(**SIZES).eval()
    network.load_state_dict(state)
    numbers = {token: number for number, token in enumerate(VOCABULARY)}
    tokens = [numbers[token] for token in ("[CLS]", "the", "cat", "##s", "sat", ".", "[SEP]")]
    expected = network.bert(torch.tensor([tokens])).hidden.mean(1)
    torch.testing.assert_close(zoo.features(model, TEXTS)[:1], expected.detach())


def test_the_heads_of_pretraining_are_used(tmp_path: Path, state):
    model = zoo.create_model("bert", pretrained=str(write(tmp_path / "bert", state)))
    network = BertPretraining(**SIZES).eval()
    network.load_state_dict(state)
    (guesses,) = zoo.fill_mask(model, "the [MASK]", top=1).guesses
    logits = network(torch.tensor([[2, 5, 4, 3]])).tokens[0, 2].detach()
    assert guesses[0] == (VOCABULARY[int(logits.argmax())], pytest.approx(float(logits.softmax(0).max()), rel=1e-5))


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode": "mean"}, "mean"),
        ({"pooling_mode": ["cls"]}, "cls"),
    ],
)
def test_the_pooling_of_sentence_transformers_is_read(tmp_path: Path, state, pooling, expected):
    folder = add(write(tmp_path / "bert", state), **{"modules": POOLED, "1_Pooling__config": pooling})
    preprocessing = resolve_weights(folder, model="bert").preprocessing
    assert preprocessing is not None
    assert preprocessing["pooling"] == expected


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"modules": ["Pooling"]}, r"modules.json is no list of modules, each with a type and a path"),
        (
            {"modules": [{"type": "a.Pooling"}], "config": CONFIG | {"pooling_mode": "max"}},
            r"its pooling is max, and only",
        ),
        ({"modules": [*POOLED, {"path": "2_Dense", "type": "a.Dense"}]}, r"the module Dense is none of: Transformer"),
        ({"1_Pooling__config": {"pooling_mode": "max"}}, r"its pooling is max, and only mean or cls is read"),
        ({"1_Pooling__config": {"pooling_mode": ["mean", "max"]}}, r"its pooling is mean and max, and only"),
        ({"config": CONFIG | {"layer_norm_eps": 1e-5}}, r"its layer_norm_eps is 1e-05, and only BERT with 1e-12"),
        ({"config": CONFIG | {"hidden_act": "relu"}}, r"its hidden_act is relu, and only BERT with gelu is read"),
        ({"config": {"model_type": "bert"}}, r"config.json has no vocab_size, hidden_size"),
        ({"config": CONFIG | {"vocab_size": "14"}}, r"its vocab_size \(=14\) must be a number from 1 on"),
    ],
)
def test_what_is_not_computed_here_is_refused(tmp_path: Path, state, files, message):
    pooling = {"modules": POOLED, "1_Pooling__config": {"pooling_mode": "mean"}}
    folder = add(write(tmp_path / "bert", state), **pooling | files)
    with pytest.raises(ZooError, match=message):
        resolve_weights(folder, model="bert")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("tokenizer.json", r"has no tokenizer.json or vocab.txt: weights without their tokenizer are of no use"),
        ("config.json", r"the folder has a tokenizer and no config.json, which has its sizes"),
        ("model.safetensors", r"has no model.safetensors or pytorch_model.bin"),
    ],
)
def test_a_missing_file_is_named(tmp_path: Path, state, missing, message):
    folder = write(tmp_path / "bert", state)
    (folder / missing).unlink()
    with pytest.raises(ZooError, match=message):
        resolve_weights(folder, model="bert")


def test_an_output_matrix_of_its_own_is_refused(tmp_path: Path, state):
    folder = write(tmp_path / "bert", dict(state) | {"cls.predictions.decoder.weight": torch.ones(len(VOCABULARY), 16)})
    with pytest.raises(ZooError, match="its output matrix is not that of the embedding"):
        resolve_weights(folder, model="bert")


def test_the_settings_of_a_vocabulary_are_followed(tmp_path: Path, state):
    settings = {"do_lower_case": True, "strip_accents": False, "model_max_length": 8}
    folder = add(write(tmp_path / "bert", state, vocabulary=True), tokenizer_config=settings)
    model = zoo.create_model("bert", pretrained=str(folder))
    assert model.tokenizer().encode(["The Café"]) == [[VOCABULARY.index("the"), VOCABULARY.index("café")]]
    assert model.length == 8


def test_a_line_of_a_vocabulary_ends_with_a_line_feed_alone(tmp_path: Path, state):
    folder = write(tmp_path / "bert", state, vocabulary=True)
    tokens = [*VOCABULARY[:5], "\u2028", *VOCABULARY[6:]]  # which Python takes for the end of a line, too
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    tokenizer = zoo.create_model("bert", pretrained=str(folder)).tokenizer()
    assert len(tokenizer) == len(VOCABULARY)
    assert tokenizer.encode(["cat mat"]) == [[VOCABULARY.index("cat"), VOCABULARY.index("mat")]]


@pytest.mark.slow  # its import takes seconds
def test_vectors_equal_those_of_sentence_transformers(tmp_path: Path, state):
    library = pytest.importorskip("sentence_transformers")
    folder = add(write(tmp_path / "bert", state, vocabulary=True), tokenizer_config={"model_max_length": 8})
    theirs = library.SentenceTransformer(str(folder))
    theirs.save(str(tmp_path / "saved"))
    texts = [*TEXTS, "the cat sat on the mat. the cat sat on the mat."]
    ours = zoo.features(zoo.create_model("bert", pretrained=str(tmp_path / "saved")), texts)
    torch.testing.assert_close(ours, torch.tensor(theirs.encode(texts)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("vocabulary", [True, False])
def test_a_tokenizer_of_other_weights_is_refused(tmp_path: Path, state, vocabulary):
    """Its tokens beyond the embedding would end the run when one occurs."""
    folder = write(tmp_path / "bert", state, vocabulary=vocabulary)
    if vocabulary:
        (folder / "vocab.txt").write_text("\n".join([*VOCABULARY, "dog"]))
    else:
        (folder / "tokenizer.json").write_text(wordpiece_of([*VOCABULARY, "dog"], lowercase=True).to_json())
    with pytest.raises(ZooError, match=r"has 15 tokens, and the weights beside it have 14: it is the tokenizer"):
        resolve_weights(folder, model="bert")


def test_the_padding_is_that_of_the_tokenizer(tmp_path: Path, state):
    """Whatever config.json says: other tokens would attend to it, and none to the token with that id."""
    folder = write(tmp_path / "bert", state, vocabulary=True)
    (folder / "vocab.txt").write_text("\n".join(["the", *VOCABULARY[1:5], "[PAD]", *VOCABULARY[6:]]))
    model = zoo.create_model("bert", pretrained=str(folder))
    alone, (first, _) = zoo.features(model, "the cat"), zoo.features(model, ["the cat", "the cats sat on the mat."])
    torch.testing.assert_close(alone[0], first)


def test_weights_without_a_head_make_no_predictions(tmp_path: Path, state):
    """A random head would choose the class."""
    folder = str(write(tmp_path / "bert", state))
    config = {"checkpoint": None, "pretrained": folder, "trust": []}
    with pytest.raises(ZooError, match=r"bert_classifier would predict with random weights, since .*: classifier"):
        requested_model(config | {"options": {"model": "bert_classifier"}})
    alone = {name: value for name, value in state.items() if not name.startswith(("bert.pooler", "cls.seq"))}
    write(tmp_path / "bert", alone)
    model = requested_model(config | {"options": {"model": "bert"}})
    assert not model.next_sentence, "words need no next-sentence head, and none is measured"
    assert not model.newly_initialized
    write(tmp_path / "bert", encoder(state))
    with pytest.raises(
        ZooError, match=r"bert would predict with random weights, since .*has not all of them: cls, which"
    ):
        requested_model(config | {"options": {"model": "bert"}})


def test_random_layers_are_named_until_a_trainer_has_trained_them(tmp_path: Path, state, caplog):
    model = zoo.create_model("bert", pretrained=str(write(tmp_path / "bert", encoder(state))))
    zoo.fill_mask(model, "the [MASK] sat")
    assert "predictions are random unless you trained these layers yourself: " in caplog.text
    assert caplog.text.count("which the weights lack") == caplog.text.count("cls, which the weights lack") == 1
    caplog.clear()
    model.on_fit_start()
    zoo.fill_mask(model, "the [MASK] sat")
    assert not caplog.text
