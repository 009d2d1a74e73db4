#!/usr/bin/env python3
"""Glissade beside fastText on a file in fastText's own form ('__label__a words ...'): P@1, P@5, R@5, seconds and model size. fastText with the settings
of its tutorial, and with its autotune, which judges by a part of the training lines; Glissade without an option, and with those behind '--'."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import fasttext

ROOT = pathlib.Path(__file__).resolve().parents[2]
TUTORIAL = {"lr": 1.0, "epoch": 25, "wordNgrams": 2}
LABEL = "__label__"


def fail(message):
    print(f"tagged: {message}", file=sys.stderr)
    sys.exit(1)


def lines_of(path):
    command = ["zstdcat", path] if path.endswith(".zst") else ["cat", path]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def separated(line):
    """As the tutorial prepares its lines: signs apart from words, in lower case."""
    return re.sub(r"([.!?,'/()])", r" \1 ", line).lower()


def labels_and_text(line):
    words = line.split()
    return {w[len(LABEL):] for w in words if w.startswith(LABEL)}, " ".join(w for w in words if not w.startswith(LABEL))


def scores(answers, truths):
    """P@1, P@5 and R@5 (fastText's: of all labels of all lines) of the five best labels of each line."""
    hits = [len(set(found) & true) for found, true in zip(answers, truths)]
    first = sum(found[0] in true for found, true in zip(answers, truths))
    return first / len(truths), sum(hits) / (5 * len(truths)), sum(hits) / sum(len(true) for true in truths)


def run_fasttext(name, train, test, folder, validation=None, minutes=0, threads=2):
    begin = time.monotonic()
    if validation:
        model = fasttext.train_supervised(train, autotuneValidationFile=validation, autotuneDuration=int(60 * minutes), thread=threads, verbose=0)
    else:
        model = fasttext.train_supervised(train, thread=threads, verbose=0, **TUTORIAL)
    seconds = time.monotonic() - begin
    path = f"{folder}/fasttext.bin"
    model.save_model(path)
    parts = [labels_and_text(line) for line in test]
    found = model.f.multilinePredict([text + "\n" for _, text in parts], 5, 0.0, "strict")[0]
    answers = [[label[len(LABEL):] for label in labels] for labels in found]
    return name, scores(answers, [true for true, _ in parts]), seconds, os.path.getsize(path)


def run_glissade(name, glissade, train, test, folder, options):
    model, queries = f"{folder}/m.glsd", f"{folder}/queries.txt"
    parts = [labels_and_text(line) for line in test]
    pathlib.Path(queries).write_text("".join(text + "\n" for _, text in parts))
    begin = time.monotonic()
    subprocess.run([glissade, "train", "--train", train, "--model", model, "--slim", "--quiet", *options], check=True)
    seconds = time.monotonic() - begin
    out = subprocess.run([glissade, "predict", "--model", model, queries, "--format", "lines", "--k", "5"], check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout
    answers = [[pair.rsplit(":", 1)[0] for pair in line.split("\t")] for line in out.splitlines()]
    return name, scores(answers, [true for true, _ in parts]), seconds, os.path.getsize(model)


def main():
    own, options = sys.argv[1:], []
    if "--" in own:
        own, options = own[: own.index("--")], own[own.index("--") + 1 :]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", help="default $GLISSADE_DATA/cooking/cooking.stackexchange.txt.zst")
    parser.add_argument("--build", default="build")
    parser.add_argument("--test-lines", type=int, default=3000, help="the last lines; default 3000")
    parser.add_argument("--minutes", type=float, default=5, help="of fastText's autotune; default 5, 0 = without")
    parser.add_argument("--threads", type=int, default=2, help="of fastText; default 2. By one, its autotune does not end in NaN")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(own)
    data = arguments.data or f"{os.environ.get('GLISSADE_DATA', ROOT / '../shared/data')}/cooking/cooking.stackexchange.txt.zst"
    if not pathlib.Path(data).is_file():
        fail(f"'{data}' is no file; name one, or set GLISSADE_DATA")
    lines = lines_of(data)
    train, test = lines[: -arguments.test_lines], lines[-arguments.test_lines :]
    glissade = f"{arguments.build}/apps/glissade"
    results = []
    with tempfile.TemporaryDirectory() as folder:
        def write(name, kept, change=lambda line: line):
            path = f"{folder}/{name}"
            pathlib.Path(path).write_text("".join(change(line) + "\n" for line in kept))
            return path
        plain, prepared = write("train.txt", train), write("prepared.txt", train, separated)
        results.append(run_glissade("Glissade", glissade, plain, test, folder, []))
        if options:
            results.append(run_glissade(f"Glissade, {' '.join(options)}", glissade, plain, test, folder, options))
        ready = [separated(line) for line in test]
        results.append(run_fasttext("fastText, tutorial", prepared, ready, folder, threads=arguments.threads))
        if arguments.minutes > 0:
            cut = len(train) * 5 // 6
            part, rest = write("part.txt", train[:cut], separated), write("rest.txt", train[cut:], separated)
            try:
                results.append(run_fasttext(f"fastText, autotune {arguments.minutes:g} min", part, ready, folder, rest, arguments.minutes,
                                            arguments.threads))
            except RuntimeError as error:  # "Encountered NaN", after the search, is seen now and then
                print(f"tagged: fastText's autotune ended with '{error}'", file=sys.stderr)
    if arguments.json:
        print(json.dumps([dict(zip(("tool", "p@1", "p@5", "r@5", "seconds", "bytes"), (n, *s, t, b))) for n, s, t, b in results]))
        return
    print("| tool | P@1 | P@5 | R@5 | s | MB |\n|---|--:|--:|--:|--:|--:|")
    for name, (first, precision, recall), seconds, size in results:
        print(f"| {name} | {100 * first:.2f} | {100 * precision:.2f} | {100 * recall:.2f} | {seconds:.1f} | {size / 1e6:.1f} |")


if __name__ == "__main__":
    main()
