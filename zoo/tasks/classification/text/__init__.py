"""Classification of texts: another input, the same procedure."""

from zoo.tasks.classification.text.task import TextClassification as TextClassification
