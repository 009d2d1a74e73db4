"""What rows are to answer, as an indicator matrix over classes."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, column_or_1d

from ._rows import check_arrays

ONE, SPARSE, DENSE, LISTS = "one label", "sparse indicator", "dense indicator", "lists of labels"


class Targets(NamedTuple):
    """`kind` is how they were given; column i of `indicator` stands for classes[i], or for the number i where there are none."""

    kind: str
    named: Optional[npt.NDArray[Any]]
    indicator: Any

    @property
    def classes(self) -> npt.NDArray[Any]:
        """Takes as much memory as there are columns, which only a trained model shows to be as many as there is room for."""
        return np.arange(self.indicator.shape[1]) if self.named is None else self.named

    def names(self) -> Optional[list[str]]:
        """Names for the model file: of classes that are no numbers from 0 on."""
        if self.named is None or self.named.dtype.kind in "iu" and np.array_equal(self.named, np.arange(len(self.named))):
            return None
        return [str(one) for one in self.named]


def _is_lists(y: Any) -> bool:
    """Whether each row has a collection of labels of its own."""
    if isinstance(y, np.ndarray):
        return y.ndim == 1 and y.dtype == object and len(y) > 0 and isinstance(y[0], (list, tuple, set, frozenset, np.ndarray))
    if hasattr(y, "iloc") and getattr(y, "ndim", 0) == 1:  # a pandas Series
        return len(y) > 0 and isinstance(y.iloc[0], (list, tuple, set, frozenset, np.ndarray))
    return isinstance(y, (list, tuple)) and len(y) > 0 and isinstance(y[0], (list, tuple, set, frozenset))


def _indicator(rows: int, columns: int, ids: npt.NDArray[Any], ends: npt.NDArray[Any]) -> Any:
    return sp.csr_matrix((np.ones(len(ids), np.int8), ids, ends), shape=(rows, columns))


def _of_lists(y: Any, known: Optional[npt.NDArray[Any]], grows: bool) -> Targets:
    """Names in the order in which they first come, as the command line numbers them; numbers ascending."""
    rows = [list(row) for row in y]
    flat = [label for row in rows for label in row]
    for label in flat:
        if not isinstance(label, (str, int, np.integer)) or isinstance(label, bool):
            raise ValueError(f"a label of y is {label!r}; give numbers or names")
        if not isinstance(label, str) and not -(2**63) <= label < 2**63:
            raise ValueError(f"a label of y is {label}; numbers have 64 bits, give it as a name")
    named = any(isinstance(label, str) for label in flat)
    if named and not all(isinstance(label, str) for label in flat):
        raise ValueError("y mixes numbers and names; give one kind of labels")
    order = dict.fromkeys(flat) if named else sorted(set(flat))
    places = {} if known is None else {label: place for place, label in enumerate(known.tolist())}
    more = [label for label in order if label not in places]
    if more and known is not None and not grows:
        raise ValueError(f"y has the label {more[0]!r}, which is not among the classes; fit on all of them, or name them in classes")
    places.update({label: len(places) + i for i, label in enumerate(more)})
    lists = [sorted({places[label] for label in row}) for row in rows]
    ends = np.concatenate([[0], np.cumsum([len(row) for row in lists])]).astype(np.int64)
    ids = np.fromiter((place for row in lists for place in row), np.int32, int(ends[-1]))
    classes = np.array(list(places)) if named else np.array(list(places), np.int64)
    return Targets(LISTS, classes, _indicator(len(rows), len(places), ids, ends))


def _of_matrix(y: Any, kind: str, known: Optional[npt.NDArray[Any]]) -> Targets:
    if known is not None and y.shape[1] != len(known):
        raise ValueError(f"y has {y.shape[1]} columns, there are {len(known)} classes; give one for each")
    data = y.data if sp.issparse(y) else y
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        raise ValueError("y contains NaN or infinity; give an indicator matrix of zeros and ones")
    if data.dtype.kind not in "biuf" or (len(data) and not np.isin(data, (0, 1)).all()):
        raise ValueError("y is a matrix with values other than 0 and 1; give an indicator matrix, or lists of labels")
    return Targets(kind, known, y)


def _of_column(y: Any, known: Optional[npt.NDArray[Any]], grows: bool) -> Targets:
    column = column_or_1d(y, warn=True)
    if column.dtype.kind == "f":
        assert_all_finite(column, input_name="y")
    check_classification_targets(column)
    classes, ids = np.unique(column, return_inverse=True)
    if known is not None:
        places = {label: place for place, label in enumerate(known.tolist())}
        more = [label for label in classes.tolist() if label not in places]
        if more and not grows:
            raise ValueError(f"y has the label {more[0]!r}, which is not among the classes; fit on all of them, or name them in classes")
        places.update({label: len(places) + i for i, label in enumerate(more)})
        ids = np.array([places[label] for label in classes.tolist()])[ids]
        classes = np.concatenate([known, np.array(more, known.dtype if not more else None)]) if more else known
    rows = len(column)
    return Targets(ONE, classes, _indicator(rows, len(classes), ids.reshape(rows).astype(np.int32), np.arange(rows + 1)))


def targets_of(y: Any, known: Optional[npt.NDArray[Any]] = None, grows: bool = False) -> Targets:
    """Targets in any of the forms that fit() takes.

    Parameters
    ----------
    y : CSR indicator, 2-D array of zeros and ones, list of lists of labels, or 1-D array of one label per row
    known : ndarray, optional
        Classes that there are already.
    grows : bool
        Other ones are put behind them; else they are an error.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    if sp.issparse(y):
        check_arrays(y, "y")
        return _of_matrix(y.tocsr(), SPARSE, known)
    if _is_lists(y):
        return _of_lists(y, known, grows)
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] > 1:
        return _of_matrix(array, DENSE, known)
    return _of_column(y, known, grows)


def indicator_of(y: Any, classes: npt.NDArray[Any]) -> Any:
    """CSR, with a column for labels that are no classes, which nothing gets right."""
    found = targets_of(y, classes if not (sp.issparse(y) or getattr(y, "ndim", 1) == 2) else None, grows=True)
    matrix = found.indicator
    return matrix.tocsr() if sp.issparse(matrix) else sp.csr_matrix(matrix)
