"""Models and learners by numbers of labels."""

import numpy as np
import pytest
import scipy.sparse as sp

from glissade import GlissadeClassifier, Learner, Model


def test_a_learner_learns_and_is_saved(small, tmp_path):
    X, Y, _ = small
    GlissadeClassifier(epochs=3, hidden=32).fit(X, Y).save(tmp_path / "m.glsd")
    learner = Learner.load(tmp_path / "m.glsd", threads=1)
    learner.add_labels(1)
    rows = sp.csr_matrix(np.tile(np.arange(60) >= 48, (20, 1)).astype(np.float32))  # features that went with no label
    labels = sp.csr_matrix((np.ones(20), (np.arange(20), np.full(20, 12))), shape=(20, 13))
    for _ in range(3):
        learner.learn(rows, labels)
    assert (learner.model().top_k(rows, 1).labels == 12).mean() > 0.9
    learner.save(tmp_path / "m.glsd")
    assert Model.load(tmp_path / "m.glsd", for_training=True).n_labels == 13
    with pytest.raises(ValueError, match="X has 20 rows, Y has 19"):
        learner.learn(rows, labels[:19])


def test_models_of_texts_take_texts(tmp_path):
    texts = ["apple pie", "pear tart", "fast car", "slow car"] * 30
    GlissadeClassifier(epochs=3, hidden=16).fit(texts, [["fruit"], ["fruit"], ["car"], ["car"]] * 30).save(tmp_path / "m.glsd")
    model = Model.load(tmp_path / "m.glsd")
    assert model.top_k(["an apple", "a car"], 1).labels.ravel().tolist() == [0, 1]
    learner = Learner.load(tmp_path / "m.glsd")
    learner.learn(["apple car"] * 40, sp.csr_matrix((np.ones(40), (np.arange(40), np.ones(40, int))), shape=(40, 2)))
    assert learner.model().top_k(["apple car"], 1).labels.tolist() == [[1]]
