"""Writes checkpoints atomically and loads them without running code from the file."""
