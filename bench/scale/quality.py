#!/usr/bin/env python3
"""What it costs in P@k to let few gradients travel: trainings of two ranks on whole data sets, by --communicate, and what a step then takes on an
emulated network beside one that sends all rows. Options behind '--' go to 'glissade train'. Needs root, mpirun, iproute2. Standard library only."""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

from measure import FIRST, Bench, run, said
from network import OneMachine

DATA = {"yso-finna-en": "short-text", "arxiv-authors": "long-text"}  # and the presets that they get
WAYS = {  # the first says what all gradients give, with fewer bytes than dense
    "sparse": ["--communicate", "sparse"],
    "coarse, bf16": ["--communicate", "coarse", "--travel-share", "0.1", "--wire", "bf16"],
}
STEPS = {"dense": ["--communicate", "dense"], **WAYS}
GIGABITS, MILLISECONDS, ROWS, PASSES = 1, 0.1, 4096, 3


def events_of(bench, network, path, options):
    log = bench.folder / "log.jsonl"
    log.unlink(missing_ok=True)
    first = FIRST if "--test" not in options else []  # steps are timed, whole trainings are not
    run(network.command([*first, bench.glissade, "train", "--train", path, "--model", bench.folder / "m.glsd", "--threads", "1", "--quiet", "--slim",
                         "--keep", "0", "--log-json", log, *options]))
    return [json.loads(line) for line in log.read_text().splitlines()]


def step_of(events):
    """ms and bytes of a step of the last pass but one."""
    epoch = [event for event in events if event["event"] == "epoch"][-2]
    return 1e3 * epoch["train_seconds"] / epoch["steps"], epoch["ranks"][0]["bytes_sent"] / epoch["ranks_steps"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=list(DATA), choices=list(DATA), metavar="DATA", help=", ".join(DATA))
    parser.add_argument("--build", default="build")
    parser.add_argument("--seeds", default="1")
    own, options = sys.argv[1:], []
    if "--" in own:
        own, options = own[: own.index("--")], own[own.index("--") + 1:]
    arguments = parser.parse_args(own)
    print("| data | what travels | P@1 | P@3 | P@5 | KB a step | ms a step | KB, whole data |\n|---|---|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="glissade-quality-") as folder:
        bench = Bench(arguments.build, folder)
        for name in arguments.data:
            place = pathlib.Path(os.environ.get("GLISSADE_DATA", "../shared/data")) / name
            scores, sent = {}, {}
            for seed in arguments.seeds.split(","):
                for way, how in WAYS.items():
                    events = events_of(bench, OneMachine(2), place / "train.txt.zst",
                                       ["--preset", DATA[name], "--test", place / "test.txt.zst", "--eval-every", "1000", "--seed", seed, *how, *options])
                    epoch = [event for event in events if event["event"] == "epoch"][-1]
                    scores.setdefault(way, []).append([100 * events[-1][f"p@{k}"] for k in (1, 3, 5)])
                    sent[way] = epoch["ranks"][0]["bytes_sent"] / epoch["ranks_steps"]
                    said(f"{name}, seed {seed}, {way}: {scores[way][-1]}, {sent[way] / 1e3:.0f} KB a step")
            few, _, _ = bench.first_rows(place / "train.txt.zst", ROWS)
            with bench.network(2, GIGABITS, MILLISECONDS) as network:
                for way, how in STEPS.items():
                    step = step_of(events_of(bench, network, few, ["--preset", DATA[name], *how, *options, "--epochs", PASSES, "--warmup", "0"]))
                    means = [f"{statistics.mean(values):.2f}" for values in zip(*scores[way])] if way in scores else ["as sparse", "", ""]
                    whole = f"{sent[way] / 1e3:,.0f}" if way in sent else ""
                    print(f"| {name} | {way} | {' | '.join(means)} | {step[1] / 1e3:,.0f} | {step[0]:,.1f} | {whole} |", flush=True)


if __name__ == "__main__":
    main()
