"""Matrices as rows of the library: CSR arrays are lent, not copied, where their types fit."""

from __future__ import annotations

import ctypes
import logging
from typing import Any, Optional

import numpy as np
import scipy  # its parts are loaded when they are first used

from . import _library as lib

log = logging.getLogger("glissade")
MOST_IDS = 0xFFFFFFFE


class RowView:
    """A CSR matrix as the library takes it, with the arrays that it points into."""

    def __init__(self, indptr: Any, indices: Any, data: Optional[Any], columns: int) -> None:
        self.columns = columns
        self.offsets = indptr.view(np.uint64) if indptr.dtype == np.int64 and indptr.flags.c_contiguous else indptr.astype(np.uint64)
        if indices.dtype == np.int32 and indices.flags.c_contiguous:
            self.ids = indices.view(np.uint32)
        else:
            self.ids = np.ascontiguousarray(indices, dtype=np.uint32)
        self.values = None if data is None else np.ascontiguousarray(data, dtype=np.float32)
        self.rows = len(indptr) - 1
        self.struct = self.part(0, self.rows)

    def part(self, begin: int, end: int) -> lib.Rows:
        """Rows `begin` to `end` - 1 of them."""
        values = None if self.values is None else self.values.ctypes.data
        return lib.Rows(end - begin, self.offsets.ctypes.data + 8 * begin, self.ids.ctypes.data, values)

    @property
    def pointer(self) -> Any:
        return ctypes.byref(self.struct)


def check_arrays(matrix: Any, what: str) -> None:
    """Refuse a CSR or CSC matrix whose arrays do not fit together: scipy and the library would read outside of them."""
    if not scipy.sparse.issparse(matrix) or matrix.format not in ("csr", "csc"):
        return
    indptr, indices, data = matrix.indptr, matrix.indices, matrix.data
    rows, columns = matrix.shape if matrix.format == "csr" else matrix.shape[::-1]
    if indptr.ndim != 1 or len(indptr) != rows + 1 or indptr[0] != 0 or indptr[-1] > len(indices) or len(indices) > len(data):
        raise ValueError(f"{what}: indptr, indices and data of the matrix do not fit together; build it anew")
    if not np.issubdtype(indices.dtype, np.integer) or not np.issubdtype(indptr.dtype, np.integer):
        raise ValueError(f"{what}: indices of type {indices.dtype} and {indptr.dtype}; give int32 or int64")
    if rows and (np.diff(indptr) < 0).any():
        raise ValueError(f"{what}: indptr of the matrix goes down; build it anew")
    end = int(indptr[-1])
    if end:
        low, high = int(indices[:end].min()), int(indices[:end].max())
        if low < 0 or high >= columns:
            raise ValueError(f"{what}: index {low if low < 0 else high} in a matrix with {columns}; ids go from 0 to {columns - 1}")
    if columns > MOST_IDS:
        raise ValueError(f"{what}: {columns} columns; {MOST_IDS} are the most")


def has_duplicates(matrix: Any) -> bool:
    """Whether a column stands twice in a row. Sorted rows are looked at as they are, others by a sorted copy of their ids."""
    if matrix.has_sorted_indices:
        return not matrix.has_canonical_format
    copy = scipy.sparse.csr_matrix((np.empty(len(matrix.indices), np.int8), matrix.indices.copy(), matrix.indptr), shape=matrix.shape)
    copy.sort_indices()
    return not copy.has_canonical_format


def csr_of(matrix: Any) -> Any:
    """The same as a CSR matrix; itself if it is one."""
    if not scipy.sparse.issparse(matrix):
        return scipy.sparse.csr_matrix(np.asarray(matrix))
    return matrix if matrix.format == "csr" else matrix.tocsr()


def matrix_of(given: Any, what: str) -> Any:
    """A matrix of numbers, sparse or an array of two dimensions; an error for anything else."""
    if scipy.sparse.issparse(given) and given.ndim == 2:
        return given
    array = np.asarray(given) if hasattr(given, "__array__") else given
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "biuf":
        form = f"an array of {array.dtype} with the shape {array.shape}" if isinstance(array, np.ndarray) else f"a {type(given).__name__}"
        raise ValueError(f"{what} is {form}; give a matrix of numbers, or use GlissadeClassifier")
    return array.astype(np.float32) if array.dtype == np.float16 else array  # which scipy lacks


def features_of(matrix: Any) -> RowView:
    """Features, of a CSR matrix or of anything that scipy makes one of. Entries that stand twice are summed, in a copy."""
    check_arrays(matrix, "X")
    matrix = csr_of(matrix)
    if has_duplicates(matrix):
        matrix = matrix.copy()
        matrix.sum_duplicates()
    if matrix.data.dtype == np.float64:
        log.info("X has float64 values, which are copied as float32; float32 is taken as it is")
    end = int(matrix.indptr[-1])
    with np.errstate(over="ignore"):
        view = RowView(matrix.indptr, matrix.indices, matrix.data[: max(end, 0)], matrix.shape[1])
    if view.values is not None and not np.isfinite(view.values).all():
        raise ValueError("X has a value that is NaN, infinite or beyond float32; give finite ones")
    return view


def labels_of(matrix: Any) -> RowView:
    """Labels, of an indicator matrix: what is not 0 applies. Stored zeros are left out, in a copy."""
    check_arrays(matrix, "Y")
    matrix = csr_of(matrix)
    end = int(matrix.indptr[-1])
    if has_duplicates(matrix) or (end and not matrix.data[:end].all()):
        matrix = matrix.copy()
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    return RowView(matrix.indptr, matrix.indices, None, matrix.shape[1])


def weights_of(weights: Any, rows: int) -> Any:
    """How much each of `rows` rows counts, as float32; None where all count alike."""
    if weights is None:
        return None
    array = np.asarray(weights)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"sample_weight is an array of {array.dtype}; give numbers")
    if array.ndim == 0:
        array = np.full(rows, array)
    if array.shape != (rows,):
        raise ValueError(f"sample_weight has the shape {array.shape}, X has {rows} rows; give one number for each row")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, np.float32)
