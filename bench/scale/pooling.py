#!/usr/bin/env python3
"""Gradients in one buffer (GradientFlow's lazy all-reduce) against one operation for each block of rows: messages and seconds of a sum over ranks, on
emulated networks. Needs root, mpirun, iproute2. Standard library only."""

import argparse
import pathlib

from measure import Bench

NETWORKS = [(1, 0.1), (1, 1), (10, 0.1)]  # Gb/s, ms one way
MIB = 1 << 20
BLOCKS = [0, 256 << 10, 64 << 10, 16 << 10, 4 << 10]  # bytes; 0: all in one


def cases(bytes_):
    for block in BLOCKS:
        if block < bytes_:
            yield f"reduce:{bytes_}" + (f":{block}" if block else "")
            if block:
                yield f"reduce:{bytes_}:{block}:at-once"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--mib", type=float, default=1, help="size of what is added up; default 1, about what a step touches")
    arguments = parser.parse_args()
    bench, bytes_ = Bench(arguments.build, pathlib.Path(".")), int(arguments.mib * MIB)
    found = [bench.exchanges(arguments.ranks, *network, cases(bytes_), repeats=3) for network in NETWORKS]
    print("| blocks | under way | messages of a rank | " + " | ".join(f"ms, {speed} Gb/s, {way} ms" for speed, way in NETWORKS) + " |")
    print("|---|---|---:|" + "---:|" * len(NETWORKS))
    for row in zip(*found):
        one = row[0]
        block = f"{one['piece'] >> 10} KiB" if one["piece"] else "one buffer"
        together = "" if not one["piece"] else "all at once" if one["at_once"] else "one after another"
        print(f"| {block} | {together} | {one['messages']:,} | " + " | ".join(f"{1e3 * case['seconds']:.2f}" for case in row) + " |")


if __name__ == "__main__":
    main()
