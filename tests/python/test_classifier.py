"""The estimator: forms of y and X, what it answers, files, errors."""

import pickle
import threading

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from glissade import GlissadeClassifier, Model

QUICK = {"epochs": 3, "hidden": 32}


@pytest.fixture(scope="module")
def model(small):
    X, Y, _ = small
    return GlissadeClassifier(**QUICK).fit(X, Y)


def test_an_indicator_of_either_kind_is_learned(small, model):
    X, Y, _ = small
    assert model.score(X, Y) > 0.95
    dense = GlissadeClassifier(**QUICK).fit(X.toarray(), Y.toarray())
    assert np.array_equal(dense.predict_topk(X, 3).labels, model.predict_topk(X, 3).labels)
    predicted = model.predict(X)
    assert sp.issparse(predicted) and predicted.shape == Y.shape
    assert isinstance(dense.predict(X), np.ndarray)
    assert predicted.sum() == 400 and predicted.multiply(Y).sum() > 380  # so few rows calibrate nothing: the best label
    assert GlissadeClassifier.predict(clone(model).set_params(threshold=0.01).fit(X, Y), X).sum() > 700


def test_a_calibrated_model_gives_labels_above_its_threshold(sample):
    model = GlissadeClassifier(epochs=4).fit(sample.X, sample.Y)
    given = model.predict(sample.X)
    assert 0 < model.model_.threshold < 1
    proba = model.predict_proba(sample.X)
    assert given.sum() == (proba.data >= np.float32(model.model_.threshold)).sum()
    assert given.multiply(sample.Y).sum() > 0.5 * given.sum()


def test_lists_of_names_and_of_numbers_are_learned(small):
    X, Y, _ = small
    names = [[f"label {label}" for label in row.indices] for row in Y]
    named = GlissadeClassifier(**QUICK).fit(X, names)
    assert list(named.classes_)[:2] == list(dict.fromkeys(name for row in names for name in row))[:2]
    best = named.predict_topk(X, 1).labels[:, 0]
    assert np.mean([label in row for label, row in zip(best, names)]) > 0.95
    numbers = GlissadeClassifier(**QUICK).fit(X, [[100 + int(label) for label in row.indices] for row in Y])
    assert numbers.classes_.tolist() == list(range(100, 112))
    assert numbers.score(X, [[100 + int(label) for label in row.indices] for row in Y]) > 0.95


def test_one_label_per_row_is_learned(small):
    X, _, first = small
    keep = np.flatnonzero(np.diff(X.indptr) < 12)
    names = np.array(["red", "green", "blue"])[first % 3]
    one = GlissadeClassifier(**QUICK).fit(X[keep], names[keep])
    assert one.classes_.tolist() == ["blue", "green", "red"]
    assert one.predict(X[keep]).dtype == names.dtype
    proba = one.predict_proba(X[keep])
    assert np.allclose(proba.sum(axis=1), 1)
    assert np.array_equal(one.classes_[proba.argmax(axis=1)], one.predict(X[keep]))


def test_answers_can_be_filtered_and_excluded(small, model):
    X, Y, _ = small
    only = model.predict_topk(X, 3, only=[1, 5])
    assert set(np.unique(only.labels)) == {-1, 1, 5}
    assert np.isneginf(only.scores[only.labels < 0]).all()
    best = model.predict_topk(X, 1).labels[:, 0]
    without = sp.csr_matrix((np.ones(len(best)), (np.arange(len(best)), best)), shape=Y.shape)
    assert not (model.predict_topk(X, 1, exclude=without).labels[:, 0] == best).any()


def test_scores_of_candidates_have_the_order_of_the_answers(small, model):
    X, Y, _ = small
    top = model.predict_topk(X, 2, probabilities=False)
    rows = np.arange(X.shape[0])
    asked = sp.csr_matrix((np.ones(2 * len(rows)), (np.r_[rows, rows], top.labels.T.ravel())), shape=Y.shape)
    scores = model.decision_function(X, asked)
    assert scores.nnz == asked.nnz
    for row in range(50):
        assert scores[row, top.labels[row, 0]] >= scores[row, top.labels[row, 1]]


def test_probabilities_are_sparse_and_complete(small, model):
    X, Y, _ = small
    proba = model.predict_proba(X, k=4)
    assert sp.issparse(proba) and (np.diff(proba.indptr) == 4).all()
    top = model.predict_topk(X, 4)
    assert np.allclose(np.sort(proba[3].data)[::-1], top.scores[3])


