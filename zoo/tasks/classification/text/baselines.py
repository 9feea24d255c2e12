"""Baselines of a text classifier: majority class, and logistic regression on TF-IDF."""

from typing import Any

from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from zoo.data.base import DataModule
from zoo.reports.quiet_fits import quiet_fits
from zoo.tasks.base import Task

MOST_WORDS = 200_000
TFIDF = "TF-IDF, logistic regression"


def baselines(datamodule: DataModule, task: Task) -> dict[str, dict[str, float]]:
    """Test accuracy of the majority class, and of logistic regression on TF-IDF of words and pairs of words.

    The latter reads the full texts, which the network may truncate.
    """
    train, test = datamodule.dataset("train"), datamodule.dataset("test")
    models: dict[str, Any] = {
        "majority class": DummyClassifier(strategy="most_frequent"),
        TFIDF: make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_WORDS),
            LogisticRegression(C=10.0, max_iter=300),
        ),
    }
    with quiet_fits():
        return {
            name: {"accuracy": float(model.fit(train.texts, train.labels.numpy()).score(test.texts, test.labels))}
            for name, model in models.items()
        }
