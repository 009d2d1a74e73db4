#!/usr/bin/env python3
"""Spoils XMC files as people's files are spoilt, to see what a default training loses by it:

    spoil_data.py column  --out FOLDER train.txt.zst test.txt.zst   the values of the commonest feature times 1,000,000
    spoil_data.py doubled --out FOLDER train.txt.zst                half of the rows stand twice, the second time at the end
    spoil_data.py labels  --out FOLDER train.txt.zst test.txt.zst   labels among the features of the training rows; the test's have none

Writes FOLDER/train.txt, and FOLDER/test.txt where a test file is given.
"""

import argparse
import collections
import pathlib
import random

from shuffle_labels import lines_of


def parts(line):
    labels, _, features = line.partition(" ")
    return labels, [pair.split(":") for pair in features.split()]


def joined(labels, features):
    return labels + "".join(f" {feature}:{value}" for feature, value in features)


def scaled(files):
    counts = collections.Counter(feature for line in files[0][1:] for feature, _ in parts(line)[1])
    column = counts.most_common(1)[0][0]
    for header, *rows in files:
        yield [header] + [joined(labels, [(f, f"{float(v) * 1e6:g}" if f == column else v) for f, v in features])
                          for labels, features in map(parts, rows)]


def doubled(files):
    header, *rows = files[0]
    rows += [rows[i] for i in random.Random(1).sample(range(len(rows)), len(rows) // 2)]
    yield [" ".join([str(len(rows))] + header.split()[1:])] + rows
    yield from files[1:]


def with_labels(files):
    for number, (header, *rows) in enumerate(files):
        samples, features, labels = header.split()
        if number == 0:
            rows = [row + "".join(f" {int(features) + int(label)}:1" for label in row.partition(" ")[0].split(",") if label) for row in rows]
        yield [f"{samples} {int(features) + int(labels)} {labels}"] + rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["column", "doubled", "labels"])
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    spoil = {"column": scaled, "doubled": doubled, "labels": with_labels}[options.what]
    for name, lines in zip(["train.txt", "test.txt"], spoil([lines_of(path) for path in options.files])):
        (options.out / name).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
