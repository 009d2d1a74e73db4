"""Model.train: by numbers of features and labels, without scikit-learn."""

import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import command_line

from glissade import GlissadeClassifier, Model

FEW = {"epochs": 1, "hidden": 16}


def saved(model, folder):
    model.save(folder / "p.glsd")
    return (folder / "p.glsd").read_bytes()


def test_it_gives_the_file_of_the_command_line(sample, tmp_path):
    command_line(tmp_path, "train", "--train", sample.file, "--model", "m.glsd", "--quiet", "--epochs", "1", "--seed", "3")
    assert saved(Model.train(sample.X, sample.Y, epochs=1, seed=3), tmp_path) == (tmp_path / "m.glsd").read_bytes()


def test_it_gives_the_file_of_the_estimator(small, tmp_path):
    X, Y, _ = small
    draw = np.random.default_rng(3)
    names = {"label_names": [f"label {i}" for i in range(12)], "feature_names": [f"word {i}" for i in range(60)]}
    more = {"sample_weight": draw.random(400), "vectors": draw.random((400, 5), np.float32)}
    mine = Model.train(X, Y, effort="quick", threads=1, **FEW, **names, **more)
    theirs = GlissadeClassifier(effort="quick", n_jobs=1, **FEW, **names).fit(X, Y, **more)
    assert saved(mine, tmp_path) == saved(theirs, tmp_path)
    assert mine.label_name(3) == "label 3" and mine.feature_name(59) == "word 59" and mine.vector_width == 5


def test_vectors_alone_and_arrays_are_taken(small):
    _, Y, _ = small
    vectors = np.eye(12, dtype=np.float32)[Y.toarray().argmax(axis=1)]
    model = Model.train(None, Y.toarray(), vectors=vectors, preset="plain", epochs=20, hidden=32)
    assert (model.top_k(None, 1, vectors=vectors).labels[:, 0] == Y.toarray().argmax(axis=1)).mean() > 0.9
    assert Model.train(vectors, Y, preset=None, effort=None, **FEW, seed=None).n_features == 12


def test_it_needs_no_scikit_learn():
    program = """
import sys
import numpy as np, scipy.sparse as sp
from glissade import Model
X = sp.random(300, 50, 0.2, format="csr", dtype=np.float32, random_state=0)
Y = sp.csr_matrix((np.ones(300), (np.arange(300), np.arange(300) % 7)), shape=(300, 7))
model = Model.train(X, Y, epochs=1)
assert model.trainable and model.top_k(X, 3).labels.shape == (300, 3)
print([name for name in ("sklearn", "pandas", "pyarrow", "scipy.stats", "tqdm") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_progress_may_stop_it_and_the_model_is_what_was_trained(small):
    X, Y, _ = small
    epochs = []

    def two(now):
        epochs.append(now.epoch)
        return not (now.activity == "epoch done" and now.epoch == 2)

    assert Model.train(X, Y, preset="plain", epochs=50, hidden=16, progress=two).epochs_done == 2
    assert max(epochs) == 2


def test_an_interrupt_goes_on(small):
    X, Y, _ = small
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    told = []

    def interrupt(now):
        if not told:
            told.append(now)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    try:
        with pytest.raises(KeyboardInterrupt):
            Model.train(X, Y, preset="plain", epochs=100000, hidden=16, progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)


ROWS = np.eye(4, dtype=np.float32)


@pytest.mark.parametrize(("arguments", "more", "message"), [
    ((["a text"] * 4, ROWS), {}, "X is a list; give a matrix of numbers, or use GlissadeClassifier"),
    ((np.array(["a"] * 4), ROWS), {}, "X is an array of <U1 with the shape (4,); give a matrix of numbers, or use GlissadeClassifier"),
    ((ROWS, [[0], [1], [2], [3]]), {}, "Y is a list; give a matrix of numbers"),
    ((ROWS, np.arange(4)), {}, "Y is an array of int64 with the shape (4,)"),
    ((ROWS, None), {}, "Y is a NoneType"),
    ((None, ROWS), {}, "X is None and there are no vectors"),
    ((ROWS, ROWS[:3]), {}, "Y has 3 rows, X has 4; give one for each"),
    ((ROWS + np.inf, ROWS), {}, "X has a value that is NaN, infinite or beyond float32"),
    ((ROWS, ROWS * 0), {}, "no row has a label"),
    ((ROWS, ROWS), {"label_names": ["a"]}, "label_names has 1 names, Y has 4 columns; give one for each"),
    ((ROWS, ROWS), {"feature_names": ["a"]}, "feature_names has 1 names, X has 4 columns; give one for each"),
    ((ROWS, ROWS), {"sample_weight": [1]}, "sample_weight has the shape (1,), X has 4 rows"),
    ((ROWS, ROWS), {"vectors": ROWS[:2]}, "vectors has 2 rows, X has 4"),
    ((ROWS, ROWS), {"hidden": 0}, "hidden"),
    ((ROWS, ROWS), {"nothing": 1}, "nothing"),
    ((ROWS, ROWS), {"progress": 1}, "progress is 1"),
])
def test_what_cannot_be_is_said(arguments, more, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Model.train(*arguments, **more)


def test_float16_and_booleans_are_numbers():
    assert Model.train(sp.csc_matrix(ROWS).astype(bool), ROWS.astype(bool), **FEW).n_labels == 4
    assert Model.train(ROWS.astype(np.float16), ROWS, **FEW).n_features == 4
