"""A trained model: answering, explaining, saving."""

from __future__ import annotations

import ctypes
import os
import pathlib
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _library as lib
from ._dense import pointer_of, rows_without_features, vectors_of
from ._histories import HistoryRows
from ._inputs import fields_of, is_frame, is_texts, plain
from ._rows import RowView, features_of, labels_of, matrix_of, weights_of
from ._texts import Pipeline, RecordRows
from ._training import Interrupted, ProgressCallback, checked_names, progress_of
from ._training import train as run_training

SEARCHES = {"automatic": 0, "exact": 1, "tables": 2, "learned": 3}
SPEAKERS = ("hidden", "sparse-rows", "neighbours", "names", "co-labels", "prior")
ROWS_AT_ONCE = 16384  # between two looks at whether somebody wants to interrupt
MOST_K = 1000


class TopK(NamedTuple):
    """The best labels of each row.

    Attributes
    ----------
    labels : ndarray of shape (rows, k)
        Best first. Places without an answer have the number -1, or None among names.
    scores : ndarray of shape (rows, k), float32
        Their scores or probabilities; -inf at places without an answer.
    """

    labels: npt.NDArray[Any]
    scores: npt.NDArray[np.float32]


class Reason(NamedTuple):
    """Why a label is an answer (``glissade/explain.h``).

    Attributes
    ----------
    label : Any
        The label.
    score, probability, base : float
        `score` is `base` plus the sum of `shares`.
    shares : dict of str to float
        What each part of the model adds to the score.
    features : list of (int or str, float, float)
        Feature, what it adds to the log of the label's share among the candidates, and what it adds to the score.
    neighbours : list of (int, float)
        Training rows with the label that are like the row, and how much; numbers from 0 among the rows that were trained on.
    """

    label: Any
    score: float
    probability: float
    base: float
    shares: dict[str, float]
    features: list[tuple[Any, float, float]]
    neighbours: list[tuple[int, float]]


PathLike = Union[str, "os.PathLike[str]"]
Rows = Union[RowView, RecordRows, HistoryRows]


