import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from zoo.networks import gru
from zoo.networks.gru import FastGRU
from zoo.ops.gru import gru_layer


def both(layers: int, bidirectional: bool, dropout: float = 0.0, channels: int = 3) -> tuple[FastGRU, nn.GRU]:
    options = {"batch_first": True, "bidirectional": bidirectional, "dropout": dropout}
    ours, theirs = FastGRU(channels, 8, layers, **options), nn.GRU(channels, 8, layers, **options)
    for parameter in ours.parameters():
        nn.init.normal_(parameter)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def passes(network: nn.Module, inputs: Tensor, weight: Tensor) -> list[Tensor]:
    """Returns outputs, final states, and gradients of the inputs and of every parameter."""
    inputs = inputs.clone().requires_grad_()
    torch.manual_seed(0)  # of the dropout
    states, last = network(inputs)
    ((states * weight).sum() + last.sin().sum()).backward()
    return [states, last, inputs.grad, *(parameter.grad for parameter in network.parameters())]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("layers", "dropout"), [(1, 0.0), (2, 0.0), (3, 0.4)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_training_equals_torchs(layers, dropout, bidirectional, dtype, tolerance):
    ours, theirs = (network.to(dtype) for network in both(layers, bidirectional, dropout))
    inputs, weight = torch.randn(5, 11, 3, dtype=dtype), torch.randn(5, 11, 16 if bidirectional else 8, dtype=dtype)
    for mine, expected in zip(passes(ours, inputs, weight), passes(theirs, inputs, weight), strict=True):
        assert mine.dtype == dtype
        torch.testing.assert_close(mine, expected, rtol=tolerance, atol=tolerance)


def test_gradients_equal_finite_differences():
    ours, _ = both(layers=2, bidirectional=False, channels=2)
    ours.double()
    inputs = torch.randn(2, 4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, *_: ours(x)[0], (inputs, *ours.parameters()))


def test_one_step_and_one_window_suffice():
    ours, theirs = both(layers=1, bidirectional=False)
    torch.testing.assert_close(ours(torch.ones(1, 1, 3))[0], theirs(torch.ones(1, 1, 3))[0])


def test_other_calls_are_handled_by_torch(monkeypatch):
    calls = []
    monkeypatch.setattr(gru, "gru_layer", lambda *_: calls.append(1) or torch.zeros(4, 2, 8))
    ours, theirs = both(layers=1, bidirectional=False)
    inputs, first = torch.randn(2, 4, 3), torch.randn(1, 2, 8)
    assert torch.equal(ours(inputs, first)[0], theirs(inputs, first)[0])
    with torch.no_grad():
        assert torch.equal(ours(inputs)[0], theirs(inputs)[0])
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(ours(inputs)[0], theirs(inputs)[0])
    assert torch.equal(ours.eval()(inputs)[0], theirs.eval()(inputs)[0])
    assert ours.to("meta").train()(inputs.to("meta"))[0].shape == (2, 4, 8)
    assert not calls
    FastGRU(3, 8, batch_first=True)(inputs)
    assert calls


@pytest.mark.filterwarnings("ignore:.torch.jit.script")  # which torch.func.jvp calls
def test_function_transforms_are_handled_by_torch():
    networks, inputs = both(layers=1, bidirectional=False), torch.randn(2, 4, 3)

    def gradients(network: nn.Module) -> dict[str, Tensor]:
        weights = dict(network.named_parameters())
        return torch.func.grad(lambda w: torch.func.functional_call(network, w, (inputs,))[0].sin().sum())(weights)

    torch.testing.assert_close(*(gradients(network) for network in networks))
    torch.testing.assert_close(*(torch.func.jvp(lambda x, f=f: f(x)[0], (inputs,), (inputs,)) for f in networks))


@pytest.mark.filterwarnings("ignore:.torch.jit.trace", "ignore::torch.jit.TracerWarning")
def test_a_trace_accepts_other_lengths():
    ours, theirs = both(layers=1, bidirectional=False)
    traced = torch.jit.trace(ours, torch.randn(2, 4, 3), check_trace=False)
    longer = torch.randn(5, 9, 3)
    torch.testing.assert_close(traced(longer), theirs(longer))


def test_tanh_has_the_documented_precision():
    for dtype, most in ((torch.float32, 2e-7), (torch.float64, 4e-16)):
        x = torch.linspace(-20, 20, 100_001, dtype=torch.float64).to(dtype)
        weights = torch.zeros(3, 1, dtype=dtype), torch.zeros(3, 1, dtype=dtype)
        weights[0][2] = 1.0  # the new value is x, and the update gate shut, so that the state is its tanh
        biases = torch.tensor([0.0, -800.0, 0.0], dtype=dtype), torch.zeros(3, dtype=dtype)
        found = gru_layer(x.view(1, -1, 1), torch.zeros(len(x), 1, dtype=dtype), *weights, *biases)
        assert (found.flatten().double() - x.double().tanh()).abs().max() <= most


@pytest.mark.parametrize("options", [{"batch_first": False}, {"batch_first": True, "bias": False}])
def test_other_options_are_handled_by_torch(options):
    ours, theirs = FastGRU(3, 8, **options), nn.GRU(3, 8, **options)
    theirs.load_state_dict(ours.state_dict())
    inputs = torch.randn(4, 5, 3)
    assert torch.equal(ours(inputs)[0], theirs(inputs)[0])


@pytest.mark.parametrize("inputs", [torch.ones(2, 0, 3), torch.ones(2, 4, 7), torch.ones(2, 4, 3, dtype=torch.float64)])
def test_invalid_inputs_raise_the_errors_of_torch(inputs):
    ours, theirs = both(layers=1, bidirectional=False)
    with pytest.raises((RuntimeError, ValueError)) as expected:
        theirs(inputs)
    with pytest.raises(type(expected.value)) as found:
        ours(inputs)
    assert str(found.value) == str(expected.value)


COMPILED = """
import torch
from zoo.networks.gru import FastGRU
inputs, first, network = torch.randn(2, 4, 3), torch.zeros(1, 2, 8), FastGRU(3, 8, batch_first=True)
for training in (False, True):
    compiled = torch.compile(network.train(training), backend="eager")
    torch.testing.assert_close(compiled(inputs)[0], network(inputs)[0])
    torch.testing.assert_close(compiled(inputs, first)[0], network(inputs)[0])
network.eval()
for strict in (False, True):
    exported = torch.export.export(network, (inputs,), strict=strict).module()
    torch.testing.assert_close(exported(inputs)[0], network(inputs)[0])
"""


def test_it_compiles_and_is_exported():
    subprocess.run([sys.executable, "-c", COMPILED], check=True)  # a process without the checks of shapes
