#!/usr/bin/env python3
"""What quality costs: trains each data set with each effort and several seeds, in turn, and scores the models on the test set. P@1/3/5 are means over the
seeds, and half the distance between the best and the worst; seconds are medians. The last column is the line of progress, from the tenth second on,
whose forecast was farthest off: told / true.

DATA is a data set as bench/trainings.py finds it. Options behind '--' go to all trainings. Standard library only."""

import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from trainings import CUTOFFS, Training, arguments_of, farthest, own_arguments, precisions

DATA = ("yso-finna-en", "arxiv-authors", "gowalla")
EFFORTS = ("quick", "default", "best")


def spread(values):
    return f"{statistics.mean(values):.2f} +/- {(max(values) - min(values)) / 2:.2f}"


def row(data, effort, runs):
    scores = [spread([scores[i] for scores, _ in runs]) for i in range(len(CUTOFFS))]
    seconds, processor = (statistics.median(getattr(training, name) for _, training in runs) for name in ("seconds", "processor_seconds"))
    worst = farthest(forecast for _, training in runs if (forecast := training.worst_forecast()))
    told = f"{worst[0]:.0f} / {worst[1]:.0f} s" if worst else ""
    print(f"| {data} | {effort} | {' | '.join(scores)} | {seconds:.0f} | {processor:.0f} | {told} |", flush=True)


def main():
    arguments, options = own_arguments(__doc__, DATA, seeds="1,2,3", efforts=",".join(EFFORTS))
    glissade = f"{arguments.build}/apps/glissade"
    print("| data | effort | " + " | ".join(f"P@{k}" for k in CUTOFFS) + " | train s | CPU s | time left, told / true |\n|---|---|" + "--:|" * 6, flush=True)
    with tempfile.TemporaryDirectory(prefix="glissade-frontier-") as folder:
        for data in arguments.data or DATA:
            train, test = arguments_of(data)
            runs = {effort: [] for effort in arguments.efforts.split(",")}
            for seed in arguments.seeds.split(","):
                for effort, done in runs.items():
                    training = Training(glissade, [*train, "--seed", seed, "--effort", effort, *options], f"{folder}/m.glsd")
                    done.append((precisions(glissade, f"{folder}/m.glsd", test), training))
            for effort, done in runs.items():
                row(data, effort, done)


if __name__ == "__main__":
    main()
