"""One GRU layer on a CPU, with a backward pass written by hand."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable


def gru_layer(
    inputs: Float[Tensor, "t b i"],
    state: Float[Tensor, "b h"],
    weight_ih: Float[Tensor, "3*h i"],
    weight_hh: Float[Tensor, "3*h h"],
    bias_ih: Float[Tensor, " 3*h"],
    bias_hh: Float[Tensor, " 3*h"],
) -> Float[Tensor, "t b h"]:
    """Returns the states after each step, as `torch.nn.GRU` does; the weights are in the order reset, update, new.

    Takes about three quarters of torch's time on one core: gates are computed in place, and per-step gradients are
    accumulated while still in cache. Differentiable once.

    tanh(x) is computed as 2σ(2x) − 1, with an error of at most 2e-7 in single and 4e-16 in double precision. It
    loses relative precision near 0.

    torch's FlopCounterMode misses in-place products and counts about a fifth. `zoo.run.flops` counts an evaluation
    pass, which torch computes.
    """
    states: Tensor = _Layer.apply(inputs, state, weight_ih, weight_hh, bias_ih, bias_hh)
    return states


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        state: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
    ) -> Tensor:
        (steps, batch, _), size = inputs.shape, state.shape[1]
        rows, gated = inputs.flatten(0, 1), 2 * size
        gates = torch.addmm(bias_ih[:gated] + bias_hh[:gated], rows, weight_ih[:gated].T).view(steps, batch, gated)
        news = torch.addmm(bias_ih[gated:], rows, weight_ih[gated:].T).view(steps, batch, size)
        recalls = bias_hh[gated:].repeat(steps, batch, 1)
        states = torch.cat([state[None], state.new_empty(steps, batch, size)])
        to_gates, to_new = weight_hh[:gated].T, weight_hh[gated:].T
        for past, gate, new, recall, after in zip(states, gates, news, recalls, states[1:], strict=False):
            gate.addmm_(past, to_gates).sigmoid_()
            recall.addmm_(past, to_new)
            reset, update = gate.chunk(2, dim=1)
            new.addcmul_(reset, recall)
            new.mul_(2.0).sigmoid_().mul_(2.0).sub_(1.0)  # tanh; torch.tanh takes three times as long
            torch.lerp(new, past, update, out=after)
        ctx.save_for_backward(inputs, weight_ih, weight_hh, gates, news, recalls, states)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight_ih, weight_hh, gates, news, recalls, states = ctx.saved_tensors
        (steps, batch, _), size = inputs.shape, states.shape[2]
        # The gradients of a step side by side: the first three multiply the inputs, the last three the past state,
        # which enters the new state through the recall.
        slopes = inputs.new_empty(batch, 4 * size)
        of_new, of_reset, of_update, of_recall = slopes.chunk(4, dim=1)
        of_inputs, of_past = slopes[:, : 3 * size], slopes[:, size:]
        weight_new_first = weight_ih.roll(size, 0)
        grad_inputs = torch.empty_like(inputs) if ctx.needs_input_grad[0] else None
        grad_ih, grad_hh = torch.zeros_like(weight_ih), torch.zeros_like(weight_hh)
        grad_bias, ones = inputs.new_zeros(4 * size), inputs.new_ones(batch)
        grad, kept, factor = (torch.zeros_like(states[0]) for _ in range(3))
        for step in reversed(range(steps)):
            past, new, recall = states[step], news[step], recalls[step]
            reset, update = gates[step].chunk(2, dim=1)
            grad.add_(grad_states[step])
            torch.mul(grad, update, out=kept)
            torch.sub(grad, kept, out=factor)
            _tanh_backward(factor, new, grad_input=of_new)
            torch.sub(past, new, out=factor).mul_(grad)
            _sigmoid_backward(factor, update, grad_input=of_update)
            torch.mul(of_new, recall, out=factor)
            _sigmoid_backward(factor, reset, grad_input=of_reset)
            torch.mul(of_new, reset, out=of_recall)
            if grad_inputs is not None:
                torch.mm(of_inputs, weight_new_first, out=grad_inputs[step])
            grad_ih.addmm_(of_inputs.T, inputs[step])
            grad_hh.addmm_(of_past.T, past)
            grad_bias.addmv_(slopes.T, ones)
            grad, kept = kept.addmm_(of_past, weight_hh), grad
        grad_ih, grad_bias_ih = grad_ih.roll(-size, 0), grad_bias[: 3 * size].roll(-size, 0)
        return grad_inputs, grad, grad_ih, grad_hh, grad_bias_ih, grad_bias[size:]


_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input
