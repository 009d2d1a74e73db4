#!/usr/bin/env python3
"""Gives the labels of XMC files other ids, by one fixed permutation for all of them: features and labels that were the same things
under equal ids still are, but nobody sees it from the ids.

    shuffle_labels.py --seed 1 --out FOLDER train.txt.zst test.txt.zst     writes FOLDER/train.txt, FOLDER/test.txt
"""

import argparse
import pathlib
import random
import subprocess
import sys


def lines_of(path):
    if path.suffix != ".zst":
        return path.read_text().splitlines()
    return subprocess.run(["zstd", "-dc", str(path)], check=True, capture_output=True, text=True).stdout.splitlines()


def shuffled(line, ids):
    labels, space, features = line.partition(" ")
    names = sorted(ids[int(label)] for label in labels.split(",") if label)
    return ",".join(map(str, names)) + space + features


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    ids = None
    for path in options.files:
        header, *rows = lines_of(path)
        labels = int(header.split()[2])
        if ids is None:
            ids = list(range(labels))
            random.Random(options.seed).shuffle(ids)
        if len(ids) != labels:
            sys.exit(f"{path} has {labels} labels, the files before it have {len(ids)}; give files of one data set")
        with open(options.out / path.name.removesuffix(".zst"), "w", encoding="utf-8") as out:
            out.write(header + "\n")
            out.writelines(shuffled(row, ids) + "\n" for row in rows)


if __name__ == "__main__":
    main()
