#!/usr/bin/env python3
"""Trains each data set as usual and with --autotune, and scores both on the test set: P@1/3/5, beside the best label tree in bench/RESULTS.md.

DATA is a data set as bench/trainings.py finds it. Options behind '--' go to both trainings. Standard library only.
"""

import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from trainings import CUTOFFS, ROOT, Training, arguments_of, own_arguments, precisions

DATA = ("wordnet-related", "tate-subjects", "citeulike-t", "gowalla", "beauty", "arxiv-authors", "yso-finna-en")
CHOICE = re.compile(r"the same without a search(?:: leave --autotune out|, instead of --autotune: (.*))\n")
LABEL_TREES = ("omikuji", "PECOS", "napkinXC")


def best_tree(data):
    """P@1/3/5 of the label tree with the best P@1 in bench/RESULTS.md; None if there is none for these data."""
    found, name = [], ""
    for line in (ROOT / "bench/RESULTS.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) < 5:
            name = ""
            continue
        name = cells[0] or name
        if name == data and cells[1].startswith(LABEL_TREES):
            try:
                found.append((cells[1], [float(cell) for cell in cells[2:5]]))
            except ValueError:
                continue  # another table
    return max(found, key=lambda tree: tree[1][0]) if found else None


def train_and_score(glissade, data, options, folder):
    """P@k in percent, seconds of the training, what it said."""
    train, test = arguments_of(data)
    model = f"{folder}/model.glsd"
    training = Training(glissade, [*train, *options], model)
    return precisions(glissade, model, test), training.seconds, training.said


def line(data, seed, settings, scores, seconds):
    print(f"| {data} | {seed} | {settings} | {' | '.join(f'{score:.2f}' for score in scores)} | {seconds} |", flush=True)


def compare(glissade, data, seed, minutes, options, folder):
    usual, seconds, _ = train_and_score(glissade, data, ["--seed", seed, *options], folder)
    line(data, seed, "default", usual, f"{seconds:.0f}")
    scores, seconds, said = train_and_score(glissade, data, ["--seed", seed, "--autotune", minutes, *options], folder)
    choice = CHOICE.search(said)
    line(data, seed, f"autotune: {choice and choice[1] or 'default'}", scores, f"{seconds:.0f}")
    line(data, seed, "gain", [a - b for a, b in zip(scores, usual)], "")


def main():
    arguments, options = own_arguments(__doc__, DATA, minutes="10", seeds="1")
    print("| data | seed | settings | " + " | ".join(f"P@{k}" for k in CUTOFFS) + " | s, search included |")
    print("|---|--:|---|" + "--:|" * 4, flush=True)
    with tempfile.TemporaryDirectory(prefix="glissade-autotune-") as folder:
        for data in arguments.data or DATA:
            for seed in arguments.seeds.split(","):
                compare(f"{arguments.build}/apps/glissade", data, seed, arguments.minutes, options, folder)
            tree = best_tree(data)
            if tree:
                line(data, "", tree[0], tree[1], "")


if __name__ == "__main__":
    main()
