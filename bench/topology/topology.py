#!/usr/bin/env python3
"""Sparse layers beside dense ones, at equal steps: the hidden path alone, trained with each density, topology and length of training, several seeds in turn.

DATA is a data set as bench/trainings.py finds it, scored on its test set, or with --holdout on rows held out of training; or 'digits', scikit-learn's 1,797
handwritten digits of 8 x 8 pixels, of which a fifth, drawn by the seed, is the test: a network of 300 and 100 units as in the literature (LeNet-300-100).
'static' with the next seed is what chance makes of a line; lines are compared with it. Lengths are multiples of --epochs. Each run is a line of --state,
so that a stopped bench goes on where it was. --curves names a file, FILE-DATA.svg: P@1 against the part of the weights that is left out, at the first
length. Options behind '--' go to all trainings. Needs scikit-learn for the digits, else the standard library alone."""

import itertools
import json
import pathlib
import random
import shlex
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from charts import chart
from trainings import CUTOFFS, Training, arguments_of, own_arguments, precisions

DATA = ("digits", "wordnet-related", "yso-finna-en", "arxiv-authors")
HIDDEN_PATH = "--preset short-text --fan-in 0 --neighbours 0 --co-labels 0 --weight-samples 0 --decay linear --average 0"
OPTIONS = {
    "digits": "--preset plain --hidden 300,100 --precision fp32 --sampler full --batch 64 --reference-batch 64 --learning-rate 0.003 --density-rule erdos-renyi --no-cache",
    "wordnet-related": HIDDEN_PATH,
    "yso-finna-en": HIDDEN_PATH,
    "arxiv-authors": HIDDEN_PATH + " --hidden 256 --learning-rate 0.15 --feature-dropout 0.1 --hidden-dropout 0.2",
}
EPOCHS = {"digits": 40, "wordnet-related": 12, "yso-finna-en": 7, "arxiv-authors": 1}
DENSE = (1.0, "dense")


