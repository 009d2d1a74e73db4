"""The C library: structures, functions, errors. All of ``glissade/c.h`` that the package uses, and nothing else."""

from __future__ import annotations

import ctypes
import errno
import os
import pathlib
import threading
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any, Optional

OK, FAILED, USAGE, NOT_FOUND, STOPPED = range(5)
NO_LABEL = 0xFFFFFFFF
ABI = 2
PREPARING, EPOCH_DONE = -1, -2
HISTORIES, NEVER_REPEATS, SETS = 1, 2, 4


class Rows(ctypes.Structure):
    _fields_ = [("rows", c_uint64), ("offsets", c_void_p), ("ids", c_void_p), ("values", c_void_p)]


class Vectors(ctypes.Structure):
    _fields_ = [("rows", c_uint64), ("numbers", c_void_p), ("stride", c_uint64), ("width", c_uint32)]


class Progress(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("activity", c_int32), ("activity_share", c_double), ("seconds_left", c_double), ("epoch", c_uint32),
        ("epochs", c_uint32), ("samples_done", c_uint64), ("samples_total", c_uint64), ("seconds", c_double), ("loss", c_double),
        ("precision_at_1", c_double), ("samples_per_second", c_double),
    ]


ON_PROGRESS = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(Progress))
ON_NOTE = ctypes.CFUNCTYPE(None, c_void_p, c_char_p)


class Training(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("features", c_uint32), ("labels", c_uint32), ("preset", c_char_p), ("effort", c_char_p),
        ("options", c_char_p), ("label_names", POINTER(c_char_p)), ("feature_names", c_void_p), ("data_notes", c_char_p),
        ("on_progress", ON_PROGRESS), ("on_note", ON_NOTE), ("user", c_void_p), ("histories", c_uint32), ("vectors", c_void_p),
        ("weights", c_void_p),
    ]


class Histories(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("items", c_uint32), ("users", c_uint64), ("offsets", c_void_p), ("item", c_void_p), ("weights", c_void_p),
        ("times", c_void_p), ("fractions", c_void_p), ("decay", c_double), ("half_life", c_double), ("mean_weight", c_double),
        ("window", c_uint32), ("unordered", c_uint32),
    ]


class Query(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("k", c_uint32), ("search", c_uint32), ("probabilities", c_uint32), ("leave_out_unknown", c_uint32),
        ("timeout_ms", c_uint32), ("filter", c_void_p), ("excluded", c_void_p), ("vectors", c_void_p),
    ]


class Facts(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("features", c_uint32), ("labels", c_uint32), ("epochs_done", c_uint32), ("epochs", c_uint32),
        ("trainable", c_uint32), ("training_samples", c_uint64), ("parameters", c_uint64), ("threshold", c_float), ("vector_width", c_uint32),
    ]


class Info(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("features", c_uint32), ("labels", c_uint32), ("width", c_uint32), ("version", c_uint64),
        ("training_samples", c_uint64), ("memory", c_uint64), ("vector_width", c_uint32),
    ]


class LearnerOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("batch", c_uint32), ("learning_rate", c_double), ("keep_examples", c_uint32), ("refit_every", c_uint32),
        ("show_after", c_uint32), ("threads", c_uint32), ("keep_events", c_uint32),
    ]


class Records(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("columns", c_uint32), ("rows", c_uint64), ("texts", c_void_p), ("lengths", c_void_p),
        ("names", POINTER(c_char_p)), ("kinds", c_void_p), ("phrases", POINTER(c_char_p)), ("phrase_count", c_uint64),
        ("stemmer", c_char_p), ("word_ngrams", c_uint32), ("shortest_piece", c_uint32), ("longest_piece", c_uint32),
        ("columns_apart", c_uint32), ("min_rows", c_uint32), ("max_features", c_uint32),
    ]


