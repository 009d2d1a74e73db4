#!/usr/bin/env python3
"""What pruned models lose: trains each data set without one row in twenty (6,000 at the most), prunes the model to each size by the fixed order and by curves
measured on those rows (--choose), and scores all models on the test set. CPU seconds are those of 'eval', all threads together, loading included; in
brackets loading alone. Sizes are shares of the model without its training state.

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


def split(source, train, hold):
    """Every 20th row is held out, up to 6,000 rows."""
    text = subprocess.run(["zstdcat", "-f", source], check=True, capture_output=True).stdout if source.endswith(".zst") else pathlib.Path(source).read_bytes()
    header, *rows = text.removesuffix(b"\n").split(b"\n")
    held = {row for row in range(EVERY // 3, len(rows), EVERY)}
    held = set(sorted(held)[:MOST])
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


def table_of(glissade, model, sizes, hold, more):
    """Size, bytes and steps of each line."""
    text, _ = called(glissade, "prune", "--model", model, "--sizes", sizes, "--rows", hold, *more)
    return [(f"{line.split('%')[0].strip()} %", line.split()[-1]) for line in text.splitlines()[2:]]


def line(data, way, size, path, scores, base, seconds):
    lost = " | ".join(f"{value:.2f} ({value - before:+.2f})" for value, before in zip(scores, base)) if base else " | ".join(f"{value:.2f}" for value in scores)
    print(f"| {data} | {way} | {size} | {os.path.getsize(path) / (1 << 20):.1f} | {lost} | {seconds} |", flush=True)


def bench(glissade, data, work, sizes, options):
    train, test = arguments_of(data)
    model, hold, pruned = work / f"{data}.glsd", work / f"{data}.hold.txt", work / f"{data}.pruned.glsd"
    if not (model.is_file() and hold.is_file()):
        rest = work / f"{data}.train.txt"
        split(train[1], rest, hold)
        Training(glissade, ["--train", str(rest), *options], str(model))
        rest.unlink()
    base, seconds = scored(glissade, str(model), test)
    line(data, "whole", "100 %", model, base, None, seconds)
    for way, more in (("fixed", []), ("chosen", ["--choose"])):
        for size, steps in table_of(glissade, str(model), sizes, str(hold), more):
            called(glissade, "prune", "--model", str(model), "--out", str(pruned), "--steps", steps)
            scores, seconds = scored(glissade, str(pruned), test)
            line(data, way, size, pruned, scores, base, seconds)
    pruned.unlink()


def main():
    arguments, options = own_arguments(__doc__, DATA, sizes="25%,10%,5%", work="")
    print("| data | mix | size | MiB | " + " | ".join(f"P@{k}" for k in CUTOFFS) + " | eval CPU s (load) |\n|---|---|--:|--:|" + "--:|" * 4, flush=True)
    with tempfile.TemporaryDirectory(prefix="glissade-prune-") as folder:
        work = pathlib.Path(arguments.work or folder)
        work.mkdir(parents=True, exist_ok=True)
        for data in arguments.data or DATA:
            bench(f"{arguments.build}/apps/glissade", data, work, arguments.sizes, options)


if __name__ == "__main__":
    main()
