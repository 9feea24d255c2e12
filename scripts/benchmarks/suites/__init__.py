"""One file a suite; each has `cases(settings)`."""
