"""The estimator with scikit-learn's face."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Optional, Union

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted, check_random_state, validate_data

from . import _answers as answers
from . import _library as lib
from . import _targets as targets
from . import _texts as texts
from ._dense import rows_without_features, vectors_of
from ._inputs import columns_of, fields_of, is_frame, is_texts, plain
from ._rows import RowView, check_arrays, features_of, labels_of, weights_of
from ._training import Interrupted, Progress, checked_names, progress_of, train
from .learner import Learner
from .model import MOST_K, Model, PathLike, Reason, TopK

ANSWERS = 100  # labels that predict() and predict_proba() look at where there are too many for all
PIPELINE = ("word_ngrams", "shortest_piece", "longest_piece", "stemmer", "columns_apart", "min_rows", "max_features")
Input = Union[RowView, texts.RecordRows]


class GlissadeClassifier(ClassifierMixin, BaseEstimator):
    """A network with a very wide output layer: one label per row, or many.

    Parameters
    ----------
    preset : str, optional
        A named set of options. Left out, the data choose one, as ``glissade train`` does.
    effort : {"quick", "default", "best"}, optional
        What the preset may cost.
    random_state : int, RandomState or None
        The seed. None is 1: the same data and options give the same model.
    n_jobs : int, optional
        Threads of the training. None and -1: all that the process may use.
    threshold : float, optional
        The least probability of a label that :meth:`predict` gives for rows with many labels. Left out, the model's own.
    progress : bool or callable, optional
        True shows a bar of ``tqdm``. A function is called with a :class:`Progress` a few times a second, from another thread;
        the training stops when it returns False.
    columns : dict of str to {"text", "categories", "numbers"}, optional
        What the columns of a DataFrame are. Left out, their types say it; a frame of numbers is a matrix.
    label_names, feature_names : list of str, optional
        Names of the columns of an indicator y and of a matrix X, such as ``vectorizer.get_feature_names_out()``. With both,
        labels' names are trained on, too, where they tell something.
    label_column : str
        What the model file calls the column of labels, for the command line.
    pipeline : dict, optional
        How texts become words: word_ngrams, shortest_piece, longest_piece, stemmer, columns_apart, min_rows, max_features.
    **options
        Options of ``glissade train`` (docs/options.md), with _ for -: ``epochs=10, hidden=256, learning_rate=0.02``.

    Attributes
    ----------
    classes_ : ndarray
        What the labels are: column i of a prediction stands for classes_[i].
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns of X, where it was a DataFrame.
    model_ : Model
        The model, by numbers of features and labels.
    history_ : list of Progress
        One entry for each epoch; `history_frame_` is the same as a DataFrame of pandas.

    Examples
    --------
    >>> from glissade import GlissadeClassifier
    >>> texts = ["red apple", "green apple", "red car", "blue car"] * 30
    >>> labels = [["fruit", "red"], ["fruit"], ["car", "red"], ["car"]] * 30
    >>> model = GlissadeClassifier(epochs=3).fit(texts, labels)
    >>> model.predict_topk(["a red apple"], k=2).labels.shape
    (1, 2)
    """

    def __init__(
        self,
        preset: Optional[str] = None,
        *,
        effort: Optional[str] = None,
        random_state: Any = None,
        n_jobs: Optional[int] = None,
        threshold: Optional[float] = None,
        progress: Union[bool, Callable[[Progress], Optional[bool]], None] = None,
        columns: Optional[Mapping[str, str]] = None,
        label_names: Optional[Sequence[str]] = None,
        feature_names: Optional[Sequence[str]] = None,
        label_column: str = "labels",
        pipeline: Optional[Mapping[str, Any]] = None,
        **options: Any,
    ) -> None:
        self.preset = preset
        self.effort = effort
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.threshold = threshold
        self.progress = progress
        self.columns = columns
        self.label_names = label_names
        self.feature_names = feature_names
        self.label_column = label_column
        self.pipeline = pipeline
        for name, value in options.items():
            setattr(self, name, value)

    # ------------------------------------------------------------------------------------------------ scikit-learn's protocol

    def _options(self) -> dict[str, Any]:
        """What was given as options of the library."""
        own = set(self._get_param_names())
        return {name: value for name, value in vars(self).items()
                if name not in own and not name.startswith("_") and not name.endswith("_") and name not in ("n_features_in", )}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters, options of the library among them."""
        return {**super().get_params(deep), **self._options()}

    def set_params(self, **params: Any) -> GlissadeClassifier:
        """Set parameters. A name that is none of the estimator's own is an option of the library, which fit() checks."""
        for name, value in params.items():
            if "__" in name or name.startswith("_") or name.endswith("_"):
                raise ValueError(f"Invalid parameter {name!r} for estimator {self}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.string = False
        tags.classifier_tags.multi_label = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __getstate__(self) -> Any:
        state = dict(super().__getstate__())
        if "model_" in state:
            model = self._whole_model()
            state["model_"] = (model.to_bytes(), model.trainable)
        state.pop("_learner", None)
        return state

    def __setstate__(self, state: Any) -> None:
        state = dict(state)
        if isinstance(state.get("model_"), tuple):
            content, trainable = state["model_"]
            state["model_"] = Model.from_bytes(content, for_training=trainable)
        super().__setstate__(state)

    # ------------------------------------------------------------------------------------------------------------- training

    def fit(self, X: Any, y: Any, sample_weight: Any = None, vectors: Any = None) -> GlissadeClassifier:
        """Train a new model.

        Parameters
        ----------
        X : CSR matrix, array, DataFrame, Arrow table, or list of texts
            CSR arrays of float32 and int32 are used where they lie; float64 and int64 are copied as these.
        y : CSR indicator, array of zeros and ones, list of lists of labels, or one label per row
            A list of lists is always of labels (numbers or names); an indicator is a matrix or an array.
        sample_weight : array of shape (rows,), optional
            How much each row counts, 0 or more: in what the network learns, as a neighbour of other rows, and where the parts
            of the model are weighed. The ratios count: a mean of 1 is made of them. Rows of 0 are left out.
        vectors : array of shape (rows, width), optional
            Dense vectors, such as sentence vectors, beside X; or alone, with None for X. Predictions then need them, too.

        Returns
        -------
        GlissadeClassifier
            Itself. KeyboardInterrupt stops the training within a second; what was trained so far is then in the estimator, and
            the interrupt goes on.
        """
        return self._fit(X, y, None, vectors, sample_weight)

    def _fit(
        self, X: Any, y: Any, known: Optional[npt.NDArray[Any]], vectors: Any = None, sample_weight: Any = None
    ) -> GlissadeClassifier:
        X, y = None if X is None else plain(X), plain(y)
        columns = None if X is None else columns_of(X, self.columns)
        matrix = self._matrix(X, reset=True) if columns is None and X is not None else None  # first what is wrong with X
        wanted = targets.targets_of(y, self._known_classes(y, known))
        names = wanted.names()
        if columns is None:
            rows: Input = rows_without_features(vectors) if X is None else features_of(matrix)
            if X is None:
                self.n_features_in_ = 0
            feature_names, feature_count, notes = self._feature_texts(rows.columns), rows.columns, None
        else:
            self.n_features_in_ = len(columns.names)
            if len(columns.names) > 1:
                self.feature_names_in_ = np.array(columns.names, object)
            rows = texts.fit(fields_of(X, columns.names), columns, names or [], self._pipeline_options())
            feature_names, feature_count, notes = rows.names, rows.columns, rows.notes(self.label_column)
        check_consistent_length(np.empty((rows.rows, 0)), wanted.indicator)
        weights = weights_of(sample_weight, rows.rows)
        self._columns = columns
        try:
            handle, history = train(
                rows, labels_of(wanted.indicator), preset=self.preset, effort=self.effort, options=self._training_options(),
                label_names=names, feature_names=feature_names, feature_count=feature_count, data_notes=notes,
                progress=progress_of(self.progress), vectors=vectors_of(vectors, rows.rows), weights=weights)
        except Interrupted as stopped:
            if stopped.model is not None:
                self._take(stopped.model, wanted, [])
            raise KeyboardInterrupt from None
        self._take(handle, wanted, history)
        return self

    @property
    def history_frame_(self) -> Any:
        """`history_` as a DataFrame of pandas, an epoch a row."""
        check_is_fitted(self)
        return answers.history_frame(self.history_)

    def _known_classes(self, y: Any, known: Optional[npt.NDArray[Any]]) -> Optional[npt.NDArray[Any]]:
        if self.label_names is None or known is not None:
            return known
        if not (sp.issparse(y) or getattr(y, "ndim", 1) == 2):
            raise ValueError("label_names are for an indicator y; lists of labels bring their own names")
        return np.array([str(name) for name in self.label_names])

    def _feature_texts(self, count: int) -> Any:
        return None if self.feature_names is None else lib.strings(checked_names(self.feature_names, count, "feature_names", "X"))

    def _take(self, handle: lib.Handle, wanted: targets.Targets, history: list[Progress]) -> None:
        self.model_ = Model(handle)
        self.classes_, self._kind = wanted.classes, wanted.kind
        self.history_ = history
        self.__dict__.pop("_learner", None)

    def _training_options(self) -> dict[str, Any]:
        options = {name: value for name, value in self._options().items() if value is not None}
        if self.random_state is not None:
            seed = self.random_state
            options["seed"] = int(seed) if isinstance(seed, (int, np.integer)) else int(check_random_state(seed).randint(1, 2**31))
        if self._threads():
            options["threads"] = self._threads()
        return options

    def _threads(self) -> int:
        return 0 if self.n_jobs is None or self.n_jobs < 0 else int(self.n_jobs)

    def _pipeline_options(self) -> dict[str, Any]:
        options = dict(self.pipeline or {})
        for name in options:
            if name not in PIPELINE:
                raise ValueError(f"pipeline has {name!r}, which does not exist; choose of {', '.join(PIPELINE)}")
        return options

    def partial_fit(self, X: Any, y: Any, classes: Any = None, vectors: Any = None) -> GlissadeClassifier:
        """Go on learning from rows, as events that come in (``glissade/learner.h``). The first call trains a model.

        Parameters
        ----------
        X, y : as in :meth:`fit`
        classes : array-like, optional
            All labels that there will be, for the first call. Labels that come later are added.
        vectors : as in :meth:`fit`

        Returns
        -------
        GlissadeClassifier
        """
        if not hasattr(self, "model_"):
            return self._fit(X, y, None if classes is None else np.asarray(classes), vectors)
        wanted = targets.targets_of(plain(y), self.classes_, grows=True)
        rows = self._input(X, vectors)
        check_consistent_length(np.empty((rows.rows, 0)), wanted.indicator)
        learner: Optional[Learner] = getattr(self, "_learner", None)
        if learner is None:
            learner = Learner.of(self._whole_model(), threads=self._threads())
        more = len(wanted.classes) - len(self.classes_)
        if more > 0:
            named = self.model_.label_name(0) is not None
            learner.add_labels(more, [str(one) for one in wanted.classes[-more:]] if named else None)
        learner.learn(rows, labels_of(wanted.indicator), vectors)
        self._learner, self.model_, self.classes_ = learner, learner.model(), wanted.classes
        return self

    def _whole_model(self) -> Model:
        """The model as one that can be saved."""
        learner: Optional[Learner] = getattr(self, "_learner", None)
        return self.model_ if learner is None else learner.saved()

    # ---------------------------------------------------------------------------------------------------------------- input

    def _matrix(self, X: Any, reset: bool) -> Any:
        check_arrays(X, "X")
        return validate_data(self, X, accept_sparse="csr", dtype=[np.float32, np.float64], reset=reset)

    def _input(self, X: Any, vectors: Any = None) -> Input:
        """Rows for the model that there is."""
        check_is_fitted(self)
        if X is None:
            return rows_without_features(vectors)
        X = plain(X)
        columns: Optional[texts.Columns] = self._columns
        if columns is None:
            return features_of(self._matrix(X, reset=False))
        if not is_texts(X) and not is_frame(X):
            raise ValueError(f"the model was trained on records with the columns {', '.join(columns.names)}; give texts or a DataFrame")
        return self.model_.pipeline.rows(fields_of(X, columns.names))

    # -------------------------------------------------------------------------------------------------------------- answers

    def predict_topk(
        self,
        X: Any,
        k: int = 5,
        *,
        probabilities: bool = True,
        search: str = "automatic",
        only: Any = None,
        exclude: Any = None,
        vectors: Any = None,
    ) -> TopK:
        """The best `k` labels of each row, best first.

        Parameters
        ----------
        X : as in :meth:`fit`
        k : int, default=5
            1 to 1000.
        probabilities : bool, default=True
            Else scores.
        search : {"automatic", "exact", "tables", "learned"}
            Which labels are scored.
        only : array-like of labels, optional
            The labels that may be answers.
        exclude : CSR indicator of shape (rows, n_classes), optional
            Labels that are no answers of their row.
        vectors : as in :meth:`fit`

        Returns
        -------
        TopK
            Labels of `classes_`, and scores.
        """
        rows = self._input(X, vectors)
        numbers = None if only is None else self._numbers_of(only)
        found = self.model_.top_k(rows, k, probabilities=probabilities, search=search, only=numbers, exclude=exclude,
                                  vectors=vectors)
        return TopK(self._labels_of(found.labels), found.scores)

    def _labels_of(self, numbers: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
        if not (numbers < 0).any():
            return self.classes_[numbers]
        if self.classes_.dtype.kind in "iu":
            return np.where(numbers < 0, -1, self.classes_[numbers])
        return np.where(numbers < 0, None, self.classes_.astype(object)[numbers])

    def _numbers_of(self, labels: Any) -> list[int]:
        places = {label: place for place, label in enumerate(self.classes_.tolist())}
        try:
            return [places[label] for label in np.asarray(labels).tolist()]
        except KeyError as unknown:
            raise ValueError(f"only names {unknown}, which is no class of the model") from None

    def predict(self, X: Any, vectors: Any = None) -> Any:
        """The label of each row; or an indicator matrix, of a model of many labels per row.

        Returns
        -------
        ndarray of shape (rows,), or CSR matrix or array of shape (rows, n_classes)
            Labels of at least the probability `threshold`, at most 100 per row. A model without a calibration gives the best one.
        """
        rows = self._input(X, vectors)
        if self._kind == targets.ONE:
            return self.classes_[self.model_.top_k(rows, 1, probabilities=False, vectors=vectors).labels[:, 0]]
        threshold = self.threshold if self.threshold is not None else self._own_threshold()
        found = self.model_.top_k(rows, 1 if threshold is None else min(ANSWERS, len(self.classes_)), vectors=vectors)
        given = found.labels >= 0
        if threshold is not None:
            given &= found.scores >= threshold
        return answers.matrix_of(found.labels, given, given[given].astype(np.int64), self._shape_of_answers())

    def _shape_of_answers(self) -> tuple[int, bool]:
        return len(self.classes_), self._kind == targets.DENSE

    def _own_threshold(self) -> Optional[float]:
        return None if getattr(self, "_learner", None) is not None else self.model_.threshold

    def predict_proba(self, X: Any, k: Optional[int] = None, vectors: Any = None) -> Any:
        """Probabilities of labels.

        Parameters
        ----------
        X : as in :meth:`fit`
        k : int, optional
            Labels per row of a sparse answer; default 100.

        Returns
        -------
        ndarray of shape (rows, n_classes)
            With one label per row and up to 1000 classes; rows sum to 1.
        CSR matrix of shape (rows, n_classes)
            Else: the best `k` labels of each row (an array where the model was fitted to one). A probability is that of the label
            to apply, whatever others do.
        """
        rows = self._input(X, vectors)
        count = len(self.classes_)
        if self._kind == targets.ONE and count <= MOST_K and k is None:
            found = self.model_.top_k(rows, count, search="exact", vectors=vectors)
            dense = answers.dense_of(found, count, 0.0)
            sums = dense.sum(axis=1, keepdims=True)
            return np.divide(dense, sums, out=np.full_like(dense, 1 / count), where=sums > 0)
        found = self.model_.top_k(rows, min(count, k or (MOST_K if self._kind == targets.DENSE else ANSWERS), MOST_K),
                                  vectors=vectors)
        given = found.labels >= 0
        return answers.matrix_of(found.labels, given, found.scores[given], self._shape_of_answers())

    def decision_function(self, X: Any, candidates: Any = None, vectors: Any = None) -> Any:
        """Scores, comparable within a row.

        Parameters
        ----------
        X : as in :meth:`fit`
        candidates : CSR indicator of shape (rows, n_classes), optional
            The labels to score. Needed with more than 1000 classes.
        vectors : as in :meth:`fit`

        Returns
        -------
        CSR matrix with the scores of the candidates; without them an ndarray of shape (rows, n_classes), or (rows,) of two classes
        """
        rows = self._input(X, vectors)
        if candidates is not None:
            asked = labels_of(candidates)
            scores = self.model_.score(rows, candidates, vectors)
            return sp.csr_matrix((scores, asked.ids.view(np.int32), asked.offsets.view(np.int64)), shape=(asked.rows, len(self.classes_)))
        if len(self.classes_) > MOST_K:
            raise ValueError(f"decision_function of {len(self.classes_)} classes needs candidates; predict_topk finds the best ones")
        found = self.model_.top_k(rows, len(self.classes_), search="exact", probabilities=False, vectors=vectors)
        dense = answers.dense_of(found, len(self.classes_), -np.inf)
        if self._kind == targets.ONE and len(self.classes_) == 2:
            return dense[:, 1] - dense[:, 0]
        return dense

    def score(self, X: Any, y: Any, sample_weight: Any = None, vectors: Any = None) -> float:
        """P@1: the share of rows whose best label is one of theirs (accuracy, of one label per row). Rows without labels are left out."""
        rows = self._input(X, vectors)
        places = targets.indicator_of(plain(y), self.classes_)
        check_consistent_length(np.empty((rows.rows, 0)), places)
        best = self.model_.top_k(rows, 1, probabilities=False, vectors=vectors).labels[:, 0]
        right = np.asarray(places[np.arange(rows.rows), np.maximum(best, 0)]).ravel() * (best >= 0)
        weights = np.ones(rows.rows) if sample_weight is None else np.asarray(sample_weight, float)
        if not isinstance(y, np.ndarray) or y.ndim != 1:
            weights = weights * (np.diff(places.indptr) > 0 if self._kind != targets.ONE else 1)
        return float(np.average(right, weights=weights)) if weights.sum() else 0.0

    def explain(self, X: Any, k: int = 5, vectors: Any = None) -> list[Reason]:
        """Why the `k` best labels of one row are its answers. Features and labels by name where they have names.

        Parameters
        ----------
        X : one row, as in :meth:`fit`
        k : int, default=5
        vectors : as in :meth:`fit`, of one row

        Returns
        -------
        list of Reason
        """
        rows = self._input(X, vectors)
        model = self._whole_model()
        reasons = []
        for reason in model.explain(rows, k, vectors):
            features = [(self._feature(model, feature), by, by_score) for feature, by, by_score in reason.features]
            reasons.append(reason._replace(label=self.classes_[reason.label].item(), features=features))
        return reasons

    def _feature(self, model: Model, feature: int) -> Any:
        if self._columns is None and hasattr(self, "feature_names_in_"):
            return self.feature_names_in_[feature]
        return model.feature_name(feature) or feature

    # ---------------------------------------------------------------------------------------------------------------- files

    def save(self, path: PathLike, *, training_state: bool = True) -> None:
        """Write the model file, which ``glissade`` and :meth:`load` read.

        Parameters
        ----------
        path : str or path
        training_state : bool, default=True
            Keep what further training needs; without it the file is smaller.
        """
        check_is_fitted(self)
        self._whole_model().save(path, training_state=training_state)

    @classmethod
    def load(cls, path: PathLike) -> GlissadeClassifier:
        """An estimator of a model file. Its weights are mapped: processes that load one file share its memory.

        Labels are the names of the file, or numbers. The estimator takes every row to have many labels.
        """
        if not pathlib.Path(path).exists():
            raise FileNotFoundError(f"there is no model file {os.fspath(path)!r}")
        estimator = cls()
        estimator.model_ = model = Model.load(path)
        names = model.label_names()
        estimator.classes_ = np.arange(model.n_labels) if names is None else np.array(names)
        estimator._kind, estimator.history_ = targets.SPARSE, []
        estimator._columns = None
        estimator.n_features_in_ = model.n_features
        try:
            columns = model.pipeline.names
        except ValueError:  # rows of ids
            return estimator
        estimator._columns = texts.Columns(columns, ["text"] * len(columns))
        estimator.n_features_in_ = len(columns)
        return estimator
