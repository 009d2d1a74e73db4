"""The backend: Annif's projects trained, asked and taught by Glissade."""

from __future__ import annotations

import contextlib
import itertools
import os.path
from collections.abc import Iterator
from typing import Any

import annif.util
import numpy as np
from annif.backend import backend, mixins
from annif.exception import ConfigurationException, NotInitializedException, NotSupportedException, OperationFailedException
from annif.suggestion import SuggestionBatch
from scipy.sparse import csr_array

from glissade import GlissadeClassifier, Learner, Model

from . import corpus as documents

ANNIF_KEYS = {"name", "language", "backend", "analyzer", "vocab", "access", "transform", "limit", "allow_learn", "input_limit"}
WORDS = {"word_ngrams": int, "shortest_piece": int, "longest_piece": int, "stemmer": str, "min_rows": int, "max_features": int}
LEARN_AT_ONCE = 1000
MOST_ANSWERS = 1000


@contextlib.contextmanager
def _annif_errors(backend_id: str) -> Iterator[None]:
    """What the library refuses, as one line of Annif."""
    try:
        yield
    except ValueError as error:
        raise ConfigurationException(str(error), backend_id=backend_id) from error
    except (MemoryError, OSError, RuntimeError) as error:
        raise OperationFailedException(str(error), backend_id=backend_id) from error


