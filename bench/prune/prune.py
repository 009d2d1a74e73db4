#!/usr/bin/env python3
"""What pruned models lose: trains each data set without one row in twenty (6,000 at the most), prunes the model to each size by the fixed order, likewise with
the ranker fitted anew on those rows (--refit), and by curves measured on them (--choose --refit), and scores all models on the test set. CPU seconds are
those of 'eval', all threads together, loading included; in brackets loading alone. Sizes are shares of the model without its training state. --choose-rows
and --test-rows take the first rows alone, to choose steps by and to score on; 0: all.

DATA is a data set as bench/trainings.py finds it, with train.txt. What --work has already (DATA.glsd, DATA.hold.txt) is not made again. Options behind '--' go
to all trainings. Standard library only, but for zstdcat."""

import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from trainings import CUTOFFS, Training, arguments_of, fail, own_arguments

DATA = ("wordnet-related", "tate-subjects", "citeulike-t", "gowalla", "yso-finna-en", "arxiv-authors")
EVERY, MOST = 20, 6000


def baskets(rows):
    """Per row a number: rows that are folds of one basket (the same items, of which others are the labels) have the same one. Such rows are in
    training and test sets together, so they are held out together. Each row its own where fewer than half of the rows are such folds."""
    firsts = {}
    for i, row in enumerate(rows):
        labels, _, features = row.partition(b" ")
        items = frozenset(labels.split(b",")).union(feature.partition(b":")[0] for feature in features.split())
        firsts.setdefault(hash(items), []).append((i, labels))
    found = list(range(len(rows)))
    for fold in firsts.values():
        if len({labels for _, labels in fold}) == len(fold):
            for i, _ in fold:
                found[i] = fold[0][0]
    folds = sum(len(fold) for fold in firsts.values() if len({labels for _, labels in fold}) == len(fold) > 1)
    return found if 2 * folds > len(rows) else range(len(rows))


def split(source, train, hold):
    """Every 20th row is held out, up to 6,000 rows; of baskets the folds of every 20th."""
    text = subprocess.run(["zstdcat", "-f", source], check=True, capture_output=True).stdout if source.endswith(".zst") else pathlib.Path(source).read_bytes()
    header, *rows = text.removesuffix(b"\n").split(b"\n")
    group = baskets(rows)
    wanted = set(sorted(set(group))[EVERY // 3 :: EVERY])
    held, kept = set(), set()
    for i in range(len(rows)):
        if group[i] in wanted and (group[i] in kept or len(held) < MOST):
            held.add(i)
            kept.add(group[i])
    _, features, labels = header.split()
    for path, chosen in ((train, [row for i, row in enumerate(rows) if i not in held]), (hold, [rows[i] for i in sorted(held)])):
        path.write_bytes(b"\n".join([b"%d %s %s" % (len(chosen), features, labels), *chosen]) + b"\n")


def called(*command):
    """What it printed, and its processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        fail(done.stderr.strip())
    return done.stdout, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def scored(glissade, model, test):
    text, seconds = called(glissade, "eval", "--model", model, *test)
    precisions = re.search(r"^P +(\S+) +(\S+) +(\S+)", text, re.MULTILINE).groups()
    return [float(value) for value in precisions], f"{seconds:.0f} ({called(glissade, 'info', '--model', model)[1]:.1f})"


def first_rows(path, count, to):
    """The file, or one of its first rows where it has more."""
    text = subprocess.run(["zstdcat", "-f", path], check=True, capture_output=True).stdout
    header, *rows = text.split(b"\n", count + 1)[: count + 1]
    if not count or len(rows) < count:
        return path
    _, features, labels = header.split()
    to.write_bytes(b"\n".join([b"%d %s %s" % (count, features, labels), *rows]) + b"\n")
    return str(to)


def table_of(glissade, model, sizes, hold, more):
    """Size, bytes and steps of each line."""
    text, _ = called(glissade, "prune", "--model", model, "--sizes", sizes, "--rows", hold, *more)
    return [(f"{line.split('%')[0].strip()} %", line.split()[-1]) for line in text.splitlines()[2:]]


def line(data, way, size, path, scores, base, seconds):
    lost = " | ".join(f"{value:.2f} ({value - before:+.2f})" for value, before in zip(scores, base)) if base else " | ".join(f"{value:.2f}" for value in scores)
    print(f"| {data} | {way} | {size} | {os.path.getsize(path) / (1 << 20):.1f} | {lost} | {seconds} |", flush=True)


def bench(glissade, data, work, arguments, options):
    train, test = arguments_of(data)
    test = [test[0], first_rows(test[1], int(arguments.test_rows), work / f"{data}.test.txt"), *test[2:]]
    model, hold, pruned = work / f"{data}.glsd", work / f"{data}.hold.txt", work / f"{data}.pruned.glsd"
    if not (model.is_file() and hold.is_file()):
        rest = work / f"{data}.train.txt"
        split(train[1], rest, hold)
        Training(glissade, ["--train", str(rest), *options], str(model))
        rest.unlink()
    chosen_by = first_rows(str(hold), int(arguments.choose_rows), work / f"{data}.choose.txt")
    base, seconds = scored(glissade, str(model), test)
    line(data, "whole", "100 %", model, base, None, seconds)
    refit = ["--refit", "--rows", str(hold)]
    for way, choose, more in (("fixed", [], []), ("fixed, refit", [], refit), ("chosen, refit", ["--choose", "--refit"], refit)):
        for size, steps in table_of(glissade, str(model), arguments.sizes, chosen_by, choose):
            called(glissade, "prune", "--model", str(model), "--out", str(pruned), "--steps", steps, *more)
            scores, seconds = scored(glissade, str(pruned), test)
            line(data, way, size, pruned, scores, base, seconds)
    pruned.unlink()


def main():
    arguments, options = own_arguments(__doc__, DATA, sizes="25%,10%", work="", choose_rows="0", test_rows="0")
    print("| data | mix | size | MiB | " + " | ".join(f"P@{k}" for k in CUTOFFS) + " | eval CPU s (load) |\n|---|---|--:|--:|" + "--:|" * 4, flush=True)
    with tempfile.TemporaryDirectory(prefix="glissade-prune-") as folder:
        work = pathlib.Path(arguments.work or folder)
        work.mkdir(parents=True, exist_ok=True)
        for data in arguments.data or DATA:
            bench(f"{arguments.build}/apps/glissade", data, work, arguments, options)


if __name__ == "__main__":
    main()
