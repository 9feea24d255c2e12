"""The default initialization of Keras: Glorot uniform kernels, orthogonal recurrent matrices, zero biases."""

from torch import nn


def glorot_init(module: nn.Module) -> None:
    """Initializes kernels with Glorot uniform, recurrent matrices as orthogonal and biases with zeros.

    As in Keras, the gates of a recurrent layer form one matrix. The forget bias of an LSTM starts at 0; Keras uses 1.
    Source: Glorot and Bengio, 2010; Saxe et al., 2013, arXiv:1312.6120.
    """
    for name, parameter in module.named_parameters():
        if "weight_hh" in name:
            nn.init.orthogonal_(parameter)
        elif parameter.ndim > 1:
            nn.init.xavier_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)
