#!/usr/bin/env python3
"""What more machines would do: measures a thread and a network's cables here, fits a cost model, holds it against steps of ranks that it was not
fitted to, on emulated networks, and prints the page docs/scale.md. Needs root, mpirun, iproute2. Standard library only."""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

import measure
import page
from measure import Bench, said
from model import Cable, Plan, Problem, Thread

WIDTH, BATCH = 128, 512
ROWS = {"sparse": 8192, "dense": 2048, "coarse, bf16": 16384, "labels": 16384}  # passes of some seconds
FITTED = [(1, 0.1), (10, 0.1)]  # networks of two ranks on which operations are measured
# Ranks, Gb/s, ms one way, batch: networks on which steps are predicted, then measured.
HELD = [(2, 1, 0.1, 512), (2, 10, 0.1, 512), (2, 2.5, 0.5, 1024), (3, 1, 1, 768), (4, 1, 0.1, 512), (4, 2.5, 0.5, 1024)]
PARTED = [(256, 2), (512, 2), (512, 4), (1024, 2), (1024, 4)]
WHOLE = [(128, 1), (256, 1), (512, 1), (1024, 1)]
# Of Amazon-670K's shape but for the labels: so few that all of their memory has been touched before the pass that counts, and too many for a cache.
AMAZON = "16384x135909x100000"
AMAZON_OPTIONS = ["--active", "8192"]
AMAZON_STEPS = [(256, 1), (512, 1), (1024, 1), (512, 2), (1024, 2), (1024, 4)]


def cores():
    return len(os.sched_getaffinity(0))


def crowd(ranks):
    """Ranks for each core of this machine."""
    return max(1.0, ranks / cores())


def measured(bench, path, repeats):
    """All that is measured, as JSON has it."""
    out = {"load": [os.getloadavg()[0]], "cores": cores(), "path": path}
    rows = {way: bench.first_rows(path, count) for way, count in ROWS.items()}
    out["features"], out["labels"] = rows["sparse"][1:]
    out["operations"] = [one for network in FITTED for one in bench.exchanges(2, *network, measure.EXCHANGED)]
    out["loopback"] = bench.loopback(["gather:8", "gather:4000000"])
    said("operations are measured")
    out["thread"] = bench.one_process(rows["sparse"], WHOLE + PARTED, repeats=repeats)
    out["here"] = bench.steps(rows, 2, 0, 0, list(measure.WAYS), BATCH, repeats)
    out["load"].append(os.getloadavg()[0])
    out["held"] = []
    for ranks, gigabits, milliseconds, batch in HELD:
        out["held"] += bench.steps(rows, ranks, gigabits, milliseconds, list(measure.WAYS), batch, repeats)
        out["load"].append(os.getloadavg()[0])
    amazon = bench.generated(AMAZON)
    out["amazon"] = bench.one_process(amazon, AMAZON_STEPS, AMAZON_OPTIONS, 2)
    return out


def plan_of(data):
    """The model with the constants that the measurements give; none of the held steps is looked at."""
    plan = Plan(Thread(data["thread"]), Cable.fitted(data["operations"], crowd), Problem(WIDTH, data["features"], data["labels"], 1), {})
    for one in data["here"]:
        plan.problem.steps = one["steps"]
        worked = sum(one["phases"].values()) - one["waited"] - plan.step(one["way"], 2, BATCH)
        plan.exchange[one["way"]] = max(0.0, worked) / plan.traffic(one["way"], 2, BATCH).handled
    return plan


def held(plan, data):
    """Each held step with what the model says of it."""
    out = []
    for one in data["held"]:
        where = (one["way"], one["ranks"], one["batch"])
        plan.problem.steps = one["steps"]
        seconds = plan.seconds(*where, one["gigabits"], one["milliseconds"], crowd(one["ranks"]))
        out.append({**one, "predicted": seconds, "predicted_bytes": plan.traffic(*where).sent, "error": seconds / one["seconds"] - 1})
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--train", metavar="FILE", help="rows in XMC format; default: those of yso-finna-en below $GLISSADE_DATA")
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the fastest counts; default 3")
    parser.add_argument("--json", metavar="FILE", default="out/scale.json", help="where what was measured is kept; default out/scale.json")
    parser.add_argument("--again", action="store_true", help="print the page from that file, without measuring")
    arguments = parser.parse_args()
    kept = pathlib.Path(arguments.json)
    if not arguments.again:
        path = arguments.train or str(pathlib.Path(os.environ.get("GLISSADE_DATA", "../shared/data")) / "yso-finna-en/train.txt.zst")
        if not pathlib.Path(path).is_file():
            sys.exit(f"scale: '{path}' is not there; set GLISSADE_DATA, or name a file with --train")
        with tempfile.TemporaryDirectory(prefix="glissade-scale-") as folder:
            data = measured(Bench(arguments.build, folder), path, arguments.repeats)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(data))
    data = json.loads(kept.read_text())
    plan = plan_of(data)
    checks = held(plan, data)
    said(f"error of the model on steps that it was not fitted to: median {100 * statistics.median(abs(one['error']) for one in checks):.0f} %")
    page.print_page(data, plan, checks)


if __name__ == "__main__":
    main()
