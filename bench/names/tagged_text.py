"""Data files from tagged text in fastText's form (`__label__a __label__b words ...`, a text a line): train and test in XMC text, and a
name per label and feature.

Words are runs of letters and digits, hyphens within them included, in lower case. Features are the words of the training lines; labels are
those of all lines, so a label that only test lines have is one without samples.
"""

import argparse
import collections
import pathlib
import re
import subprocess

MARK = "__label__"
WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


def parse(line):
    pieces = line.split()
    labels = list(dict.fromkeys(piece[len(MARK):] for piece in pieces if piece.startswith(MARK)))
    text = " ".join(piece for piece in pieces if not piece.startswith(MARK))
    return labels, WORD.findall(text.lower())


def lines_of(path):
    if path.suffix == ".zst":
        return subprocess.run(["zstdcat", str(path)], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    return path.read_text().splitlines()


def write(path, rows, features, labels, counted):
    with path.open("w") as out:
        print(len(rows), len(features), len(labels), file=out)
        for tags, words in rows:
            counts = collections.Counter(features[word] for word in words if word in features)
            values = " ".join(f"{f}:{n if counted else 1}" for f, n in sorted(counts.items()))
            print(",".join(str(label) for label in sorted(labels[tag] for tag in tags)), values, file=out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path, help="a folder for train.txt, test.txt, labels.txt and vocab.txt")
    parser.add_argument("--train", type=int, default=12404, help="lines to train on, the first ones; the others are the test")
    parser.add_argument("--counts", action="store_true", help="how often a line has a word as its value; else 1")
    options = parser.parse_args()
    rows = [parse(line) for line in lines_of(options.file)]
    train, test = rows[:options.train], rows[options.train:]
    features = {word: i for i, word in enumerate(dict.fromkeys(word for _, words in train for word in words))}
    labels = {tag: i for i, tag in enumerate(dict.fromkeys(tag for tags, _ in rows for tag in tags))}
    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out / "train.txt", train, features, labels, options.counts)
    write(options.out / "test.txt", test, features, labels, options.counts)
    (options.out / "labels.txt").write_text("".join(f"{tag}\n" for tag in labels))
    (options.out / "vocab.txt").write_text("".join(f"{word}\n" for word in features))


if __name__ == "__main__":
    main()
