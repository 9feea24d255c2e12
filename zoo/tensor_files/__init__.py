"""Reads files of tensors: no code from the file runs, and memory and time are bounded by its size."""
