"""Columns as texts, which name categories and classes, and texts that are numbers."""

import numpy as np
import pandas as pd

_YES_NO = {"True": "true", "False": "false"}  # as written by hand


def texts_of(column: pd.Series) -> np.ndarray:
    """Texts without the spaces around them, None where one is missing; whole floats, as of gaps, as integers."""
    texts: list[str | None] = []
    for value in column.tolist():
        if pd.isna(value):
            texts.append(None)
            continue
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
        texts.append(_YES_NO.get(text, text) or None)
    return np.array(texts, dtype=object)


def is_number(text: str) -> bool:
    """Whether a text is a number to `float`, as `1e3`, `nan` and ` 5 ` are."""
    try:
        float(text)
    except ValueError:
        return False
    return True
