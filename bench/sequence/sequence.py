#!/usr/bin/env python3
"""Ranks the last item of each sequence among all items: HR@k and nDCG@k, for several seeds, with 95 % intervals. Items that are held out are no
training targets: of N = 2 (--holdout-last) the first is for choices (--part valid), the last is the test (--part test). Other options go to
'glissade train'. Standard library only."""

import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

CUTOFFS = (5, 10, 20)


def fail(message):
    print(f"sequence: {message}", file=sys.stderr)
    sys.exit(1)


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fail(f"'{shlex.join(command)}' ended with exit status {done.returncode}")
    return done.stdout


def score(glissade, path, part, held_out, seed, options, folder):
    """The measures of one run, and the seconds of its training."""
    model = f"{folder}/model.glsd"
    start = time.monotonic()
    run([glissade, "train", "--train", path, "--format", "sequence", "--holdout-last", str(held_out), "--eval-every", "1000", "--seed", str(seed),
         *options, "--quiet", "--slim", "--model", model])
    seconds = time.monotonic() - start
    place = "1" if part == "test" else "2"
    return json.loads(run([glissade, "eval", "--model", model, "--test", path, "--holdout-last", place, "--json"])), seconds


def line(name, measures, seconds):
    cells = []
    for k in CUTOFFS:
        for measure in ("hr", "ndcg"):
            low, high = measures["interval_95"][f"{measure}@{k}"]
            cells.append(f"{measures[f'{measure}@{k}']:.4f} ±{(high - low) / 2:.4f}")
    return f"| {name} | {' | '.join(cells)} | {seconds:.0f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--train", help="a file of sequences; default $GLISSADE_DATA/beauty/sequences.txt.zst")
    parser.add_argument("--part", choices=("valid", "test"), default="valid")
    parser.add_argument("--holdout-last", type=int, default=2)
    parser.add_argument("--seeds", default="1,2")
    arguments, options = parser.parse_known_args()
    if arguments.part == "valid" and arguments.holdout_last < 2:
        fail("--part valid asks for the last but one item, which --holdout-last 1 trains on; use --holdout-last 2")
    path = arguments.train or str(pathlib.Path(os.environ.get("GLISSADE_DATA", "../shared/data")) / "beauty/sequences.txt.zst")
    if not pathlib.Path(path).is_file():
        fail(f"'{path}' is not there; set GLISSADE_DATA, or name a file with --train")
    print(f"| {arguments.part} | " + " | ".join(f"HR@{k} | nDCG@{k}" for k in CUTOFFS) + " | train s |")
    print("|---|" + "--:|" * (2 * len(CUTOFFS) + 1))
    with tempfile.TemporaryDirectory(prefix="glissade-sequence-") as folder:
        for seed in arguments.seeds.split(","):
            measures, seconds = score(f"{arguments.build}/apps/glissade", path, arguments.part, arguments.holdout_last, seed, options, folder)
            print(line(f"seed {seed}", measures, seconds), flush=True)


if __name__ == "__main__":
    main()
