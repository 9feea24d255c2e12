"""Mutates healthy files of every kind that the zoo reads, and watches what reading them does."""
