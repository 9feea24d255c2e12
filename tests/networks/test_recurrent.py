import pytest
import torch
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.gru import FastGRU
from zoo.networks.recurrent import RecurrentForecaster


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def cell_loop(gru: nn.GRU, inputs: Tensor, layer: str) -> Tensor:
    """Cho's equations one step at a time, in the form whose reset gate follows the product."""
    w, u = getattr(gru, f"weight_ih_{layer}"), getattr(gru, f"weight_hh_{layer}")
    b, c = getattr(gru, f"bias_ih_{layer}"), getattr(gru, f"bias_hh_{layer}")
    state = inputs.new_zeros(len(inputs), gru.hidden_size)
    states = []
    for t in range(inputs.shape[1]):
        xr, xz, xn = (inputs[:, t] @ w.T + b).chunk(3, dim=1)
        hr, hz, hn = (state @ u.T + c).chunk(3, dim=1)
        update = torch.sigmoid(xz + hz)
        candidate = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
        state = (1 - update) * candidate + update * state
        states.append(state)
    return torch.stack(states, dim=1)


@pytest.mark.parametrize(
    ("layers", "cell", "expected"),
    [(1, "gru", 3_360 + 33), (2, "gru", 9_729), (1, "lstm", 4_480 + 33), (1, "rnn", 1_120 + 33)],
)
def test_parameter_counts_are_the_published_ones(layers: int, cell: str, expected: int):
    assert count(RecurrentForecaster(cell=cell, hidden_size=32, num_layers=layers)) == expected


def test_bidirectional_parameter_counts_are_the_published_ones():
    one = RecurrentForecaster(hidden_size=32, bidirectional=True)
    two = RecurrentForecaster(hidden_size=32, bidirectional=True, num_layers=2)
    assert count(one.encoder) == 6_720
    assert count(two.encoder) == 25_536


def test_two_layers_equal_a_loop_over_hand_written_cells():
    network = RecurrentForecaster(hidden_size=8, num_layers=2, in_channels=3, out_channels=2, horizon=4).double()
    for parameter in network.parameters():
        nn.init.normal_(parameter)
    history = torch.randn(5, 12, 3, dtype=torch.float64)
    states = cell_loop(network.encoder, cell_loop(network.encoder, history, "l0"), "l1")
    expected = (states @ network.output.weight.T + network.output.bias).unflatten(2, (4, 2, 1))
    assert (network.sequence(history, None, 12) - expected).abs().max() < 1e-12
    assert (network(history) - expected[:, -1]).abs().max() < 1e-12


def test_bidirectional_reads_the_last_state_of_each_direction():
    network = RecurrentForecaster(hidden_size=8, bidirectional=True).double()
    history = torch.randn(5, 12, 1, dtype=torch.float64)
    forward = cell_loop(network.encoder, history, "l0")[:, -1]
    backward = cell_loop(network.encoder, history.flip(1), "l0_reverse")[:, -1]
    expected = torch.cat([forward, backward], dim=1) @ network.output.weight.T + network.output.bias
    assert (network(history)[:, 0, :, 0] - expected).abs().max() < 1e-12


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("difference_input", [False, True])
@pytest.mark.parametrize("covariate_channels", [0, 2])
def test_recursion_equals_encoding_the_extended_history(cell: str, difference_input: bool, covariate_channels: int):
    shared = {
        "cell": cell,
        "difference_input": difference_input,
        "covariate_channels": covariate_channels,
        "hidden_size": 8,
    }
    shared |= {"in_channels": 2, "out_channels": 2}
    network = RecurrentForecaster(strategy="recursive", horizon=4, **shared).double()
    one = RecurrentForecaster(horizon=1, **shared).double()
    one.load_state_dict(network.state_dict())
    history = torch.randn(3, 10, 2, dtype=torch.float64)
    covariates = torch.randn(3, 14, 2, dtype=torch.float64) if covariate_channels else None
    forecast, grown = network(history, covariates), history
    for step in range(4):
        value = one(grown, None if covariates is None else covariates[:, : 11 + step])
        assert (forecast[:, step] - value[:, 0]).abs().max() < 1e-12
        grown = torch.cat([grown, value[..., 0]], dim=1)


@pytest.mark.parametrize("options", [{}, {"difference_input": True}, {"covariate_channels": 1}, {"cell": "lstm"}])
def test_no_position_depends_on_later_steps(options: dict):
    network = RecurrentForecaster(hidden_size=8, horizon=3, **options).eval()
    history, covariates = torch.randn(2, 10, 1), torch.randn(2, 13, 1) if "covariate_channels" in options else None
    before = network.sequence(history, covariates, 10)
    changed = history.clone()
    changed[:, 6:] = 1e3
    after = network.sequence(changed, covariates, 10)
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.equal(before[:, 6:], after[:, 6:])


def test_differences_start_from_the_last_value():
    network = RecurrentForecaster(difference_input=True, horizon=3)
    nn.init.zeros_(network.output.weight)
    history = torch.randn(2, 10, 1)
    assert torch.equal(network(history)[..., 0], history[:, -1:].expand(-1, 3, -1))
    shifted = network(history + 5.0)
    assert torch.allclose(shifted, network(history) + 5.0, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "tcn"}, r"`cell` \(=tcn\) must be one of: gru, lstm, rnn"),
        ({"strategy": "both"}, r"`strategy` \(=both\) must be one of: direct, recursive"),
        ({"dropout": 1.0}, r"`dropout` \(=1.0\) must lie in \[0, 1\)"),
        (
            {"strategy": "recursive", "in_channels": 2},
            "reads: the data has 2 and forecasts 1; use strategy=direct",
        ),
        ({"strategy": "recursive", "bidirectional": True}, "goes with bidirectional=false"),
    ],
)
def test_invalid_options_are_rejected(options: dict, message: str):
    with pytest.raises(ZooError, match=message):
        RecurrentForecaster(**options)


def test_the_fast_layer_is_an_option_with_the_same_weights():
    plain, fast = (RecurrentForecaster(hidden_size=8, fast_cpu_training=fast) for fast in (False, True))
    assert type(plain.encoder) is nn.GRU
    assert type(fast.encoder) is FastGRU
    fast.load_state_dict(plain.state_dict())
    history = torch.randn(5, 12, 1)
    torch.testing.assert_close(fast(history), plain(history))
    assert type(RecurrentForecaster(cell="lstm", fast_cpu_training=True).encoder) is nn.LSTM
