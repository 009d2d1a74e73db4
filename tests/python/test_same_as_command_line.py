"""One seed, one model, byte for byte, whoever trains it; and the same answers."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import command_line

from glissade import GlissadeClassifier, Model

FEW = {"epochs": 1}


def train_file(sample, folder, *more):
    command_line(folder, "train", "--train", sample.file, "--model", "m.glsd", "--quiet", *more)
    return (folder / "m.glsd").read_bytes()


def saved(estimator, folder):
    estimator.save(folder / "p.glsd")
    return (folder / "p.glsd").read_bytes()


@pytest.mark.parametrize(("seed", "epochs"), [(1, 2), (5, 1)])
def test_the_presets_that_data_choose_give_the_same_file(sample, tmp_path, seed, epochs):
    mine = GlissadeClassifier(epochs=epochs, random_state=seed).fit(sample.X, sample.Y)
    assert saved(mine, tmp_path) == train_file(sample, tmp_path, "--epochs", epochs, "--seed", seed)


def test_options_over_a_preset_give_the_same_file(sample, tmp_path):
    mine = GlissadeClassifier("plain", epochs=2, hidden=32, active=256, learning_rate=0.02, n_jobs=1).fit(sample.X, sample.Y)
    options = ["--preset", "plain", "--epochs", "2", "--hidden", "32", "--active", "256", "--learning-rate", "0.02", "--threads", "1"]
    assert saved(mine, tmp_path) == train_file(sample, tmp_path, *options)


def test_efforts_give_the_same_file(sample, tmp_path):
    mine = GlissadeClassifier(effort="quick", epochs=1).fit(sample.X, sample.Y)
    assert saved(mine, tmp_path) == train_file(sample, tmp_path, "--effort", "quick", "--epochs", "1")


def test_names_as_rows_give_the_same_file(sample, tmp_path):
    names = {"labels": sample.label_names, "features": sample.feature_names}
    for what, lines in names.items():
        (tmp_path / what).write_text("\n".join(lines) + "\n")
    mine = GlissadeClassifier(**FEW, label_names=sample.label_names, feature_names=sample.feature_names).fit(sample.X, sample.Y)
    theirs = train_file(sample, tmp_path, "--epochs", "1", "--label-names", "labels", "--feature-names", "features")
    assert saved(mine, tmp_path) == theirs
    assert b'"name_rows"' in theirs


def test_repeated_rows_give_the_same_file(sample, tmp_path):
    lines = [line for line in sample.lines[:1500] for _ in range(2)]
    file = tmp_path / "twice.txt"
    file.write_text("\n".join([f"3000 {sample.features} {sample.labels}", *lines, ""]))
    X, Y = (sp.csr_matrix(sp.kron(matrix[:1500], np.ones((2, 1), matrix.dtype))).astype(matrix.dtype) for matrix in (sample.X, sample.Y))
    mine = GlissadeClassifier(**FEW).fit(X, Y)
    command_line(tmp_path, "train", "--train", file, "--model", "m.glsd", "--quiet", "--epochs", "1")
    assert saved(mine, tmp_path) == (tmp_path / "m.glsd").read_bytes()


def test_wider_types_of_indices_give_the_same_file(sample, tmp_path):
    narrow = GlissadeClassifier("plain", epochs=1, hidden=16).fit(sample.X, sample.Y)
    wide = sp.csr_matrix((sample.X.data.astype(np.float64), sample.X.indices.astype(np.int64), sample.X.indptr.astype(np.int64)),
                         shape=sample.X.shape)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    assert saved(GlissadeClassifier("plain", epochs=1, hidden=16).fit(wide, sample.Y), tmp_path) == saved(narrow, tmp_path)


def records(sample):
    words = sample.feature_names
    for row in range(1200):
        ids = sample.X.indices[sample.X.indptr[row] : sample.X.indptr[row + 1]]
        labels = sample.Y.indices[sample.Y.indptr[row] : sample.Y.indptr[row + 1]]
        yield " ".join(words[i] for i in ids), [sample.label_names[label] for label in labels]


def test_texts_give_the_same_file_and_answers(sample, tmp_path):
    rows = list(records(sample))
    with open(tmp_path / "rows.jsonl", "w") as file:
        for text, labels in rows:
            file.write(json.dumps({"text": text, "labels": labels}) + "\n")
    command_line(tmp_path, "train", "--train", "rows.jsonl", "--text", "text", "--labels", "labels", "--label-separator", "none", "--model", "m.glsd",
                 "--quiet", "--epochs", "1")
    mine = GlissadeClassifier(epochs=1).fit([text for text, _ in rows], [labels for _, labels in rows])
    assert saved(mine, tmp_path) == (tmp_path / "m.glsd").read_bytes()
    asked = rows[17][0]
    answer = command_line(tmp_path, "predict", "--model", "p.glsd", "--query", asked, "--k", "3").strip()
    found = GlissadeClassifier.load(tmp_path / "m.glsd").predict_topk([asked], 3)
    assert [pair.rsplit(":", 1)[0] for pair in answer.split("\t")] == found.labels[0].tolist()


def test_predict_topk_gives_the_answers_of_predict(sample, tmp_path):
    train_file(sample, tmp_path, "--epochs", "1")
    printed = command_line(tmp_path, "predict", "--model", "m.glsd", "--k", "5", sample.file).splitlines()
    found = Model.load(tmp_path / "m.glsd").top_k(sample.X, 5)
    assert len(printed) == sample.ROWS
    for row, line in enumerate(printed):
        labels, probabilities = zip(*(pair.split(":") for pair in line.split()))
        assert [int(label) for label in labels] == found.labels[row].tolist(), row
        assert np.allclose([float(one) for one in probabilities], found.scores[row], rtol=1e-3, atol=1e-6), row


def test_a_model_of_python_goes_on_on_the_command_line(sample, tmp_path):
    mine = GlissadeClassifier("plain", epochs=1, hidden=16).fit(sample.X, sample.Y)
    mine.save(tmp_path / "m.glsd")
    command_line(tmp_path, "train", "--train", sample.file, "--model", "m.glsd", "--resume", "--epochs", "2", "--quiet")
    assert Model.load(tmp_path / "m.glsd").epochs_done == 2