def test_pickles_and_files_answer_the_same(small, model, tmp_path):
    X, _, _ = small
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copy.predict_topk(X, 5).scores, model.predict_topk(X, 5).scores)
    copy.partial_fit(X[:3], [[1], [2], [3]])  # with its training state
    model.save(tmp_path / "m.glsd", training_state=False)
    loaded = GlissadeClassifier.load(tmp_path / "m.glsd")
    assert np.array_equal(loaded.predict_topk(X, 5).scores, model.predict_topk(X, 5).scores)
    again = pickle.loads(pickle.dumps(loaded))
    assert np.array_equal(again.predict_topk(X, 5).labels, model.predict_topk(X, 5).labels)


def test_parameters_are_cloned_and_set():
    first = GlissadeClassifier("plain", epochs=2, random_state=3)
    copy = clone(first)
    assert copy.get_params() == first.get_params() and copy.get_params()["epochs"] == 2
    copy.set_params(hidden=64, preset=None)
    assert copy.hidden == 64 and copy.preset is None
    with pytest.raises(ValueError, match="Invalid parameter"):
        copy.set_params(step__x=1)


def test_pipelines_and_searches_work():
    draw = np.random.default_rng(0)
    words = [f"word{i}" for i in range(30)]
    label = draw.integers(0, 3, 150)
    texts = [" ".join(draw.choice(words[10 * one : 10 * one + 10], 5)) for one in label]
    pipeline = make_pipeline(TfidfVectorizer(), GlissadeClassifier(epochs=2, hidden=16))
    assert cross_val_score(pipeline, texts, label, cv=3).mean() > 0.9
    search = GridSearchCV(pipeline, {"glissadeclassifier__epochs": [1, 2]}, cv=2).fit(texts, label)
    assert search.best_params_["glissadeclassifier__epochs"] in (1, 2)


def test_frames_of_texts_categories_and_numbers_are_learned(tmp_path):
    draw = np.random.default_rng(1)
    kind = draw.integers(0, 2, 200)
    frame = pd.DataFrame({
        "title": [f"{'apple pear' if one else 'car bus'} item{i % 50}" for i, one in enumerate(kind)],
        "shop": pd.Categorical([f"shop{i % 3}" for i in range(200)]),
        "price": draw.normal(size=200),
    })
    labels = [["fruit"] if one else ["vehicle"] for one in kind]
    model = GlissadeClassifier(epochs=3, hidden=16).fit(frame, labels)
    assert model.feature_names_in_.tolist() == ["title", "shop", "price"] and model.n_features_in_ == 3
    assert model.score(frame, labels) > 0.85
    reason = model.explain(frame.iloc[:1], 1)[0]
    assert reason.label in ("fruit", "vehicle")
    assert {name for name, _, _ in reason.features} & {"apple", "pear", "car", "bus"}
    model.save(tmp_path / "m.glsd")
    loaded = GlissadeClassifier.load(tmp_path / "m.glsd")
    assert np.array_equal(loaded.predict_topk(frame, 2).labels, model.predict_topk(frame, 2).labels)
    with pytest.raises(ValueError, match="no column 'price'"):
        model.predict(frame.drop(columns="price"))


def test_a_frame_of_numbers_is_a_matrix(small):
    X, Y, _ = small
    frame = pd.DataFrame(X.toarray(), columns=[f"f{i}" for i in range(X.shape[1])])
    model = GlissadeClassifier(**QUICK).fit(frame, Y)
    assert model.feature_names_in_[3] == "f3"
    assert model.score(frame, Y) > 0.95


def test_learning_goes_on_with_new_labels(small):
    X, Y, _ = small
    model = GlissadeClassifier(**QUICK)
    model.partial_fit(X[:350], Y[:350].toarray())
    before = model.predict_topk(X, 2).labels
    model.partial_fit(X[350:], Y[350:].toarray())
    named = GlissadeClassifier(**QUICK).fit(X[:350], [[f"l{label}" for label in row.indices] for row in Y[:350]])
    for _ in range(20):
        named.partial_fit(X[350:360], [["new one"]] * 10)
    assert named.classes_[-1] == "new one" and before.shape == (400, 2)
    assert "new one" in named.predict_topk(X[350:360], 2).labels
    assert "new one" in pickle.loads(pickle.dumps(named)).predict_topk(X[350:360], 2).labels


