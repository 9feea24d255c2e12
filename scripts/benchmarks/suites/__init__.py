"""The suites: one module each, with a function `cases(settings)`."""
