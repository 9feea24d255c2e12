"""Masked language modeling with next-sentence prediction."""

from zoo.tasks.language.task import Language as Language
