"""Which inputs are records, and the texts of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

import numpy as np

from ._texts import KINDS, Columns, Fields


def is_frame(X: Any) -> bool:
    return hasattr(X, "columns") and hasattr(X, "dtypes") and hasattr(X, "iloc")


def is_texts(X: Any) -> bool:
    """One text per row."""
    if isinstance(X, (list, tuple)):
        return len(X) > 0 and all(isinstance(text, str) for text in X)
    if isinstance(X, np.ndarray):
        return X.ndim == 1 and len(X) > 0 and (X.dtype.kind == "U" or X.dtype == object and all(isinstance(text, str) for text in X))
    if hasattr(X, "iloc") and getattr(X, "ndim", 0) == 1:
        return len(X) > 0 and all(isinstance(text, str) for text in X)
    return False


def _kind_of(dtype: Any) -> str:
    if str(dtype) == "category":
        return "categories"
    return "numbers" if getattr(dtype, "kind", "O") in "biuf" else "text"


def columns_of(X: Any, named: Optional[Mapping[str, str]]) -> Optional[Columns]:
    """The columns of records, as `named` or by their types; None where X is a matrix."""
    if is_texts(X):
        return Columns(["text"], ["text"])
    if not is_frame(X):
        return None
    names = [str(name) for name in X.columns]
    if named is not None:
        for name, kind in named.items():
            if name not in names:
                raise ValueError(f"columns names {name!r}, and X has {', '.join(names)}; name columns of X")
            if kind not in KINDS:
                raise ValueError(f"column {name!r} is of kind {kind!r}; choose one of {', '.join(KINDS)}")
        return Columns(list(named), list(named.values()))
    kinds = [_kind_of(X[name].dtype) for name in X.columns]
    return None if set(kinds) <= {"numbers"} else Columns(names, kinds)


def fields_of(X: Any, names: list[str]) -> Fields:
    if is_frame(X):
        missing = [name for name in names if name not in X.columns]
        if missing:
            raise ValueError(f"X has no column {missing[0]!r}; give the columns {', '.join(names)}")
        return Fields([X[name].tolist() for name in names])
    if len(names) > 1:
        raise ValueError(f"the model was trained on the columns {', '.join(names)}; give a DataFrame that has them")
    return Fields([list(X)])
