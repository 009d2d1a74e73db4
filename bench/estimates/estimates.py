#!/usr/bin/env python3
"""Holds the memory that a run is said to take against the peak that it then has: one epoch on each data set, in which the peak is
reached, with the preset that its kind of data gets. Options that are not listed here go to 'glissade train'. Standard library only."""

import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

SHIPPED = {"wordnet": "datasets/samples/wordnet/train.txt.zst"}
REAL = ["wordnet-related", "tate-subjects", "yso-finna-en", "arxiv-authors", "gowalla", "citeulike-t"]  # below $GLISSADE_DATA
# SAMPLESxFEATURESxLABELS and labels a row: where a batch has more labels than its active set has places.
MADE = {
    "made-100": ("6000x8000x20000", 100),
    "made-150": ("10000x10000x5000", 150),
    "made-200": ("2000x5000x50000", 200),
}
TOLERANCE = 0.1


def fail(message):
    print(f"estimates: {message}", file=sys.stderr)
    sys.exit(1)


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fail(f"'{shlex.join(command)}' ended with exit status {done.returncode}")


def training_file(glissade, name, folder):
    if name in MADE:
        shape, labels = MADE[name]
        run([glissade, "generate", "--shape", shape, "--labels-per-sample", str(labels), "--test-samples", "1", "--out",
             f"{folder}/{name}"])
        return f"{folder}/{name}.train.txt"
    data = pathlib.Path(os.environ.get("GLISSADE_DATA", "../shared/data"))
    path = pathlib.Path(SHIPPED[name]) if name in SHIPPED else data / name / "train.txt.zst"
    if not path.is_file():
        fail(f"'{path}' is not there; set GLISSADE_DATA, or choose others with --data")
    return str(path)


def measure(glissade, path, options, folder):
    """The estimate and the peak in MiB, and the preset that the run chose itself."""
    log = pathlib.Path(folder) / "log.jsonl"
    log.unlink(missing_ok=True)
    run([glissade, "train", "--train", path, "--epochs", "1", *options, "--quiet", "--log-json", str(log),
         "--model", f"{folder}/model.glsd"])
    events = {event["event"]: event for event in map(json.loads, log.read_text().splitlines())}
    return events["start"]["memory_estimate_mb"], events["done"]["peak_rss_mb"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*REAL, *MADE, *SHIPPED]
    parser.add_argument("--data", nargs="+", choices=names, default=[*REAL, *MADE], metavar="NAME", help=", ".join(names))
    parser.add_argument("--build", default="build")
    arguments, options = parser.parse_known_args()
    glissade = f"{arguments.build}/apps/glissade"
    print("| data | estimate MiB | peak MiB | ratio |\n|---|---|---|---|", flush=True)
    wrong = []
    for name in arguments.data:
        with tempfile.TemporaryDirectory() as folder:
            path = training_file(glissade, name, folder)
            # Twice: the first run may parse text, which takes memory of its own; the second finds the cache.
            cache = ["--cache-dir", folder] if name in MADE else []
            run([glissade, "info", "--estimate", "--train", path, *cache, *options])
            estimate, peak = measure(glissade, path, [*cache, *options], folder)
        print(f"| {name} | {estimate:,.0f} | {peak:,.0f} | {estimate / peak:.2f} |", flush=True)
        if abs(estimate / peak - 1) > TOLERANCE:
            wrong.append(name)
    if wrong:
        fail(f"not within {TOLERANCE:.0%} of the peak: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
