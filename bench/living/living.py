#!/usr/bin/env python3
"""A model that learns from events while it serves, beside the same model frozen and beside one that is trained from scratch on
everything. Rows come in the order of the file (--order shuffled: drawn evenly). The first part trains; of the rest the models
answer each row before the living one learns from it; then all answer the test rows.

With --grow a tenth of the labels is held back from the first training; then they are added with 1, 3 and 10 events each, and P@1
on test rows that have one of them is held against a model that was trained with all of these rows from the start."""

import argparse
import json
import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENTS = (1, 3, 10)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="example: ./dev bench living --train TRAIN.txt.zst --test TEST.txt.zst --order shuffled")
    parser.add_argument("--train", required=True, help="rows to train on and to learn from, XMC format, plain or .zst")
    parser.add_argument("--test", required=True, help="rows that nobody learns from")
    parser.add_argument("--order", choices=["file", "shuffled"], default="file")
    parser.add_argument("--last", type=float, default=20, help="percent of the rows that come as events")
    parser.add_argument("--grow", action="store_true")
    parser.add_argument("--out", default=str(ROOT / "out" / "living"))
    parser.add_argument("--build", default=str(ROOT / "build"))
    parser.add_argument("options", nargs="*", help="options of living_bench, behind --")
    return parser.parse_args()


def read(path):
    text = subprocess.run(["zstd", "-dc", path], check=True, stdout=subprocess.PIPE, text=True).stdout if path.endswith(".zst") else open(path).read()
    head, *rows = text.splitlines()
    _, features, labels = head.split()
    return rows, int(features), int(labels)


def write(path, rows, features, labels):
    with open(path, "w") as file:
        file.write(f"{len(rows)} {features} {labels}\n")
        file.writelines(row + "\n" for row in rows)
    return str(path)


def run(command):
    print("living: " + " ".join(command), file=sys.stderr)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"living: '{command[0]}' ended with exit status {done.returncode}")
    return done.stdout


def train(options, rows, model):
    run([f"{options.build}/apps/glissade", "train", "--train", rows, "--model", model, "--quiet"])
    return model


def living(options, model, events, *more):
    return json.loads(run([f"{options.build}/bench/living/living_bench", "--model", model, "--events", events, *more, *options.options]))


def precision(options, model, test):
    """P@1, 3, 5, as printed."""
    printed = run([f"{options.build}/apps/glissade", "eval", "--model", model, "--test", test])
    return re.search(r"^P +(\S+) +(\S+) +(\S+)", printed, re.MULTILINE).groups()


def compare(options, out):
    rows, features, labels = read(options.train)
    if options.order == "shuffled":
        random.Random(1).shuffle(rows)
    cut = len(rows) - round(len(rows) * options.last / 100)
    events = write(out / "events.txt", rows[cut:], features, labels)
    base = train(options, write(out / "before.txt", rows[:cut], features, labels), str(out / "before.glsd"))
    learned = living(options, base, events, "--save", str(out / "living.glsd"))
    whole = train(options, write(out / "all.txt", rows, features, labels), str(out / "all.glsd"))
    print(json.dumps(learned, indent=2))
    print("\n| model | P@1 | P@3 | P@5 on the test rows |\n|---|---:|---:|---:|")
    for name, model in (("frozen", base), ("living", str(out / "living.glsd")), ("trained on everything", whole)):
        print(f"| {name} | {' | '.join(precision(options, model, options.test))} |", flush=True)


def labels_of(row):
    return [int(label) for label in row.split(" ", 1)[0].split(",") if label and ":" not in label]


def with_labels(row, labels):
    return ",".join(str(label) for label in labels) + " " + row.split(" ", 1)[1]


def grow(options, out):
    rows, features, labels = read(options.train)
    tests, _, _ = read(options.test)
    number = list(range(labels))
    random.Random(1).shuffle(number)
    kept = labels - labels // 10
    renamed = lambda row: with_labels(row, sorted(number[label] for label in labels_of(row)))
    rows = [renamed(row) for row in rows if " " in row]
    random.Random(2).shuffle(rows)
    before = [row for row in rows if all(label < kept for label in labels_of(row))]
    by_label = {}
    for row in rows:
        for label in labels_of(row):
            if label >= kept:
                by_label.setdefault(label, []).append(row)
    # Only labels that have the most events: the same ones in each line. What is asked for is the new label alone.
    chosen = {label for label, own in by_label.items() if len(own) >= max(EVENTS)}
    asked = [with_labels(row, own) for row in map(renamed, (row for row in tests if " " in row))
             if (own := [label for label in labels_of(row) if label in chosen])]
    test = write(out / "grow-test.txt", asked, features, labels)
    base = train(options, write(out / "grow-before.txt", before, features, kept), str(out / "grow-before.glsd"))
    print(f"{len(chosen)} labels are added, {len(asked)} test rows have one\n")
    print("| events of each | added P@1 | P@3 | P@5 | from the start P@1 | P@3 | P@5 | ratio of P@1 |\n|---:|---:|---:|---:|---:|---:|---:|---:|")
    for count in EVENTS:
        fresh = sorted({row for label in chosen for row in by_label[label][:count]})
        random.Random(3).shuffle(fresh)
        events = write(out / f"grow-events-{count}.txt", fresh, features, labels)
        living(options, base, events, "--no-answers", "--save", str(out / "grow-living.glsd"))
        whole = train(options, write(out / "grow-all.txt", before + fresh, features, labels), str(out / "grow-all.glsd"))
        added, start = precision(options, str(out / "grow-living.glsd"), test), precision(options, whole, test)
        print(f"| {count} | {' | '.join(added)} | {' | '.join(start)} | {float(added[0]) / float(start[0]):.2f} |", flush=True)


def main():
    options = arguments()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (grow if options.grow else compare)(options, out)


if __name__ == "__main__":
    main()
