#!/usr/bin/env python3
"""Large batches beside the default one: trains each data set with each batch and several seeds, in turn, and scores the models on the test set, or with
--holdout on rows held out of training, by which choices are made. P@1/3/5 are means over the seeds, and half the distance between the best and the worst;
updates are the optimiser's steps of a run; CPU seconds are medians. Several processes (--distribute data) learn the same from the same batch.

DATA is a data set as bench/trainings.py finds it. Options behind '--' go to all trainings. Standard library only."""

import json
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from trainings import CUTOFFS, Training, arguments_of, own_arguments, precisions

DATA = ("yso-finna-en", "arxiv-authors", "wordnet-related")
BATCHES = "512,4096,16384,65536"


def spread(values):
    return f"{statistics.mean(values):.2f} +/- {(max(values) - min(values)) / 2:.2f}"


def epochs_of(log):
    return [event for event in map(json.loads, pathlib.Path(log).read_text().splitlines()) if event["event"] == "epoch"]


def main():
    arguments, options = own_arguments(__doc__, DATA, seeds="1,2,3", batches=BATCHES, holdout="0")
    glissade = f"{arguments.build}/apps/glissade"
    holdout = ["--holdout", arguments.holdout] if float(arguments.holdout) > 0 else []
    print("| data | batch | updates | " + " | ".join(f"P@{k}" for k in CUTOFFS) + " | CPU s |\n|---|--:|" + "--:|" * 5, flush=True)
    with tempfile.TemporaryDirectory(prefix="glissade-batches-") as folder:
        model, log = f"{folder}/m.glsd", f"{folder}/log.jsonl"
        for data in arguments.data or DATA:
            train, test = arguments_of(data)
            runs = {batch: [] for batch in arguments.batches.split(",")}
            for seed in arguments.seeds.split(","):
                for batch, done in runs.items():
                    training = Training(glissade, [*train, *holdout, "--seed", seed, "--batch", batch, "--log-json", log, *options], model)
                    epochs = epochs_of(log)
                    scores = [100 * epochs[-1][f"p@{k}"] for k in CUTOFFS] if holdout else precisions(glissade, model, test)
                    done.append((scores, sum(epoch["steps"] for epoch in epochs), training.processor_seconds))
            for batch, done in runs.items():
                scores = " | ".join(spread([scores[i] for scores, _, _ in done]) for i in range(len(CUTOFFS)))
                print(f"| {data} | {int(batch):,} | {done[0][1]:,} | {scores} | {statistics.median(seconds for _, _, seconds in done):.0f} |", flush=True)


if __name__ == "__main__":
    main()
