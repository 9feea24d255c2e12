"""BERT equals the reference implementation, and has its published sizes."""

import pytest
import torch
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.networks.bert import mean_of_tokens
from zoo.networks.bert_classifier import BertClassifier
from zoo.networks.bert_pretraining import BertPretraining
from zoo.networks.birnn import BiRNNClassifier

COUNTS = {  # layers, width: parameters of BertForPreTraining with 30,522 tokens
    (2, 128): 4_433_468,
    (4, 256): 11_267_900,
    (4, 512): 29_058_876,
    (8, 512): 41_668_412,
    (12, 768): 110_106_428,
    (24, 1024): 336_226_108,
}
SMALL = {"vocab_size": 40, "hidden_size": 16, "num_layers": 2, "num_heads": 2, "max_positions": 12}


def tokens() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    found = torch.randint(5, 40, (3, 9), generator=generator)
    found[1, 6:] = 0
    return found


@pytest.mark.parametrize(("size", "count"), COUNTS.items())
def test_parameter_counts(size, count):
    layers, width = size
    with torch.device("meta"):
        network = BertPretraining(num_layers=layers, hidden_size=width)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_padding_changes_nothing():
    network = BertPretraining(**SMALL).eval()
    padded, short = network(tokens()), network(tokens()[1:2, :6])
    torch.testing.assert_close(padded.tokens[1:2, :6], short.tokens, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(padded.next_sentence[1:2], short.next_sentence, atol=1e-6, rtol=1e-5)


def test_logits_at_positions_are_those_of_all():
    network, positions = BertPretraining(**SMALL).eval(), torch.tensor([[1, 4], [0, 5], [8, 2]])
    everywhere = network(tokens()).tokens
    expected = everywhere.gather(1, positions[..., None].expand(-1, -1, 40))
    torch.testing.assert_close(network(tokens(), None, positions).tokens, expected, atol=1e-6, rtol=1e-5)


def test_the_output_matrix_is_the_embedding():
    network = BertPretraining(**SMALL)
    assert network.cls.predictions.decoder.weight is network.bert.embeddings.word_embeddings.weight


def test_attention_maps_give_the_values_that_the_layers_mix():
    bert = BertPretraining(**SMALL).eval().bert
    maps = bert.attention_maps(tokens())
    assert maps.shape == (3, 2, 2, 9, 9)
    torch.testing.assert_close(maps.sum(4), torch.ones(3, 2, 2, 9))
    assert maps[1, ..., 6:].abs().max() == 0
    hidden, attention = bert.embeddings(tokens(), None), bert.encoder.layer[0].attention.self
    values = attention.value(hidden).unflatten(2, (2, -1)).transpose(1, 2)
    mixed = (maps[:, 0] @ values).transpose(1, 2).flatten(2)
    torch.testing.assert_close(attention(hidden, bert.visible(tokens())), mixed, atol=1e-6, rtol=1e-5)


def test_checkpointing_changes_no_gradient():
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        network = BertClassifier(**SMALL, checkpointing=checkpointing)
        torch.manual_seed(1)
        network(tokens()).sum().backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_more_tokens_than_positions_are_refused():
    with pytest.raises(ZooError, match=r"13 tokens are more than the 12 positions of this network: truncate them"):
        BertClassifier(**SMALL)(torch.ones(1, 13, dtype=torch.long))


def test_a_width_must_be_divided_by_the_heads():
    with pytest.raises(ZooError, match=r"`hidden_size` \(=16\) must be a multiple of `num_heads` \(=3\)"):
        BertClassifier(**SMALL | {"num_heads": 3})


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_backward_direction_of_a_recurrent_network_starts_at_the_last_token(cell):
    network = BiRNNClassifier(vocab_size=40, hidden_size=6, embedding_size=5, cell=cell).eval()
    torch.testing.assert_close(network(tokens())[1:2], network(tokens()[1:2, :6]), atol=1e-6, rtol=1e-5)
    embedded = network.embedding(tokens()[1:2, :6])
    states, _ = network.encoder(embedded)
    torch.testing.assert_close(network(tokens())[1:2], network.classifier(states.mean(1)), atol=1e-6, rtol=1e-5)


def test_a_mean_without_tokens_is_zero():
    assert mean_of_tokens(torch.ones(1, 2, 3), torch.zeros(1, 2, dtype=torch.bool)).abs().max() == 0


@pytest.mark.parametrize(("glorot", "deviation"), [(False, 0.0176), (True, (2 / (64 + 256)) ** 0.5)])
def test_dense_layers_start_as_asked_and_the_tied_matrix_as_embedding(glorot, deviation):
    """A normal distribution that is truncated at two deviations keeps 0.88 of its deviation."""
    torch.manual_seed(0)
    network = BertPretraining(vocab_size=500, hidden_size=64, num_layers=1, glorot=glorot)
    assert network.bert.encoder.layer[0].intermediate.dense.weight.std().item() == pytest.approx(deviation, rel=0.03)
    assert network.cls.predictions.decoder.weight.std().item() == pytest.approx(0.0176, rel=0.03)
    assert network.bert.pooler.dense.weight.std().item() == pytest.approx(0.0176, rel=0.03)


@pytest.mark.slow  # transformers takes seconds to import
def test_it_equals_transformers_in_outputs_loss_and_gradients():
    transformers = pytest.importorskip("transformers")
    sizes = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 12}
    theirs = transformers.BertForPreTraining(transformers.BertConfig(vocab_size=40, hidden_size=16, **sizes)).eval()
    ours = BertPretraining(**SMALL).eval()
    state = theirs.state_dict()
    state.pop("cls.predictions.decoder.bias")  # a second name of cls.predictions.bias
    ours.load_state_dict(state)
    segments, labels = torch.zeros_like(tokens()), torch.full_like(tokens(), -100)
    segments[:, 4:6] = 1
    labels[:, 1:3] = tokens()[:, 1:3]
    is_random = torch.tensor([0, 1, 1])
    expected = theirs(
        input_ids=tokens(),
        token_type_ids=segments,
        attention_mask=tokens().ne(0).long(),
        labels=labels,
        next_sentence_label=is_random,
        output_hidden_states=True,
    )
    encoded, found, seen = ours.bert(tokens(), segments), ours(tokens(), segments), tokens().ne(0)
    torch.testing.assert_close(encoded.hidden[seen], expected.hidden_states[-1][seen], atol=1e-5, rtol=0)
    torch.testing.assert_close(found.tokens[seen], expected.prediction_logits[seen], atol=1e-5, rtol=0)
    torch.testing.assert_close(found.next_sentence, expected.seq_relationship_logits, atol=1e-5, rtol=0)
    pooled = theirs.bert(tokens(), tokens().ne(0).long(), segments).pooler_output
    torch.testing.assert_close(encoded.pooled, pooled, atol=1e-5, rtol=0)
    loss = F.cross_entropy(found.tokens.flatten(0, 1), labels.flatten())
    loss = loss + F.cross_entropy(found.next_sentence, is_random)
    torch.testing.assert_close(loss, expected.loss)
    loss.backward(), expected.loss.backward()
    gradients = {name: parameter.grad for name, parameter in theirs.named_parameters()}
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], atol=1e-4, rtol=0)


def test_a_text_that_names_the_padding_is_read_to_its_end():
    torch.manual_seed(0)
    network = BiRNNClassifier(vocab_size=20).eval()
    first, second = (network(torch.tensor([[2, 5, 0, 0, last, 3]])) for last in (6, 7))
    assert not torch.allclose(first, second)
