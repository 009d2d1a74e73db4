"""Answers and histories in the forms that callers want."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from ._training import Progress
from .model import TopK


def matrix_of(labels: npt.NDArray[Any], given: npt.NDArray[np.bool_], values: npt.NDArray[Any], kind: tuple[int, bool]) -> Any:
    """The labels that are `given`, with their values. `kind`: how many labels there are, and whether the matrix is an array."""
    columns, dense = kind
    ends = np.concatenate([[0], np.cumsum(given.sum(axis=1))])
    matrix = scipy.sparse.csr_matrix((values, labels[given], ends), shape=(len(labels), columns))
    matrix.sort_indices()
    return matrix.toarray() if dense else matrix


def dense_of(found: TopK, columns: int, missing: float) -> npt.NDArray[np.float64]:
    """Scores by label."""
    dense = np.full((len(found.labels), columns), missing)
    given = found.labels >= 0
    dense[np.nonzero(given)[0], found.labels[given]] = found.scores[given]
    return dense


def history_frame(history: list[Progress]) -> Any:
    """Epochs as a DataFrame."""
    try:
        import pandas
    except ImportError:
        raise ImportError("history_frame_ needs pandas; install it, or take history_") from None
    columns = ["epoch", "seconds", "loss", "precision_at_1", "samples_per_second"]
    return pandas.DataFrame([dataclasses.asdict(one) for one in history], columns=columns)
