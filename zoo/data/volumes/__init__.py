"""Volumes and clips, `[C D H W]`, with one label each."""