class GlissadeBackend(mixins.TfidfVectorizerMixin, backend.AnnifLearningBackend):
    """Glissade's networks for Annif. README.md has the parameters."""

    name = "glissade"
    MODEL_FILE = "glissade-model.glsd"
    DEFAULT_PARAMETERS = {"features": "words", "subject_names": True, "ngram": 1, "min_df": 1}

    _model: Model | None = None
    _active: tuple[Any, int, list[int]] | None = None  # a vocabulary, the model's labels, those that may be suggested

    # --------------------------------------------------------------------------------------------------------------- training

    def _options(self, params: dict[str, Any]) -> dict[str, Any]:
        """What is neither Annif's nor named above is an option of ``glissade train``."""
        own = ANNIF_KEYS | set(WORDS) | set(self.DEFAULT_PARAMETERS)
        return {name: value for name, value in params.items() if name not in own}

    def _words(self, params: dict[str, Any]) -> dict[str, Any]:
        """How texts become words."""
        return {name: kind(params[name]) for name, kind in WORDS.items() if name in params}

    def _analyzed(self, params: dict[str, Any]) -> bool:
        if params["features"] not in ("words", "analyzer"):
            raise ConfigurationException(f"features={params['features']}; choose words or analyzer", backend_id=self.backend_id)
        return params["features"] == "analyzer"

    def _names(self, params: dict[str, Any]) -> list[str] | None:
        """A name for each subject, in the language of the vocabulary and in the words of the features; "" for those that are gone."""
        if not annif.util.boolean(params["subject_names"]):
            return None
        names = [""] * len(self.project.subjects)
        for subject_id, subject in self.project.subjects.active:
            names[subject_id] = subject.labels.get(self.project.vocab_lang) or ""
        return [" ".join(self.project.analyzer.tokenize_words(name)) for name in names] if self._analyzed(params) else names

    def _train(self, corpus: Any, params: dict[str, Any], jobs: int = 0) -> None:
        subjects = len(self.project.subjects)
        if corpus == "cached":
            self.info("taking the documents of the previous training")
            training = documents.kept(self.datadir, subjects)
            if training is None:
                raise NotInitializedException(f"there is no {documents.FILE}; train with documents first", backend_id=self.backend_id)
        else:
            training = documents.gathered(documents.read(corpus), subjects)
            documents.keep(training, self.datadir)
        if not training.texts:
            raise NotSupportedException("cannot train without documents that have subjects", backend_id=self.backend_id)
        rows: Any = training.texts
        estimator = GlissadeClassifier(n_jobs=jobs or None, label_names=self._names(params), label_column="subjects")
        if self._analyzed(params):
            vectors = {"min_df": int(params["min_df"]), "tokenizer": self.project.analyzer.tokenize_words,
                       "ngram_range": (1, int(params["ngram"])), "dtype": np.float32}
            rows = self.create_vectorizer(training.texts, vectors)
            estimator.feature_names = self.vectorizer.get_feature_names_out().tolist()
        else:
            with _annif_errors(self.backend_id):
                estimator.pipeline = self._words(params)
        self.info(f"training on {len(training.texts):,} documents")
        with _annif_errors(self.backend_id):
            estimator.set_params(**self._options(params)).fit(rows, training.subjects)
            learns = annif.util.boolean(params.get("allow_learn", False))
            annif.util.atomic_save(estimator, self.datadir, self.MODEL_FILE, method=lambda one, path: one.save(path, training_state=learns))
        self._model = None

    # --------------------------------------------------------------------------------------------------------------- answers

    @property
    def _path(self) -> str:
        return os.path.join(self.datadir, self.MODEL_FILE)

    def model(self) -> Model:
        """The model, mapped: processes that use it share its memory."""
        if self._model is None:
            if not os.path.exists(self._path):
                raise NotInitializedException(f"model {self._path} not found", backend_id=self.backend_id)
            with _annif_errors(self.backend_id):
                self._model = Model.load(self._path)
        return self._model

    def initialize(self, parallel: bool = False) -> None:
        """With `parallel` other processes will be made out of this one: each maps the model for itself, with threads of its own."""
        if not parallel:
            self.model()
            if self._analyzed(self.params):
                self.initialize_vectorizer()

    def _rows(self, texts: list[str], params: dict[str, Any]) -> Any:
        if not self._analyzed(params):
            return texts
        self.initialize_vectorizer()
        return self.vectorizer.transform(texts)

    def _active_subjects(self) -> list[int]:
        """Gathered once: a vocabulary has tens of thousands."""
        subjects, labels = self.project.subjects, self.model().n_labels
        if self._active is None or self._active[0] is not subjects or self._active[1] != labels:
            self._active = (subjects, labels, [subject_id for subject_id, _ in subjects.active if subject_id < labels])
        return self._active[2]

    def _suggest_batch(self, docs: list[Any], params: dict[str, Any]) -> SuggestionBatch:
        model, subjects = self.model(), self.project.subjects
        active = self._active_subjects()
        shape = (len(docs), len(subjects))
        count = min(int(params["limit"]), len(active), MOST_ANSWERS)
        if count < 1:
            return SuggestionBatch(csr_array(shape, dtype=np.float32))
        with _annif_errors(self.backend_id):
            best = model.top_k(self._rows([doc.text for doc in docs], params), count, only=active if len(active) < model.n_labels else None)
        given = (best.labels >= 0) & (best.scores > 0)
        given &= np.array([bool(doc.text.strip()) for doc in docs])[:, None]
        ends = np.concatenate([[0], np.cumsum(given.sum(axis=1))])
        return SuggestionBatch(csr_array((best.scores[given], best.labels[given], ends), shape=shape, dtype=np.float32))

    # -------------------------------------------------------------------------------------------------------------- learning

    def _learn(self, corpus: Any, params: dict[str, Any]) -> None:
        self.model()
        with _annif_errors(self.backend_id):
            try:
                Model.load(self._path, for_training=True)
            except ValueError:
                self.warning("trained without allow_learn=true: its network stays as it is, and the rest learns; train again with it")
            learner = Learner.load(self._path)
            subjects = len(self.project.subjects)
            more = subjects - learner.model().n_labels
            if more > 0:
                names = self._names(params)
                learner.add_labels(more, None if names is None else names[-more:])
            rows = documents.read(corpus)
            while texts := (part := documents.gathered(itertools.islice(rows, LEARN_AT_ONCE), subjects)).texts:
                learner.learn(self._rows(texts, params), part.subjects)
            annif.util.atomic_save(learner, self.datadir, self.MODEL_FILE)
        self._model = None
