"""Texts: files, tokenizers, pairs of sentences, labeled texts."""
