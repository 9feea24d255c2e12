"""Baselines of a text classifier: majority class, and logistic regression on TF-IDF."""

import re
from typing import Any

from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from zoo.data.base import DataModule
from zoo.reports.quiet_fits import quiet_fits
from zoo.tasks.base import Task

MOST_WORDS = 200_000
_WORD = r"(?u)\b\w\w+\b"  # scikit-learn's default
_ANY = r"\S+"  # of texts without such a word, as single letters or signs
TFIDF = "TF-IDF, logistic regression"


def baselines(datamodule: DataModule, task: Task) -> dict[str, dict[str, float]]:
    """Test accuracy of the majority class, and of logistic regression on TF-IDF of words and pairs of words.

    The latter reads the full texts, which the network may truncate.
    """
    train, test = datamodule.dataset("train"), datamodule.dataset("test")
    words = _WORD if any(re.search(_WORD, text) for text in train.texts) else _ANY
    models: dict[str, Any] = {
        "majority class": DummyClassifier(strategy="most_frequent"),
        TFIDF: make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_WORDS, token_pattern=words),
            LogisticRegression(C=10.0, max_iter=300),
        ),
    }
    with quiet_fits():
        return {
            name: {"accuracy": float(model.fit(train.texts, train.labels.numpy()).score(test.texts, test.labels))}
            for name, model in models.items()
        }
