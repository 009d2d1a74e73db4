"""Dense vectors beside the features of rows, such as sentence vectors."""

from __future__ import annotations

import ctypes
from typing import Any, Optional

import numpy as np

from . import _library as lib
from ._rows import RowView

MOST_WIDTH = 16384


class VectorView:
    """A matrix of float32 as the library takes it; lent where its rows lie in one piece, else copied."""

    def __init__(self, vectors: Any) -> None:
        array = np.asarray(vectors)
        if array.ndim != 2 or array.dtype.kind not in "fiub":
            raise ValueError(f"vectors is an array of {array.dtype} with the shape {array.shape}; give a matrix of float32")
        if not 1 <= array.shape[1] <= MOST_WIDTH:
            raise ValueError(f"vectors has {array.shape[1]} columns; allowed: 1 to {MOST_WIDTH}")
        with np.errstate(over="ignore"):
            array = array.astype(np.float32, copy=False)
        steps = array.strides
        if len(array) and (steps[1] != 4 or steps[0] % 4 or steps[0] < 4 * array.shape[1]):
            array = np.ascontiguousarray(array)
        if not np.isfinite(array).all():
            row = int(np.nonzero(~np.isfinite(array).all(axis=1))[0][0])
            raise ValueError(f"vectors has a value in row {row} that is NaN, infinite or beyond float32; give finite ones")
        self.array = array
        self.rows, self.width = array.shape
        self.struct = self.part(0, self.rows)

    def part(self, begin: int, end: int) -> lib.Vectors:
        """Rows `begin` to `end` - 1 of them."""
        stride = self.array.strides[0] // 4 if self.rows else self.width
        return lib.Vectors(end - begin, self.array.ctypes.data + 4 * stride * begin, stride, self.width)

    @property
    def pointer(self) -> Any:
        return ctypes.cast(ctypes.pointer(self.struct), ctypes.c_void_p)


def vectors_of(vectors: Any, rows: int) -> Optional[VectorView]:
    """The vectors of `rows` rows; None where there are none."""
    if vectors is None:
        return None
    view = VectorView(vectors)
    if view.rows != rows:
        raise ValueError(f"vectors has {view.rows} rows, X has {rows}; give one vector for each row")
    return view


def pointer_of(view: Optional[VectorView]) -> Any:
    """Of vectors, for a call of the library; null where there are none."""
    return None if view is None else view.pointer


def rows_without_features(vectors: Any) -> RowView:
    """Rows for vectors alone: as many as there are of these, with no feature."""
    if vectors is None:
        raise ValueError("X is None and there are no vectors; give one of them")
    return RowView(np.zeros(len(vectors) + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), 1)
