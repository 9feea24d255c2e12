"""The initial weights of Keras: even draws for kernels, orthogonal recurrent matrices, zero biases."""

from torch import nn


def glorot_init(module: nn.Module) -> None:
    """Draws every kernel from Glorot's uniform distribution, recurrent ones orthogonal; no biases.

    As in Keras the gates of a recurrent layer count as one matrix. LSTM's forget gate starts at 0, not at 1.
    Source: Glorot and Bengio, 2010; Saxe et al., 2013, arXiv:1312.6120.
    """
    for name, parameter in module.named_parameters():
        if "weight_hh" in name:
            nn.init.orthogonal_(parameter)
        elif parameter.ndim > 1:
            nn.init.xavier_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)
