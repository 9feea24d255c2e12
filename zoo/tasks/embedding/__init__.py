"""Verification and recognition by embeddings."""

from zoo.tasks.embedding.task import Embedding as Embedding
