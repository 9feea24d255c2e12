"""Networks: plain modules, from their papers."""
