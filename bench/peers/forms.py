#!/usr/bin/env python3
"""Writes a data set once in the forms that the tools read: shuffled plain text, words, matrices. Run inside the virtual environment.

text    train.txt, test.txt: XMC format; the training rows in a random order, because some tools learn in the order of the file
        sample.txt, sample.rows: some test rows for curves, and their places in test.txt
words   train.words, test.words: a row as '__label__3 __label__7 f12 f90' (values are dropped)
matrix  train-x.npz, train-y.npz, test-x.npz, test-y.npz: scipy's sparse rows, fp32
"""

import argparse
import pathlib
import random

import xmc

SAMPLE_ROWS = 5000
SEED = 1


def write_text(folder, options):
    _, features, labels = xmc.header(options.train)
    rows = list(xmc.texts(options.train, options.head))
    random.Random(SEED).shuffle(rows)
    save_text(folder / "train.txt", rows, features, labels)
    rows = list(xmc.texts(options.test, options.head))
    chosen = sorted(random.Random(SEED).sample(range(len(rows)), min(SAMPLE_ROWS, len(rows))))
    save_text(folder / "sample.txt", [rows[row] for row in chosen], features, labels)
    (folder / "sample.rows").write_text("".join(f"{row}\n" for row in chosen))
    save_text(folder / "test.txt", rows, features, labels)


def save_text(path, rows, features, labels):
    with open(path, "wb") as file:
        file.write(b"%d %d %d\n" % (len(rows), features, labels))
        for row_labels, row_features in rows:
            file.write(b"%s %s\n" % (row_labels, row_features))


def write_words(folder, _):
    for part in ("train", "test"):
        with open(folder / f"{part}.words", "wb") as file:
            for labels, features in xmc.texts(folder / f"{part}.txt"):
                words = [b"__label__" + label for label in labels.split(b",") if label]
                words += [b"f" + pair.partition(b":")[0] for pair in features.split()]
                file.write(b" ".join(words) + b"\n")


def write_matrices(folder, _):
    import scipy.sparse

    for part in ("train", "test"):
        _, features, labels = xmc.header(folder / f"{part}.txt")
        x, y = matrices(xmc.texts(folder / f"{part}.txt"), features, labels)
        scipy.sparse.save_npz(folder / f"{part}-x.npz", x, compressed=False)
        scipy.sparse.save_npz(folder / f"{part}-y.npz", y, compressed=False)


def matrices(rows, features, labels):
    import numpy
    import scipy.sparse

    pieces, label_ids, feature_counts, label_counts, pending = [], [], [0], [0], []

    def parse():
        numbers = numpy.fromstring(b" ".join(pending).replace(b":", b" "), sep=" ").reshape(-1, 2)
        pieces.append((numbers[:, 0].astype(numpy.int32), numbers[:, 1].astype(numpy.float32)))
        pending.clear()

    for row_labels, row_features in rows:
        ids = sorted({int(label) for label in row_labels.split(b",") if label})
        label_ids += ids
        label_counts.append(len(ids))
        feature_counts.append(row_features.count(b":"))
        if row_features.strip():
            pending.append(row_features)
        if len(pending) == 10000:
            parse()
    if pending:
        parse()
    count = len(feature_counts) - 1
    x = scipy.sparse.csr_matrix((numpy.concatenate([values for _, values in pieces]), numpy.concatenate([ids for ids, _ in pieces]),
                                 numpy.cumsum(feature_counts)), shape=(count, features), dtype=numpy.float32)
    x.sort_indices()
    y = scipy.sparse.csr_matrix((numpy.ones(len(label_ids), numpy.float32), numpy.array(label_ids, numpy.int32), numpy.cumsum(label_counts)),
                                shape=(count, labels))
    return x, y


# form -> (what makes it, the file that is written last)
FORMS = {"text": (write_text, "test.txt"), "words": (write_words, "test.words"), "matrix": (write_matrices, "test-y.npz")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--head", type=int)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--forms", required=True, help="names separated by commas; 'text' comes before the others")
    options = parser.parse_args()
    folder = pathlib.Path(options.folder)
    for form in options.forms.split(","):
        write, last = FORMS[form]
        done = folder / f"{last}.done"
        if not done.exists():
            write(folder, options)
            done.touch()


if __name__ == "__main__":
    main()
