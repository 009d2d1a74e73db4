#!/usr/bin/env python3
"""Writes the events of a file of sequences ('user item item ...') as rows in the order in which they happen: all users' second
items, then all third ones, and so on. A row's features are the items before, 0.7^age each, and the last of them once more as a
feature of its own; its label is the item. The first part goes to one file, the last --last percent to another. XMC format."""

import argparse
import subprocess


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", required=True, help="plain or .zst")
    parser.add_argument("--last", type=float, default=20, help="percent of the events that come later")
    parser.add_argument("--out", required=True, help="OUT.before.txt, OUT.after.txt and OUT.all.txt are written")
    return parser.parse_args()


def lines_of(path):
    if not path.endswith(".zst"):
        return open(path).read().splitlines()
    return subprocess.run(["zstd", "-dc", path], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def row(items, at, count):
    weights = {}
    for age, item in enumerate(reversed(items[:at])):
        weights.setdefault(item, 0.7 ** age)
    weights[count + items[at - 1]] = 1.0
    features = " ".join(f"{item}:{weight:.4g}" for item, weight in sorted(weights.items()))
    return f"{items[at]} {features}"


def write(path, rows, count):
    with open(path, "w") as file:
        file.write(f"{len(rows)} {2 * count} {count}\n")
        file.writelines(line + "\n" for line in rows)


def main():
    options = arguments()
    ids = {}
    users = [[ids.setdefault(word, len(ids)) for word in line.split()[1:]] for line in lines_of(options.sequences)]
    count = len(ids)
    longest = max(len(items) for items in users)
    rows = [row(items, at, count) for at in range(1, longest) for items in users if at < len(items)]
    cut = len(rows) - round(len(rows) * options.last / 100)
    write(f"{options.out}.before.txt", rows[:cut], count)
    write(f"{options.out}.after.txt", rows[cut:], count)
    write(f"{options.out}.all.txt", rows, count)


if __name__ == "__main__":
    main()