class Reasons(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("labels", c_uint32), ("label", POINTER(c_uint32)), ("score", POINTER(c_float)),
        ("probability", POINTER(c_float)), ("base", POINTER(c_float)), ("shares", POINTER(c_float)),
        ("feature_offsets", POINTER(c_uint64)), ("feature", POINTER(c_uint32)), ("by", POINTER(c_float)),
        ("by_score", POINTER(c_float)), ("neighbour_offsets", POINTER(c_uint64)), ("neighbour", POINTER(c_uint64)),
        ("likeness", POINTER(c_float)),
    ]


# name: (result, arguments). Handles and arrays are void pointers; out-parameters are made by ctypes.byref().
_HANDLE = c_void_p
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "glissade_abi": (c_uint32, []),
    "glissade_version": (c_char_p, []),
    "glissade_context_new": (_HANDLE, []),
    "glissade_context_free": (None, [_HANDLE]),
    "glissade_error": (c_char_p, [_HANDLE]),
    "glissade_snapshot_free": (None, [_HANDLE]),
    "glissade_snapshot_info": (c_int32, [_HANDLE, _HANDLE, c_void_p]),
    "glissade_query_init_sized": (None, [c_void_p, c_size_t]),
    "glissade_top_k": (c_int32, [_HANDLE, _HANDLE, c_void_p, c_void_p, c_void_p, c_void_p]),
    "glissade_score_with_vectors": (c_int32, [_HANDLE, _HANDLE, c_void_p, c_void_p, c_void_p, c_void_p]),
    "glissade_encode_with_vectors": (c_int32, [_HANDLE, _HANDLE, c_void_p, c_void_p, c_void_p]),
    "glissade_label_vectors": (c_int32, [_HANDLE, _HANDLE, c_void_p, c_void_p]),
    "glissade_label_name": (c_void_p, [_HANDLE, c_uint32, POINTER(c_size_t)]),
    "glissade_feature_name": (c_void_p, [_HANDLE, c_uint32, POINTER(c_size_t)]),
    "glissade_filter_new": (_HANDLE, [c_uint32, c_int]),
    "glissade_filter_free": (None, [_HANDLE]),
    "glissade_filter_set": (None, [_HANDLE, c_void_p, c_size_t, c_int]),
    "glissade_pipeline_new": (c_int32, [_HANDLE, _HANDLE, c_void_p]),
    "glissade_pipeline_free": (None, [_HANDLE]),
    "glissade_pipeline_columns": (c_uint32, [_HANDLE]),
    "glissade_pipeline_column": (c_char_p, [_HANDLE, c_uint32]),
    "glissade_records_init_sized": (None, [c_void_p, c_size_t]),
    "glissade_fit_records": (c_int32, [_HANDLE, c_void_p, c_void_p]),
    "glissade_pipeline_rows": (c_int32, [_HANDLE, _HANDLE, c_void_p, c_void_p]),
    "glissade_record_rows_free": (None, [_HANDLE]),
    "glissade_record_rows_view": (None, [_HANDLE, c_void_p]),
    "glissade_record_rows_names": (c_void_p, [_HANDLE, POINTER(c_uint32)]),
    "glissade_record_rows_notes": (c_char_p, [_HANDLE]),
    "glissade_histories_init_sized": (None, [c_void_p, c_size_t]),
    "glissade_histories_order_tells": (c_int, [_HANDLE, c_void_p, c_void_p, c_void_p]),
    "glissade_history_rows_new": (c_int32, [_HANDLE, c_void_p, c_int, c_void_p]),
    "glissade_history_rows_free": (None, [_HANDLE]),
    "glissade_history_rows_view": (None, [_HANDLE, c_void_p, c_void_p]),
    "glissade_history_rows_never_repeat": (c_int, [_HANDLE]),
    "glissade_learner_options_init_sized": (None, [c_void_p, c_size_t]),
    "glissade_learner_load": (c_int32, [_HANDLE, c_char_p, c_void_p, c_void_p]),
    "glissade_learner_free": (None, [_HANDLE]),
    "glissade_learn_with_vectors": (c_int32, [_HANDLE, _HANDLE, c_void_p, c_void_p, c_void_p]),
    "glissade_add_labels": (c_int32, [_HANDLE, _HANDLE, c_uint32, POINTER(c_char_p), POINTER(c_uint32)]),
    "glissade_publish": (c_int32, [_HANDLE, _HANDLE, c_void_p]),
    "glissade_learner_save": (c_int32, [_HANDLE, _HANDLE, c_char_p]),
    "glissade_training_init_sized": (None, [c_void_p, c_size_t]),
    "glissade_train": (c_int32, [_HANDLE, c_void_p, c_void_p, c_void_p, c_void_p]),
    "glissade_model_load": (c_int32, [_HANDLE, c_char_p, c_int, c_void_p]),
    "glissade_model_free": (None, [_HANDLE]),
    "glissade_model_save": (c_int32, [_HANDLE, _HANDLE, c_char_p, c_int]),
    "glissade_model_snapshot": (c_int32, [_HANDLE, _HANDLE, c_void_p]),
    "glissade_model_info": (c_int32, [_HANDLE, _HANDLE, c_void_p]),
    "glissade_word_vectors": (c_int32, [_HANDLE, _HANDLE, c_void_p]),
    "glissade_model_data_notes": (c_char_p, [_HANDLE]),
    "glissade_model_options": (c_char_p, [_HANDLE, _HANDLE]),
    "glissade_explain_with_vectors": (c_int32, [_HANDLE, _HANDLE, c_void_p, c_void_p, c_uint32, c_void_p]),
    "glissade_explanation_free": (None, [_HANDLE]),
    "glissade_explanation_view": (None, [_HANDLE, c_void_p]),
}


