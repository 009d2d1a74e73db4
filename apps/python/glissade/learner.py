"""Learning that goes on, from events that come in."""

from __future__ import annotations

import ctypes
import os
import pathlib
import tempfile
from typing import Any, Optional

from . import _library as lib
from ._dense import pointer_of, rows_without_features, vectors_of
from ._rows import RowView, labels_of
from .model import Model, PathLike


class Learner:
    """A model that goes on learning (``glissade/learner.h``): all its parts learn, and labels can be added. One thread at a time.

    Made by :meth:`load` and :meth:`of`.
    """

    def __init__(self, handle: lib.Handle) -> None:
        self._handle = handle
        self._first: Optional[Model] = None

    @classmethod
    def load(cls, path: PathLike, *, threads: int = 0) -> Learner:
        """Read a model file that has its training state.

        Parameters
        ----------
        path : str or path
        threads : int, default=0
            0: all that the process may use.
        """
        options = lib.LearnerOptions()
        lib.library.glissade_learner_options_init_sized(ctypes.byref(options), ctypes.sizeof(options))
        options.threads = threads
        return cls(lib.made("glissade_learner_free", lib.library.glissade_learner_load, os.fsencode(path), ctypes.byref(options)))

    @classmethod
    def of(cls, model: Model, *, threads: int = 0) -> Learner:
        """A learner that begins as a copy of `model`."""
        with tempfile.TemporaryDirectory(prefix="glissade-") as folder:
            path = pathlib.Path(folder) / "model.glsd"
            model.save(path)
            return cls.load(path, threads=threads)

    def learn(self, X: Any, Y: Any, vectors: Any = None) -> None:
        """Learn from rows, and from none of them if one is illegal.

        Parameters
        ----------
        X : as in :meth:`Model.top_k`
        Y : CSR indicator of shape (rows, n_labels)
        vectors : as in :meth:`Model.top_k`
        """
        self._first = self._first or self.model()  # features stay as they are
        features = rows_without_features(vectors) if X is None else self._first.rows_of(X)
        beside = pointer_of(vectors_of(vectors, features.rows))
        labels = Y if isinstance(Y, RowView) else labels_of(Y)
        if features.rows != labels.rows:
            raise ValueError(f"X has {features.rows} rows, Y has {labels.rows}; give one for each")
        lib.check(lib.library.glissade_learn_with_vectors(lib.context(), self._handle.value, features.pointer, beside, labels.pointer))

    def add_labels(self, count: int, names: Optional[list[str]] = None) -> None:
        """Put new labels behind the others, with names for a model whose labels have them."""
        first = ctypes.c_uint32()
        array = None if names is None else lib.strings(names)
        lib.check(lib.library.glissade_add_labels(lib.context(), self._handle.value, count, array, ctypes.byref(first)))

    def model(self) -> Model:
        """A snapshot of what has been learned."""
        return Model(None, lib.made("glissade_snapshot_free", lib.library.glissade_publish, self._handle.value))

    def save(self, path: PathLike) -> None:
        """Write all that was learned as a model file, with its training state."""
        lib.check(lib.library.glissade_learner_save(lib.context(), self._handle.value, os.fsencode(path)))

    def saved(self) -> Model:
        """All that was learned as a model of its own."""
        with tempfile.TemporaryDirectory(prefix="glissade-") as folder:
            path = pathlib.Path(folder) / "model.glsd"
            self.save(path)
            return Model.load(path, for_training=True)