class Model:
    """A model of the library, by numbers of features and labels. Immutable; its methods may be called from many threads.

    Made by :meth:`train`, :meth:`load` and the estimators.
    """

    def __init__(self, handle: Optional[lib.Handle], snapshot: Optional[lib.Handle] = None) -> None:
        self._handle = handle
        if snapshot is None:
            assert handle is not None
            snapshot = lib.made("glissade_snapshot_free", lib.library.glissade_model_snapshot, handle.value)
        self._snapshot = snapshot
        info = lib.Info(size=ctypes.sizeof(lib.Info))
        lib.check(lib.library.glissade_snapshot_info(lib.context(), snapshot.value, ctypes.byref(info)))
        self.n_features: int = info.features
        self.n_labels: int = info.labels
        self.width: int = info.width
        self.vector_width: int = info.vector_width
        self.training_samples: int = info.training_samples
        self._pipeline: Optional[Pipeline] = None

    @classmethod
    def train(
        cls,
        X: Any,
        Y: Any,
        *,
        preset: Optional[str] = None,
        effort: Optional[str] = None,
        label_names: Optional[Sequence[str]] = None,
        feature_names: Optional[Sequence[str]] = None,
        sample_weight: Any = None,
        vectors: Any = None,
        progress: Union[bool, ProgressCallback, None] = None,
        **options: Any,
    ) -> Model:
        """Train a model on matrices. The rows are lent; beside them it takes the memory of ``glissade train``, and no scikit-learn.

        Parameters
        ----------
        X : CSR matrix or array of shape (rows, features), or None
            CSR arrays of float32 and int32 are used where they lie. None is for `vectors` alone.
        Y : CSR indicator or array of shape (rows, labels)
            What is not 0 applies.
        preset : str, optional
            A named set of options. Left out, the data choose one.
        effort : {"quick", "default", "best"}, optional
        label_names, feature_names : list of str, optional
            Names of the columns of Y and X. With both, labels' names are trained on, too, where they tell something.
        sample_weight : array of shape (rows,), optional
            How much each row counts; the ratios count.
        vectors : array of shape (rows, width), optional
            Dense vectors beside X.
        progress : bool or callable, optional
            As in :class:`GlissadeClassifier`. Where a function returns False, the model is what was trained until then.
        **options
            Options of ``glissade train`` (docs/options.md), with _ for -: ``epochs=10, seed=1, threads=2``.

        Returns
        -------
        Model
            With its training state. KeyboardInterrupt stops the training within a second, and leaves no model.
        """
        rows = rows_without_features(vectors) if X is None else features_of(matrix_of(X, "X"))
        labels = labels_of(matrix_of(Y, "Y"))
        if labels.rows != rows.rows:
            raise ValueError(f"Y has {labels.rows} rows, X has {rows.rows}; give one for each")
        features = None if feature_names is None else checked_names(feature_names, rows.columns, "feature_names", "X")
        try:
            handle, _ = run_training(
                rows, labels, preset=preset, effort=effort, options={name: one for name, one in options.items() if one is not None},
                label_names=None if label_names is None else checked_names(label_names, labels.columns, "label_names", "Y"),
                feature_names=None if features is None else lib.strings(features), feature_count=rows.columns, data_notes=None,
                progress=progress_of(progress), vectors=vectors_of(vectors, rows.rows), weights=weights_of(sample_weight, rows.rows))
        except Interrupted:
            raise KeyboardInterrupt from None
        return cls(handle)

    @classmethod
    def load(cls, path: PathLike, *, for_training: bool = False) -> Model:
        """Read a model file.

        Parameters
        ----------
        path : str or path
            A file of ``glissade train``, or of :meth:`save`.
        for_training : bool, default=False
            Read the training state, too. Else the weights are mapped: processes that load one file share its memory.

        Returns
        -------
        Model
        """
        name = os.fsencode(path)
        return cls(lib.made("glissade_model_free", lib.library.glissade_model_load, name, int(for_training)))

    def save(self, path: PathLike, *, training_state: bool = True) -> None:
        """Write a model file; `path` is then either the old file or the whole new one.

        Parameters
        ----------
        path : str or path
        training_state : bool, default=True
            Keep what ``partial_fit`` and ``glissade train --resume`` need, if the model has it.
        """
        if self._handle is None:
            raise RuntimeError("a snapshot of a learner cannot be saved; save the estimator")
        lib.check(lib.library.glissade_model_save(lib.context(), self._handle.value, os.fsencode(path), int(training_state)))

    def to_bytes(self) -> bytes:
        """The content of the model file."""
        with tempfile.TemporaryDirectory(prefix="glissade-") as folder:
            path = pathlib.Path(folder) / "model.glsd"
            self.save(path)
            return path.read_bytes()

    @classmethod
    def from_bytes(cls, content: bytes, *, for_training: bool = True) -> Model:
        """The model of the content of a file."""
        with tempfile.TemporaryDirectory(prefix="glissade-") as folder:
            path = pathlib.Path(folder) / "model.glsd"
            path.write_bytes(content)
            return cls.load(path, for_training=for_training)

    def _facts(self) -> lib.Facts:
        if self._handle is None:
            raise RuntimeError("a snapshot of a learner knows no options; save and load it")
        facts = lib.Facts(size=ctypes.sizeof(lib.Facts))
        lib.check(lib.library.glissade_model_info(lib.context(), self._handle.value, ctypes.byref(facts)))
        return facts

    @property
    def epochs_done(self) -> int:
        """How many whole passes over the data were made; fewer than asked for if training was stopped."""
        return int(self._facts().epochs_done)

    @property
    def trainable(self) -> bool:
        """Whether the model has its training state."""
        return bool(self._facts().trainable)

    @property
    def threshold(self) -> Optional[float]:
        """The least probability of labels that are worth giving (best F1 on held-out rows), of a model with a calibration."""
        value = float(self._facts().threshold)
        return value if value >= 0 else None

    @property
    def options(self) -> dict[str, str]:
        """All options of the model, as the command line names them."""
        assert self._handle is not None
        text = lib.library.glissade_model_options(lib.context(), self._handle.value)
        if text is None:
            raise MemoryError("no memory for the options of the model")
        return dict(line.split(" = ", 1) for line in text.decode().splitlines())

    @property
    def handle(self) -> Optional[int]:
        """The library's handle of a model that is whole."""
        return None if self._handle is None else self._handle.value

    def data_notes(self) -> str:
        """What the model file says of how its rows are made, a line each."""
        assert self._handle is not None
        return bytes(lib.library.glissade_model_data_notes(self._handle.value)).decode(errors="replace")

    def label_name(self, label: int) -> Optional[str]:
        """The name of a label, or None where labels have no names."""
        return self._name(lib.library.glissade_label_name, label)

    def feature_name(self, feature: int) -> Optional[str]:
        """The name of a feature, or None where features have no names."""
        return self._name(lib.library.glissade_feature_name, feature)

    def _name(self, call: Any, number: int) -> Optional[str]:
        length = ctypes.c_size_t()
        text = call(self._snapshot.value, number, ctypes.byref(length))
        return ctypes.string_at(text, length.value).decode(errors="replace") if text and length.value else None

    def label_names(self) -> Optional[list[str]]:
        """The names of all labels, or None where they have none."""
        names = [self.label_name(label) or "" for label in range(self.n_labels)] if self.n_labels and self.label_name(0) else []
        return names or None

    @property
    def pipeline(self) -> Pipeline:
        """What turns records into rows, of a model that was trained on texts."""
        if self._pipeline is None:
            self._pipeline = Pipeline(self._snapshot)
        return self._pipeline

    def top_k(
        self,
        X: Any,
        k: int = 5,
        *,
        probabilities: bool = True,
        search: str = "automatic",
        only: Optional[Iterable[int]] = None,
        exclude: Any = None,
        vectors: Any = None,
    ) -> TopK:
        """The best labels of each row, by number.

        Parameters
        ----------
        X : CSR matrix or array of shape (rows, n_features), or list of texts or DataFrame as the model was trained on, or None
            None is for a model of vectors alone.
        k : int, default=5
            Labels per row, 1 to 1000.
        probabilities : bool, default=True
            Probabilities instead of scores.
        search : {"automatic", "exact", "tables", "learned"}
            Which labels are scored, see ``glissade/model.h``.
        only : iterable of int, optional
            The labels that may be answers.
        exclude : CSR matrix of shape (rows, n_labels), optional
            Labels that are no answers of their row.
        vectors : array of shape (rows, vector_width), optional
            Dense vectors beside X, for a model that was trained with some.

        Returns
        -------
        TopK
        """
        if not isinstance(k, (int, np.integer)) or not 1 <= k <= MOST_K:
            raise ValueError(f"k is {k!r}; allowed: whole numbers from 1 to {MOST_K}")
        if search not in SEARCHES:
            raise ValueError(f"search {search!r} does not exist; choose one of {', '.join(SEARCHES)}")
        rows = self._rows(X, vectors)
        excluded = None if exclude is None else labels_of(exclude)
        if excluded is not None and excluded.rows != rows.rows:
            raise ValueError(f"exclude has {excluded.rows} rows, X has {rows.rows}; give one for each")
        dense = vectors_of(vectors, rows.rows)
        permitted = None if only is None else self._filter(only)
        query = lib.Query()
        lib.library.glissade_query_init_sized(ctypes.byref(query), ctypes.sizeof(query))
        query.k, query.search, query.probabilities = int(k), SEARCHES[search], int(probabilities)
        query.filter = None if permitted is None else permitted.value
        labels = np.empty((rows.rows, k), np.uint32)
        scores = np.empty((rows.rows, k), np.float32)
        for begin in range(0, rows.rows, ROWS_AT_ONCE):
            end = min(rows.rows, begin + ROWS_AT_ONCE)
            part = rows.part(begin, end)
            if excluded is not None:
                without = excluded.part(begin, end)
                query.excluded = ctypes.cast(ctypes.pointer(without), ctypes.c_void_p)
            if dense is not None:
                beside = dense.part(begin, end)
                query.vectors = ctypes.cast(ctypes.pointer(beside), ctypes.c_void_p)
            lib.check(lib.library.glissade_top_k(lib.context(), self._snapshot.value, ctypes.byref(part), ctypes.byref(query),
                                                 labels[begin:end].ctypes.data, scores[begin:end].ctypes.data))
        return TopK(labels.view(np.int32), scores)

    def _rows(self, X: Any, vectors: Any) -> Rows:
        return rows_without_features(vectors) if X is None else self.rows_of(X)

    def rows_of(self, X: Any) -> Rows:
        """What this model takes for a row, of a matrix; or of texts or a DataFrame, by the pipeline of a model that was trained on such."""
        X = plain(X)
        if is_texts(X) or is_frame(X):
            return self.pipeline.rows(fields_of(X, self.pipeline.names))
        rows = X if isinstance(X, (RowView, RecordRows, HistoryRows)) else features_of(X)
        if isinstance(rows, RowView) and rows.columns > self.n_features:
            raise ValueError(f"X has {rows.columns} features, the model {self.n_features}; give as many")
        return rows

    def _filter(self, only: Iterable[int]) -> lib.Handle:
        numbers = np.asarray(list(only), np.int64)
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= self.n_labels):
            raise ValueError(f"only names a label beyond 0 .. {self.n_labels - 1}")
        permitted = lib.Handle("glissade_filter_free", lib.library.glissade_filter_new(self.n_labels, 0))
        chosen = numbers.astype(np.uint32)
        lib.library.glissade_filter_set(permitted.value, chosen.ctypes.data, len(chosen), 1)
        return permitted

    def score(self, X: Any, candidates: Any, vectors: Any = None) -> npt.NDArray[np.float32]:
        """Scores of given labels, comparable within a row.

        Parameters
        ----------
        X : CSR matrix or array of shape (rows, n_features)
        candidates : CSR matrix of shape (rows, n_labels)
            What is not 0 is scored.
        vectors : as in :meth:`top_k`

        Returns
        -------
        ndarray of float32
            One score for each entry of `candidates`, in the order of its CSR form.
        """
        rows, asked = self._rows(X, vectors), labels_of(candidates)
        beside = pointer_of(vectors_of(vectors, rows.rows))
        if asked.rows != rows.rows:
            raise ValueError(f"candidates has {asked.rows} rows, X has {rows.rows}; give one for each")
        if asked.columns > self.n_labels:
            raise ValueError(f"candidates has {asked.columns} labels, the model {self.n_labels}; give as many")
        scores = np.empty(int(asked.offsets[-1]) if len(asked.offsets) else 0, np.float32)
        if len(scores):
            lib.check(lib.library.glissade_score_with_vectors(lib.context(), self._snapshot.value, rows.pointer, beside, asked.pointer,
                                                              scores.ctypes.data))
        return scores

    def encode(self, X: Any, vectors: Any = None) -> npt.NDArray[np.float32]:
        """The last hidden layer's outputs, of shape (rows, width); X and `vectors` as in :meth:`top_k`."""
        rows = self._rows(X, vectors)
        beside = pointer_of(vectors_of(vectors, rows.rows))
        hidden = np.empty((rows.rows, self.width), np.float32)
        if rows.rows:
            lib.check(lib.library.glissade_encode_with_vectors(lib.context(), self._snapshot.value, rows.pointer, beside,
                                                               hidden.ctypes.data))
        return hidden

    def label_vectors(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Vectors of shape (n_labels, width) and biases of all labels: a label's logit is bias + vector . encode(row)."""
        vectors = np.empty((self.n_labels, self.width), np.float32)
        bias = np.empty(self.n_labels, np.float32)
        lib.check(lib.library.glissade_label_vectors(lib.context(), self._snapshot.value, vectors.ctypes.data, bias.ctypes.data))
        return vectors, bias

    def explain(self, X: Any, k: int = 5, vectors: Any = None) -> list[Reason]:
        """Why the `k` best labels of one row are its answers.

        Parameters
        ----------
        X : CSR matrix or array of shape (1, n_features)
        k : int, default=5
        vectors : array of shape (1, vector_width), optional
            The row's vector, which is a reason of the speaker "hidden".

        Returns
        -------
        list of Reason
            Best label first, by number.
        """
        if self._handle is None:
            raise RuntimeError("a snapshot of a learner explains nothing; save and load it")
        rows = self._rows(X, vectors)
        beside = pointer_of(vectors_of(vectors, rows.rows))
        handle = lib.made("glissade_explanation_free", lib.library.glissade_explain_with_vectors, self._handle.value, rows.pointer, beside,
                          k)
        raw = lib.Reasons(size=ctypes.sizeof(lib.Reasons))
        lib.library.glissade_explanation_view(handle.value, ctypes.byref(raw))
        reasons = []
        for i in range(raw.labels):
            features = [(raw.feature[j], raw.by[j], raw.by_score[j])
                        for j in range(raw.feature_offsets[i], raw.feature_offsets[i + 1])]
            neighbours = [(raw.neighbour[j], raw.likeness[j])
                          for j in range(raw.neighbour_offsets[i], raw.neighbour_offsets[i + 1])]
            shares = dict(zip(SPEAKERS, raw.shares[6 * i : 6 * i + 6]))
            reasons.append(Reason(raw.label[i], raw.score[i], raw.probability[i], raw.base[i], shares, features, neighbours))
        return reasons
