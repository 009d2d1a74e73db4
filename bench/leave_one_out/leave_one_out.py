#!/usr/bin/env python3
"""Chooses settings on all data sets but one, and scores the choice on the one that is left out: what a user's data may expect of the presets.

Only training files are read. Of each, --rows rows are drawn, and a part of these is held out of training (--holdout). DATA is a folder below
$GLISSADE_DATA, or a path, with train.txt. Each run is a line of --state, so a stopped bench goes on where it was. Standard library and zstd only.
"""

import argparse
import json
import os
import pathlib
import random
import shlex
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ("wordnet-related", "tate-subjects", "citeulike-t", "yso-finna-en", "arxiv-authors")
CUTOFFS = (1, 3, 5)
PRESENT = "as chosen by the data"
SETTINGS = {
    PRESENT: "",
    "few-rows": "--preset few-rows",
    "short-text": "--preset short-text",
    "long-text": "--preset long-text",
    "few-rows, 6 epochs": "--preset few-rows --epochs 6",
    "few-rows, 20 epochs": "--preset few-rows --epochs 20",
    "few-rows, 256 wide": "--preset few-rows --hidden 256",
    "few-rows, half the dropout": "--preset few-rows --feature-dropout 0.1 --hidden-dropout 0.15",
    "few-rows, more dropout": "--preset few-rows --feature-dropout 0.4 --hidden-dropout 0.5",
}


def fail(message):
    print(f"leave-one-out: {message}", file=sys.stderr)
    sys.exit(1)


def training_file(data):
    folder = pathlib.Path(data) if pathlib.Path(data).is_dir() else pathlib.Path(os.environ.get("GLISSADE_DATA", ROOT / "../shared/data")) / data
    for name in ("train.txt", "train.txt.zst"):
        if (folder / name).is_file():
            return folder / name
    fail(f"'{folder}' holds no train.txt; set GLISSADE_DATA, or name another folder")


def draw_rows(data, rows, seed, path):
    """Writes some rows of a training file, in their order."""
    source = training_file(data)
    text = subprocess.run(["zstd", "-dcq", source], check=True, capture_output=True, text=True).stdout if source.suffix == ".zst" else source.read_text()
    header, *lines = text.splitlines()
    chosen = sorted(random.Random(seed).sample(range(len(lines)), min(rows, len(lines))))
    path.write_text("\n".join([f"{len(chosen)} {header.split(' ', 1)[1]}", *(lines[row] for row in chosen)]) + "\n")


def train(glissade, path, options, seed, holdout, folder):
    """P@1/3/5 in percent on the rows that are held out."""
    log = folder / "log.jsonl"
    command = [glissade, "train", "--train", str(path), "--holdout", str(holdout), "--eval-every", "1000", "--seed", str(seed), *shlex.split(options),
               "--slim", "--quiet", "--no-cache", "--model", str(folder / "model.glsd"), "--log-json", str(log)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"'{shlex.join(command)}' ended with exit status {done.returncode}: {done.stderr}")
    last = json.loads(log.read_text().splitlines()[-1])
    return [100 * last[f"p@{k}"] for k in CUTOFFS]


def read_state(path):
    """(data, rows, seed, options) -> P@1/3/5. A line that was cut short by a kill is passed over."""
    known = {}
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            run = json.loads(line)
        except ValueError:
            continue
        known[run["data"], run["rows"], run["seed"], run["options"]] = run["scores"]
    return known


def run_all(arguments, names):
    known = read_state(arguments.state)
    with tempfile.TemporaryDirectory(prefix="glissade-leave-one-out-") as folder:
        folder = pathlib.Path(folder)
        for seed in arguments.seeds:
            for data in arguments.data:
                path = folder / "rows.txt"
                missing = [SETTINGS[name] for name in names if (data, arguments.rows, seed, SETTINGS[name]) not in known]
                if missing:
                    draw_rows(data, arguments.rows, seed, path)
                for options in missing:
                    scores = train(f"{arguments.build}/apps/glissade", path, options, seed, arguments.holdout, folder)
                    known[data, arguments.rows, seed, options] = scores
                    with arguments.state.open("a") as state:
                        state.write(json.dumps({"data": data, "rows": arguments.rows, "seed": seed, "options": options, "scores": scores}) + "\n")
    return known


def text(scores):
    return "/".join(f"{score:.2f}" for score in scores)


def report(arguments, known, names):
    def scores(data, name):
        runs = [known[data, arguments.rows, seed, SETTINGS[name]] for seed in arguments.seeds]
        return [statistics.mean(column) for column in zip(*runs)]

    table = {data: {name: scores(data, name) for name in names} for data in arguments.data}
    gain = {data: {name: statistics.mean(table[data][name]) - statistics.mean(table[data][PRESENT]) for name in names} for data in arguments.data}
    print("| settings | " + " | ".join(map(str, table)) + " |\n|---|" + "--:|" * len(table))
    for name in names:
        print(f"| {name} | " + " | ".join(text(table[data][name]) for data in table) + " |")
    print("\n| left out | chosen on the others | its P@1/3/5 | present choice | best there | its P@1/3/5 |\n|---|---|--:|--:|---|--:|")
    for data in table:
        others = [other for other in table if other != data]
        chosen = max(names, key=lambda name: statistics.mean(gain[other][name] for other in others))
        best = max(names, key=lambda name: gain[data][name])
        print(f"| {data} | {chosen} | {text(table[data][chosen])} | {text(table[data][PRESENT])} | {best} | {text(table[data][best])} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", metavar="DATA", help="two or more; default: " + ", ".join(DATA))
    parser.add_argument("--build", default="build")
    parser.add_argument("--rows", type=int, default=5000, help="of each training file, the held-out ones included; default 5000")
    parser.add_argument("--holdout", type=float, default=0.3)
    parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in text.split(",")], default=[1])
    parser.add_argument("--settings", help="names of settings, between ';'; default: all")
    parser.add_argument("--state", type=pathlib.Path, default=ROOT / "out/leave_one_out.jsonl")
    arguments = parser.parse_args()
    arguments.data = arguments.data or list(DATA)
    if len(arguments.data) < 2:
        fail("one data set leaves none to choose on; name two or more")
    names = [name.strip() for name in arguments.settings.split(";")] if arguments.settings else list(SETTINGS)
    unknown = [name for name in names if name not in SETTINGS]
    if unknown:
        fail(f"--settings: '{unknown[0]}' does not exist; there are {'; '.join(SETTINGS)}")
    names = [PRESENT] + [name for name in names if name != PRESENT]
    arguments.state.parent.mkdir(parents=True, exist_ok=True)
    report(arguments, run_all(arguments, names), names)


if __name__ == "__main__":
    main()
