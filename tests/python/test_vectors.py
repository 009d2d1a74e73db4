"""Dense vectors beside X, and alone."""

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import command_line

from glissade import GlissadeClassifier, Model

PLAIN = {"preset": "plain", "hidden": 16, "epochs": 40, "learning_rate": 0.1}


@pytest.fixture(scope="module")
def told():
    """200 rows of 5 labels that their vectors tell and their features do not."""
    random = np.random.default_rng(3)
    y = random.integers(0, 5, 200)
    vectors = (random.normal(size=(5, 12))[y] + 0.1 * random.normal(size=(200, 12)) + 4).astype(np.float32)
    X = sp.csr_matrix((np.ones(200, np.float32), random.integers(0, 7, 200), np.arange(201)), shape=(200, 7))
    return X, y, vectors


def test_vectors_beside_a_matrix_and_alone(told):
    X, y, vectors = told
    for features in (X, None):
        model = GlissadeClassifier(**PLAIN).fit(features, y, vectors=vectors)
        assert model.score(features, y, vectors=vectors) > 0.95
        assert (model.predict(features, vectors=vectors) == y).mean() > 0.95
        assert (model.predict_topk(features, 2, vectors=vectors).labels[:, 0] == y).mean() > 0.95
        assert model.predict_proba(features, vectors=vectors).shape == (200, 5)
        assert model.model_.vector_width == 12
    assert GlissadeClassifier(**PLAIN).fit(X, y).score(X, y) < 0.6


def test_the_model_is_that_of_the_command_line(told, tmp_path):
    X, y, vectors = told
    model = GlissadeClassifier(**PLAIN).fit(X, y, vectors=vectors)
    rows = [f"{label} {feature}:1" for label, feature in zip(y, X.indices)]
    (tmp_path / "rows.txt").write_text("\n".join(["200 7 5", *rows]) + "\n")
    np.save(tmp_path / "v.npy", vectors)
    command_line(tmp_path, "train", "--train", "rows.txt", "--vectors", "v.npy", "--model", "m.glsd", "--preset", "plain", "--hidden", "16",
                 "--epochs", "40", "--learning-rate", "0.1", "--quiet")
    theirs = Model.load(tmp_path / "m.glsd")
    ours = model.model_.top_k(X, 3, vectors=vectors)
    assert np.array_equal(theirs.top_k(X, 3, vectors=vectors).scores, ours.scores)


def test_forms_of_vectors_give_the_same(told):
    X, y, vectors = told
    model = GlissadeClassifier(**PLAIN).fit(X, y, vectors=vectors.astype(np.float64))
    wide = np.zeros((200, 20), np.float32)
    wide[:, 3:15] = vectors
    expected = model.predict_topk(X, 3, vectors=vectors).scores
    for same in (wide[:, 3:15], np.asfortranarray(vectors), vectors[::-1][::-1], vectors.tolist()):
        assert np.array_equal(model.predict_topk(X, 3, vectors=same).scores, expected)


def test_what_does_not_fit_is_refused(told):
    X, y, vectors = told
    model = GlissadeClassifier(**PLAIN).fit(X, y, vectors=vectors)
    with pytest.raises(ValueError, match="the model takes a vector of 12 numbers"):
        model.predict(X)
    with pytest.raises(ValueError, match="have 11 numbers each"):
        model.predict(X, vectors=vectors[:, :11])
    with pytest.raises(ValueError, match="vectors has 3 rows, X has 200"):
        model.predict(X, vectors=vectors[:3])
    with pytest.raises(ValueError, match="give a matrix of float32"):
        model.predict(X, vectors=vectors[0])
    with pytest.raises(ValueError, match="give one of them"):
        model.predict(None)
    broken = vectors.copy()
    broken[7, 1] = np.nan
    with pytest.raises(ValueError, match="a value in row 7"):
        GlissadeClassifier(**PLAIN).fit(X, y, vectors=broken)
    with pytest.raises(ValueError, match="the model takes none"):
        GlissadeClassifier(**PLAIN).fit(X, y).predict(X, vectors=vectors)


def test_scores_codes_and_reasons_come_with_vectors(told):
    X, y, vectors = told
    for features in (X, None):
        model = GlissadeClassifier(**PLAIN).fit(features, y, vectors=vectors)
        assert (model.decision_function(features, vectors=vectors).argmax(axis=1) == y).mean() > 0.95
        every = sp.csr_matrix(np.ones((200, 5)))
        given = model.decision_function(features, candidates=every, vectors=vectors)
        assert (given.toarray().argmax(axis=1) == y).mean() > 0.95
        hidden = model.model_.encode(features, vectors=vectors)
        assert hidden.shape == (200, 16)
        assert not np.allclose(hidden[0], hidden[1])
        one = None if features is None else features[:1]
        reason = model.explain(one, 1, vectors=vectors[:1])[0]
        assert reason.label == model.predict(one, vectors=vectors[:1])[0] == y[0]
        assert reason.shares["hidden"] != 0
    model = GlissadeClassifier(**PLAIN).fit(X, y, vectors=vectors)
    for call in (model.decision_function, model.model_.encode, model.explain):
        with pytest.raises(ValueError, match="the model takes a vector of 12 numbers"):
            call(X[:1])


def test_partial_fit_learns_from_vectors(told, tmp_path):
    X, y, vectors = told
    model = GlissadeClassifier(**PLAIN).partial_fit(X, y, vectors=vectors)
    for _ in range(60):
        model.partial_fit(X, (y + 1) % 5, vectors=vectors)
    assert model.score(X, (y + 1) % 5, vectors=vectors) > 0.9
    with pytest.raises(ValueError, match="the model takes a vector of 12 numbers"):
        model.partial_fit(X, y)
    model.save(tmp_path / "m.glsd")
    assert Model.load(tmp_path / "m.glsd").vector_width == 12
