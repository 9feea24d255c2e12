"""Training runs that are killed and resumed."""
