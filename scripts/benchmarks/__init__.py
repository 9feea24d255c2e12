"""Compares speed and memory with those of the packages that a user would pick instead."""
