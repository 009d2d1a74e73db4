#!/usr/bin/env python3
"""Which active sets are worth their cost: data x scope x active count x sampler x correction, on one engine, with the same seeds.
Every run is one of train_bench's, with its probe; this script asks for them and sums them up as markdown, JSON and a page of curves
of P@1 over training seconds. Each line is held against the best uniform one of its setting. Options that are not listed here go to train_bench (--hidden 256, --epochs 4 ...). Standard library
only."""

import argparse
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import curves  # noqa: E402

BASELINE = "uniform"
CLOCKS = ("train_seconds", "train_cpu_seconds")  # what passes, and what is computed, which other programs disturb less


def fail(message):
    print(f"ablation: {message}", file=sys.stderr)
    sys.exit(1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--data", required=True, help="names of data sets below --data-root, separated by commas, each with train.txt.zst and test.txt.zst")
    parser.add_argument("--data-root", default=os.environ.get("GLISSADE_DATA", "../shared/data"))
    parser.add_argument("--samplers", default="uniform,lsh", help="names or mixes, separated by commas; NAME@CORRECTION: with that correction alone")
    parser.add_argument("--active", default="2048", help="active counts, separated by commas")
    parser.add_argument("--scopes", default="shared")
    parser.add_argument("--corrections", default="on")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--holdout", help="part of the training rows to judge by, instead of the test set: for choices, and much faster")
    parser.add_argument("--out", default="out/ablation", help="folder for ablation.md, ablation.json, ablation.html and one SVG per chart")
    known, rest = parser.parse_known_args()
    for name in ("data", "samplers", "active", "scopes", "corrections", "seeds"):
        setattr(known, name, [part.strip() for part in getattr(known, name).split(",")])
    return known, rest


def lines_of(options):
    """(sampler, correction) of each line."""
    lines = []
    for sampler in options.samplers:
        name, _, correction = sampler.partition("@")
        lines += [(name, correction)] if correction else itertools.product([name], options.corrections)
    return lines


def variant(line):
    sampler, correction = line
    return f"sampler={sampler},correction={correction}"


def train(options, setting, seed, rest):
    """All samplers and corrections once, in turn, in one call: the report of train_bench."""
    data, scope, active = setting
    folder = pathlib.Path(options.data_root) / data
    judge = ["--holdout", options.holdout] if options.holdout else ["--test", folder / "test.txt.zst"]
    variants = "; ".join(variant(line) for line in lines_of(options))
    with tempfile.TemporaryDirectory() as scratch:
        result = pathlib.Path(scratch) / "report.json"
        command = [f"{options.build}/bench/train/train_bench", "--train", folder / "train.txt.zst", *judge,
                   "--scope", scope, "--active", active, "--seed", seed, "--variants", variants, "--probe",
                   "--json", result, *rest]
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            fail(f"{data}, seed {seed}: train_bench ended with exit status {done.returncode}")
        return json.loads(result.read_text())


def curve(run, clock="train_seconds"):
    """(training seconds so far, P@1) after each evaluated epoch."""
    return [(epoch[clock + "_so_far"], epoch["p@1"]) for epoch in run["epochs"] if "p@1" in epoch]


def at(points, seconds):
    """P@1 after so many seconds, between epochs by a straight line; what is reached stays."""
    before = (0.0, 0.0)
    for point in points:
        if seconds < point[0]:
            return before[1] + (point[1] - before[1]) * (seconds - before[0]) / (point[0] - before[0])
        before = point
    return before[1]


def time_to(points, goal):
    """Seconds until P@1 reaches the goal, or None."""
    before = (0.0, 0.0)
    for point in points:
        if point[1] >= goal:
            return before[0] + (point[0] - before[0]) * (goal - before[1]) / (point[1] - before[1])
        before = point
    return None


def best_uniform(lines):
    """Of the runs by (sampler, correction), those of the baseline sampler with the best mean P@1, or None."""
    of_baseline = [runs for (sampler, _), runs in lines.items() if sampler == BASELINE and runs]
    return max(of_baseline, key=lambda runs: statistics.mean(run["p@1"] for run in runs), default=None)


def row(setting, which, runs, baselines):
    """The means over seeds of one line of the table; `baselines` are the baseline's runs with the same seeds."""
    data, scope, active = setting
    sampler, correction = which
    line = {"data": data, "scope": scope, "active": active, "sampler": sampler, "correction": correction, "seeds": len(runs)}
    for key in ("p@1", "p@3", "p@5", "psp@1", "psp@3", "psp@5", "train_seconds", "train_cpu_seconds", "recall@8", "hidden_cosine", "hidden_error",
                "rows_cosine", "rows_error", "rows_touched_share", "peak_mib"):
        line[key] = statistics.mean(run[key] for run in runs)
    line["p@1_deviation"] = statistics.stdev(run["p@1"] for run in runs) if len(runs) > 1 else 0.0
    line["rehash_share"] = statistics.mean(run["rehash_seconds"] / run["seconds_per_epoch"] for run in runs)
    line["sampling_share"] = statistics.mean(run["sampling_seconds"] / run["seconds_per_epoch"] for run in runs)
    if baselines:
        for clock in CLOCKS:
            pairs = [(curve(run, clock), base) for run, base in zip(runs, baselines)]
            line[f"p@1_at_baseline_{clock}"] = statistics.mean(at(points, base[clock]) for points, base in pairs)
            times = [time_to(points, base["p@1"]) for points, base in pairs]
            if None not in times:
                line[f"{clock}_to_baseline"] = statistics.mean(t / base[clock] for t, (_, base) in zip(times, pairs))
    line["curve"] = [[statistics.mean(values) for values in zip(*points)] for points in zip(*(curve(run) for run in runs))]
    return line


COLUMNS = [("sampler", "sampler", "{}"), ("correction", "correction", "{}"), ("P@1", "p@1", "{:.2f}"), ("±", "p@1_deviation", "{:.2f}"), ("P@3", "p@3", "{:.2f}"),
           ("P@5", "p@5", "{:.2f}"), ("PSP@1", "psp@1", "{:.2f}"), ("PSP@5", "psp@5", "{:.2f}"), ("training s", "train_seconds", "{:.1f}"), ("CPU s", "train_cpu_seconds", "{:.1f}"),
           ("P@1 at uniform's s", "p@1_at_baseline_train_seconds", "{:.2f}"), ("at its CPU s", "p@1_at_baseline_train_cpu_seconds", "{:.2f}"),
           ("time to uniform's P@1", "train_seconds_to_baseline", "{:.2f}"), ("CPU time", "train_cpu_seconds_to_baseline", "{:.2f}"),
           ("recall@8 %", "recall@8", "{:.1f}"), ("hidden cos", "hidden_cosine", "{:.3f}"), ("hidden err", "hidden_error", "{:.3f}"),
           ("rows cos", "rows_cosine", "{:.3f}"), ("rows err", "rows_error", "{:.3f}"), ("touched %", "rows_touched_share", "{:.2f}"),
           ("sampling %", "sampling_share", "{:.1f}"), ("re-hash %", "rehash_share", "{:.1f}")]
TEXTS = {"sampler", "correction"}
RATIOS = {"train_seconds", "train_cpu_seconds", "train_seconds_to_baseline", "train_cpu_seconds_to_baseline", "hidden_cosine", "hidden_error", "rows_cosine", "rows_error"}  # not in percent


def cell(line, key, text):
    if key not in line:
        return "-"
    if key in TEXTS:
        return line[key]
    return text.format(line[key] if key in RATIOS else 100 * line[key])


def markdown(report):
    machine = report["machine"]
    judged = f"{report['holdout']} of the training rows, held out" if report["holdout"] else "the whole test set"
    out = [f"# Ablation of active sets\n\n- machine: {machine['cpu']}, {machine['cpus']} CPUs usable, simd {machine['simd']}",
           f"- build: commit {machine['commit']}\n- command: `{report['command']}`",
           f"- means over seeds {', '.join(report['seeds'])}; P@k and PSP@k in percent on {judged}\n"]
    for (data, scope, active), lines in itertools.groupby(report["lines"], curves.setting_of):
        out.append(f"\n## {data}, {active} actives, scope {scope}\n")
        out.append("| " + " | ".join(title for title, _, _ in COLUMNS) + " |")
        out.append("|" + "|".join("---" if key in TEXTS else "---:" for _, key, _ in COLUMNS) + "|")
        out += ["| " + " | ".join(cell(line, key, text) for _, key, text in COLUMNS) + " |" for line in lines]
    return "\n".join(out) + "\n"


def write(folder, report):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ablation.json").write_text(json.dumps(report, indent=1))
    (folder / "ablation.md").write_text(markdown(report))
    (folder / "ablation.html").write_text(curves.page(report["lines"]))
    for (data, scope, active), svg in curves.charts(report["lines"]):
        (folder / f"{data}-{scope}-{active.rstrip('%')}.svg").write_text(svg)


def main():
    options, rest = arguments()
    folder = pathlib.Path(options.out)
    report = {"command": " ".join(["./dev", "bench", "ablation", *sys.argv[1:]]), "seeds": options.seeds, "holdout": options.holdout, "lines": []}
    for setting in itertools.product(options.data, options.scopes, options.active):
        lines = {line: [] for line in lines_of(options)}
        by_name = {variant(line): runs for line, runs in lines.items()}
        before = report["lines"]
        for seed in options.seeds:
            done = train(options, setting, seed, rest)
            report["machine"] = done["machine"]
            for run in done["runs"]:
                by_name[run["variant"]].append(run)
            baselines = best_uniform(lines)
            report["lines"] = before + [row(setting, which, runs, baselines) for which, runs in lines.items() if runs]
            write(folder, report)  # after each seed: a long comparison that is stopped keeps what it has
    print(markdown(report))
    print(f"written: {folder}/ablation.md, {folder}/ablation.json, {folder}/ablation.html", file=sys.stderr)


if __name__ == "__main__":
    main()
