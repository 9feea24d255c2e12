"""Makes and checks the weights in `zoo/weights`."""
