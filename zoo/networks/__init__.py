"""Networks: plain `nn.Module`s of published architectures."""
