"""What the tests share: the command line, the sample, small data."""

import os
import pathlib
import subprocess

import numpy as np
import pytest
import scipy.sparse as sp

GLISSADE = os.environ["GLISSADE_BINARY"]
SAMPLE = pathlib.Path(os.environ["GLISSADE_SAMPLE"])


def command_line(folder, *arguments, stdin=None):
    """Run the command line in `folder`; its standard output."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GLISSADE_CACHE": str(pathlib.Path(folder) / "cache"), "LC_ALL": "C"}
    done = subprocess.run([GLISSADE, *map(str, arguments)], cwd=folder, env=environment, capture_output=True, text=True, input=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_lines(name):
    packed = SAMPLE / name
    return subprocess.run(["zstd", "-dcq", packed], capture_output=True, text=True, check=True).stdout.splitlines()


def parse(lines, features, labels):
    """Rows of an XMC file as (X, Y), entries in the order of the file."""
    indptr, ids, values, label_ends, label_ids = [0], [], [], [0], []
    for line in lines:
        given, *entries = line.split()
        label_ids += [int(label) for label in given.split(",")]
        label_ends.append(len(label_ids))
        for entry in entries:
            feature, value = entry.split(":")
            ids.append(int(feature))
            values.append(float(value))
        indptr.append(len(ids))
    X = sp.csr_matrix((np.array(values, np.float32), np.array(ids, np.int32), np.array(indptr)), shape=(len(lines), features))
    ones = np.ones(len(label_ids), np.int8)
    Y = sp.csr_matrix((ones, np.array(label_ids, np.int32), np.array(label_ends)), shape=(len(lines), labels))
    return X, Y


class Sample:
    """The first rows of the shipped sample, as a file and as matrices."""

    ROWS = 4000

    def __init__(self, folder):
        self.folder = folder
        lines = read_lines("train.txt.zst")
        _, self.features, self.labels = map(int, lines[0].split())
        self.lines = lines[1 : self.ROWS + 1]
        self.file = folder / "rows.txt"
        self.file.write_text("\n".join([f"{self.ROWS} {self.features} {self.labels}", *self.lines, ""]))
        self.X, self.Y = parse(self.lines, self.features, self.labels)
        self.label_names = read_lines("labels.txt.zst")
        self.feature_names = read_lines("vocab.txt.zst")


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    return Sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def small():
    """400 rows whose labels follow from a few features: X, Y of one or two labels each, and one label of each row."""
    draw = np.random.default_rng(7)
    rows, features, labels = 400, 60, 12
    first = draw.integers(0, labels, rows)
    second = draw.integers(0, labels, rows)
    dense = (draw.random((rows, features)) < 0.05).astype(np.float32)
    for row in range(rows):
        dense[row, 4 * first[row] : 4 * first[row] + 4] = 1
        dense[row, 4 * second[row] : 4 * second[row] + 4] = 1
    Y = np.zeros((rows, labels), np.int8)
    Y[np.arange(rows), first] = 1
    Y[np.arange(rows), second] = 1
    return sp.csr_matrix(dense), sp.csr_matrix(Y), first
