"""Pure functions over tensors."""
