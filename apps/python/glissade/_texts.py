"""Records with named columns as rows: the pipeline of the library, fitted or applied."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import numpy as np

from . import _library as lib

KINDS = {"text": 0, "categories": 1, "numbers": 2}


class Columns(NamedTuple):
    """What records are made of: names and kinds of their columns."""

    names: list[str]
    kinds: list[str]


class Fields:
    """The texts of records in one array of pointers, row-major."""

    def __init__(self, columns: Sequence[Sequence[Any]]) -> None:
        self.rows = len(columns[0])
        count = self.rows * len(columns)
        self.keep: list[Optional[bytes]] = [None] * count
        for place, column in enumerate(columns):
            self.keep[place :: len(columns)] = [_bytes_of(text) for text in column]
        self.texts = (ctypes.c_char_p * max(1, count))(*self.keep)
        self.lengths = np.fromiter((0 if text is None else len(text) for text in self.keep), np.uint64, count)

    def records(self, columns: int) -> lib.Records:
        records = lib.Records()
        lib.library.glissade_records_init_sized(ctypes.byref(records), ctypes.sizeof(records))
        records.columns, records.rows = columns, self.rows
        records.texts = ctypes.cast(self.texts, ctypes.c_void_p)
        records.lengths = self.lengths.ctypes.data
        return records


def _bytes_of(text: Any) -> Optional[bytes]:
    if text is None or isinstance(text, float) and np.isnan(text) or type(text).__name__ == "NAType":  # pandas.NA
        return None
    if isinstance(text, bytes):
        return text
    return str(text).encode(errors="surrogatepass")


class RecordRows:
    """Rows that a pipeline made, in the library's memory."""

    def __init__(self, handle: lib.Handle) -> None:
        self.handle = handle
        self.struct = lib.Rows()
        lib.library.glissade_record_rows_view(handle.value, ctypes.byref(self.struct))
        self.rows = int(self.struct.rows)
        count = ctypes.c_uint32()
        self.names = lib.library.glissade_record_rows_names(handle.value, ctypes.byref(count))
        self.columns = int(count.value)

    @property
    def pointer(self) -> Any:
        return ctypes.byref(self.struct)

    def part(self, begin: int, end: int) -> lib.Rows:
        """Rows `begin` to `end` - 1 of them."""
        return lib.Rows(end - begin, self.struct.offsets + 8 * begin, self.struct.ids, self.struct.values)

    def notes(self, label_column: str) -> bytes:
        """What the model file says of how its records are read, so that the command line can answer texts, too."""
        reader = {"labels": label_column, "label-separator": "", "header": True, "label-prefix": ""}
        line = json.dumps(reader, separators=(",", ":"), ensure_ascii=False)
        return bytes(lib.library.glissade_record_rows_notes(self.handle.value)) + f"reader {line}\n".encode()


def fit(fields: Fields, columns: Columns, label_names: Sequence[str], options: dict[str, Any]) -> RecordRows:
    """Fit a pipeline to records."""
    records = fields.records(len(columns.names))
    names = lib.strings(columns.names)
    kinds = np.array([KINDS[kind] for kind in columns.kinds], np.uint32)
    phrases = lib.strings(label_names)
    records.names, records.kinds = names, kinds.ctypes.data
    records.phrases, records.phrase_count = phrases, len(label_names)
    for name, value in options.items():
        setattr(records, name, value.encode() if isinstance(value, str) else int(value))
    return RecordRows(lib.made("glissade_record_rows_free", lib.library.glissade_fit_records, ctypes.byref(records)))


class Pipeline:
    """What turns records into rows for a model that was trained on such."""

    def __init__(self, snapshot: lib.Handle) -> None:
        self.handle = lib.made("glissade_pipeline_free", lib.library.glissade_pipeline_new, snapshot.value)
        count = lib.library.glissade_pipeline_columns(self.handle.value)
        self.names = [lib.library.glissade_pipeline_column(self.handle.value, column).decode() for column in range(count)]

    def rows(self, fields: Fields) -> RecordRows:
        records = fields.records(len(self.names))
        return RecordRows(
            lib.made("glissade_record_rows_free", lib.library.glissade_pipeline_rows, self.handle.value, ctypes.byref(records)))
