"""Checkpoints: written safely, read without running their code."""
