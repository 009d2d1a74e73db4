"""Which inputs are records, and the texts of their columns. Frames are those of pandas, and tables of Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

import numpy as np

from ._texts import KINDS, Columns, Fields

ARROW_NUMBERS = ("int", "uint", "float", "double", "halffloat", "bool", "decimal")


def is_arrow_table(X: Any) -> bool:
    """A table or record batch of pyarrow."""
    return hasattr(X, "column_names") and hasattr(X, "schema") and hasattr(X, "to_pydict")


def is_frame(X: Any) -> bool:
    return is_arrow_table(X) or hasattr(X, "columns") and hasattr(X, "dtypes") and hasattr(X, "iloc")


def plain(X: Any) -> Any:
    """A column of Arrow as a list; anything else as it is."""
    return X.to_pylist() if hasattr(X, "to_pylist") and not is_arrow_table(X) else X


def names_of(X: Any) -> list[str]:
    """The columns of a frame."""
    return [str(name) for name in (X.column_names if is_arrow_table(X) else X.columns)]


def is_texts(X: Any) -> bool:
    """One text per row."""
    if isinstance(X, (list, tuple)):
        return len(X) > 0 and all(isinstance(text, str) for text in X)
    if isinstance(X, np.ndarray):
        return X.ndim == 1 and len(X) > 0 and (X.dtype.kind == "U" or X.dtype == object and all(isinstance(text, str) for text in X))
    if hasattr(X, "iloc") and getattr(X, "ndim", 0) == 1:
        return len(X) > 0 and all(isinstance(text, str) for text in X)
    return False


def _kind_of(X: Any, name: Any) -> str:
    if is_arrow_table(X):
        arrow = str(X.schema.field(name).type)
        return "categories" if arrow.startswith("dictionary") else "numbers" if arrow.startswith(ARROW_NUMBERS) else "text"
    dtype = X[name].dtype
    if str(dtype) == "category" or str(dtype).startswith("dictionary"):
        return "categories"
    return "numbers" if getattr(dtype, "kind", "O") in "biuf" else "text"


def columns_of(X: Any, named: Optional[Mapping[str, str]]) -> Optional[Columns]:
    """The columns of records, as `named` or by their types; None where X is a matrix."""
    if is_texts(X):
        return Columns(["text"], ["text"])
    if not is_frame(X):
        return None
    names = names_of(X)
    if named is not None:
        for name, kind in named.items():
            if name not in names:
                raise ValueError(f"columns names {name!r}, and X has {', '.join(names)}; name columns of X")
            if kind not in KINDS:
                raise ValueError(f"column {name!r} is of kind {kind!r}; choose one of {', '.join(KINDS)}")
        return Columns(list(named), list(named.values()))
    kinds = [_kind_of(X, name) for name in (names if is_arrow_table(X) else X.columns)]
    return None if set(kinds) <= {"numbers"} else Columns(names, kinds)


def fields_of(X: Any, names: list[str]) -> Fields:
    if is_frame(X):
        missing = [name for name in names if name not in names_of(X)]
        if missing:
            raise ValueError(f"X has no column {missing[0]!r}; give the columns {', '.join(names)}")
        return Fields([X[name].to_pylist() if is_arrow_table(X) else X[name].tolist() for name in names])
    if len(names) > 1:
        raise ValueError(f"the model was trained on the columns {', '.join(names)}; give a DataFrame that has them")
    return Fields([list(X)])