def _load() -> ctypes.CDLL:
    path = pathlib.Path(__file__).with_name("libglissade.so")
    library = ctypes.CDLL(os.fspath(path))
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    if library.glissade_abi() != ABI:
        raise ImportError(f"{path} has interface {library.glissade_abi()}, this package needs {ABI}; install both from one version")
    return library


library = _load()
version: str = library.glissade_version().decode()


class Handle:
    """Something of the library that is freed when nobody has it any more."""

    def __init__(self, free: str, value: Optional[int]) -> None:
        self._free = getattr(library, free)
        self.value = value

    def __del__(self) -> None:
        value, self.value = getattr(self, "value", None), None
        if value:
            self._free(value)


class _Contexts(threading.local):
    """One context per thread, freed with it: where the library leaves its messages and keeps buffers."""

    handle: Optional[Handle] = None

    def get(self) -> int:
        if self.handle is None or self.handle.value is None:
            self.handle = Handle("glissade_context_free", library.glissade_context_new())
            if self.handle.value is None:
                raise MemoryError("no memory for a context")
        return self.handle.value


_contexts = _Contexts()


def context() -> int:
    """The context of this thread."""
    return _contexts.get()


def error_for(status: int, message: str) -> Exception:
    """The exception that a status and the line that came with it stand for."""
    if status == NOT_FOUND:
        return KeyError(message)
    lowered = message.lower()
    if "out of memory" in lowered or "needs about" in lowered and "available" in lowered:
        return MemoryError(message)
    if os.strerror(errno.ENOENT) in message or "there is no folder" in message:
        return FileNotFoundError(message)
    if status == USAGE:
        return ValueError(message)
    return RuntimeError(message)


def check(status: int) -> None:
    """Raise what a call that ended with `status` has to say."""
    if status != OK:
        raise error_for(status, library.glissade_error(context()).decode(errors="replace"))


def made(free: str, call: Any, *arguments: Any) -> Handle:
    """Call a function that makes a handle as its last argument."""
    out = c_void_p()
    check(call(context(), *arguments, ctypes.byref(out)))
    return Handle(free, out.value)


def strings(names: Any) -> ctypes.Array[c_char_p]:
    """An array of texts, ended by zeros each. A text with a zero in it is refused: it would be cut."""
    encoded = [str(name).encode() for name in names]
    for name in encoded:
        if b"\0" in name:
            raise ValueError(f"the name {name.decode()!r} has a zero character in it; leave it out")
    return (c_char_p * max(1, len(encoded)))(*encoded)