def write_digits(folder, seed):
    """train.txt and test.txt in XMC form, pixels from 0 to 1."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = list(range(len(digits.target)))
    random.Random(int(seed)).shuffle(order)
    cut = len(order) // 5
    for name, rows in (("test.txt", order[:cut]), ("train.txt", order[cut:])):
        lines = [f"{len(rows)} 64 10"]
        for row in rows:
            pixels = " ".join(f"{i}:{value / 16:g}" for i, value in enumerate(digits.data[row]) if value > 0)
            lines.append(f"{digits.target[row]} {pixels}")
        (folder / name).write_text("\n".join(lines) + "\n")


def run_once(glissade, data, key, options, holdout, folder):
    density, method, length, seed = key
    if data == "digits":
        write_digits(folder, seed)
        train, test = arguments_of(folder)
    else:
        train, test = arguments_of(data)
    sparse = [] if method == "dense" else ["--density", str(density), "--topology", method]
    epochs = ["--epochs", str(round(EPOCHS.get(data, 7) * length))]
    log, model = str(folder / "log.jsonl"), str(folder / "m.glsd")
    base = shlex.split(OPTIONS.get(data, HIDDEN_PATH))
    training = Training(glissade, [*train, *base, *epochs, *sparse, *holdout, "--seed", seed, "--log-json", log, *options], model)
    if not holdout:
        return {"scores": precisions(glissade, model, test), "seconds": training.processor_seconds}
    last = [event for event in map(json.loads, pathlib.Path(log).read_text().splitlines()) if event["event"] == "epoch"][-1]
    return {"scores": [100 * last[f"p@{k}"] for k in CUTOFFS], "seconds": training.processor_seconds,
            "psp": [100 * last[f"psp@{k}"] for k in CUTOFFS if f"psp@{k}" in last], "bytes": pathlib.Path(model).stat().st_size}


def read_state(path):
    """What was run before. A line that was cut short by a kill is passed over."""
    known = {}
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            run = json.loads(line)
        except ValueError:
            continue
        known[tuple(run.pop("key"))] = run
    return known


def spread(values):
    return f"{statistics.mean(values):.2f} +/- {(max(values) - min(values)) / 2:.2f}"


def report(data, lines, seeds, runs):
    """`lines`: (density, method, length). The last column: mean over the seeds of P@1 minus that of the dense line of the same length."""
    print(f"\n**{data}**\n\n| epochs | density | topology | " + " | ".join(f"P@{k}" for k in CUTOFFS) + " | against dense | PSP@1/3/5 | MiB | CPU s |")
    print("|--:|--:|---|" + "--:|" * (len(CUTOFFS) + 4), flush=True)
    for density, method, length in lines:
        done = [runs.get((density, method, length, seed)) for seed in seeds]
        if None in done:
            continue
        scores = " | ".join(spread([run["scores"][i] for run in done]) for i in range(len(CUTOFFS)))
        dense = [runs.get((*DENSE, length, seed)) for seed in seeds]
        gap = "" if None in dense else f"{statistics.mean(a['scores'][0] - b['scores'][0] for a, b in zip(done, dense)):+.2f}"
        seconds = statistics.median(run["seconds"] for run in done)
        psp = "/".join(f"{statistics.mean(column):.2f}" for column in zip(*(run.get("psp", []) for run in done)))
        size = statistics.mean(run.get("bytes", 0) for run in done) / 2**20
        print(f"| {round(EPOCHS.get(data, 7) * length)} | {density:g} | {method} | {scores} | {gap} | {psp} | {size:.1f} | {seconds:.0f} |", flush=True)


def curves(lines, seeds, runs):
    """P@1 of each topology by density, the dense line first: means over the seeds, and how far these lie apart."""
    length = lines[0][2]
    done = {(density, method): [runs[density, method, length, seed]["scores"][0] for seed in seeds] for density, method, at in lines
            if at == length and all((density, method, length, seed) in runs for seed in seeds)}
    densities = sorted({density for density, _ in done}, reverse=True)
    point = lambda density, method: (densities.index(density), statistics.mean(done[density, method]),  # noqa: E731
                                     (max(done[density, method]) - min(done[density, method])) / 2)
    methods = dict.fromkeys(method for _, method in done if method != DENSE[1])
    named = [(method, [point(*key) for key in sorted(done, reverse=True) if key[1] in (method, DENSE[1])]) for method in methods]
    return chart(named, "weights left out, %", "P@1", [(i, f"{100 * (1 - density):g}") for i, density in enumerate(densities)])


def main():
    arguments, options = own_arguments(__doc__, DATA, seeds="1,2,3", densities="0.5,0.2,0.1,0.05,0.02,0.01", topologies="static,set,rigl,snfs,snip",
                                       lengths="1,2,5", holdout="0", state="", curves="")
    glissade = f"{arguments.build}/apps/glissade"
    holdout = ["--holdout", arguments.holdout] if float(arguments.holdout) > 0 else []
    seeds, lengths = arguments.seeds.split(","), [float(length) for length in arguments.lengths.split(",")]
    sparse = itertools.product(map(float, arguments.densities.split(",")), arguments.topologies.split(","))
    kinds = [DENSE, *sparse]
    for data in arguments.data or DATA:
        lines = [(*kind, length) for length in lengths for kind in kinds]
        state = pathlib.Path(arguments.state) if arguments.state else None
        setting = [data, arguments.holdout, shlex.join(options)]
        known = read_state(state) if state else {}
        runs = {}
        for seed, line in itertools.product(seeds, lines):
            key = (*line, seed)
            run = known.get((*setting, *key))
            if run is None:
                with tempfile.TemporaryDirectory(prefix="glissade-topology-") as folder:
                    run = run_once(glissade, data, key, options, holdout, pathlib.Path(folder))
                if state:
                    with state.open("a") as file:
                        file.write(json.dumps({"key": [*setting, *key], **run}) + "\n")
            runs[key] = run
            print(data, *key, "P@1 %.2f" % run["scores"][0], file=sys.stderr, flush=True)
        report(data, lines, seeds, runs)
        if arguments.curves:
            pathlib.Path(f"{arguments.curves}-{data}.svg").write_text(curves(lines, seeds, runs) + "\n")


if __name__ == "__main__":
    main()