def test_progress_is_told_and_may_stop(small):
    X, Y, _ = small
    seen = []
    model = GlissadeClassifier(**QUICK, progress=seen.append).fit(X, Y)
    assert [one.epoch for one in seen if one.activity == "epoch done"] == [1, 2, 3]
    assert [one.epoch for one in model.history_] == [1, 2, 3] and model.history_[-1].loss < model.history_[0].loss
    stopped = GlissadeClassifier(epochs=50, hidden=16, progress=lambda now: now.activity != "epoch done").fit(X, Y)
    assert stopped.model_.epochs_done == 1 and stopped.predict_topk(X, 1).labels.shape == (400, 1)
    with pytest.raises(ZeroDivisionError):
        GlissadeClassifier(**QUICK, progress=lambda now: 1 // 0).fit(X, Y)


def test_many_threads_may_ask_one_model(small, model):
    X, _, _ = small
    wanted = model.predict_topk(X, 5).scores
    wrong = []

    def ask():
        if not np.array_equal(model.predict_topk(X, 5).scores, wanted):
            wrong.append(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_context_is_freed_with_its_thread(monkeypatch):
    from glissade import _library

    freed = []
    monkeypatch.setattr(_library.Handle, "__del__", lambda self: freed.append(self._free.__name__))
    thread = threading.Thread(target=_library.context)
    thread.start()
    thread.join()
    assert "glissade_context_free" in freed


def test_csr_arrays_are_lent_and_not_copied(small):
    from glissade._rows import features_of

    X, _, _ = small
    rows = features_of(X)
    assert np.shares_memory(rows.ids, X.indices) and np.shares_memory(rows.values, X.data)
    wide = X.copy()
    wide.indptr = wide.indptr.astype(np.int64)
    assert np.shares_memory(features_of(wide).offsets, wide.indptr)


ERRORS = {
    "an unknown preset": (lambda X, Y: GlissadeClassifier("nothing").fit(X, Y), ValueError, "nothing"),
    "an unknown option": (lambda X, Y: GlissadeClassifier(epoch=3).fit(X, Y), ValueError, "epoch"),
    "a value out of range": (lambda X, Y: GlissadeClassifier(epochs=0).fit(X, Y), ValueError, "epochs"),
    "an unknown effort": (lambda X, Y: GlissadeClassifier(effort="much").fit(X, Y), ValueError, "quick, default, best"),
    "no file": (lambda X, Y: GlissadeClassifier.load("/nowhere/m.glsd"), FileNotFoundError, "/nowhere/m.glsd"),
    "no file of a model": (lambda X, Y: Model.load("/nowhere/m.glsd"), FileNotFoundError, "/nowhere/m.glsd"),
    "no place to write to": (lambda X, Y: GlissadeClassifier(**QUICK).fit(X, Y).save("/nowhere/m.glsd"), FileNotFoundError, "/nowhere"),
    "too much memory": (lambda X, Y: GlissadeClassifier(hidden=65_536).fit(X, sp.csr_matrix((Y.data, Y.indices, Y.indptr), shape=(400, 10**7))),
                        MemoryError, "available"),
    "k of 0": (lambda X, Y: GlissadeClassifier(**QUICK).fit(X, Y).predict_topk(X, 0), ValueError, "1 to 1000"),
    "fewer rows of y": (lambda X, Y: GlissadeClassifier().fit(X, Y[:5]), ValueError, "inconsistent"),
    "labels of two kinds": (lambda X, Y: GlissadeClassifier().fit(X[:2], [["a"], [1]]), ValueError, "mixes"),
    "no indicator": (lambda X, Y: GlissadeClassifier().fit(X, 2.5 * Y), ValueError, "0 and 1"),
    "an unknown kind of column": (lambda X, Y: GlissadeClassifier(columns={"a": "words"}).fit(pd.DataFrame({"a": ["x", "y"]}), [["u"], ["v"]]),
                                  ValueError, "words"),
    "no label at all": (lambda X, Y: GlissadeClassifier().fit(X, 0 * Y), ValueError, "label"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_one_line(small, name):
    X, Y, _ = small
    act, kind, part = ERRORS[name]
    with pytest.raises(kind, match=part) as raised:
        act(X, Y)
    assert "\n" not in str(raised.value)
