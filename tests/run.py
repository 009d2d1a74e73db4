#!/usr/bin/env python3
"""Runs all tests of a build folder: Catch2 binaries (again at each simd level), command line, structure, installed library.

The last line of the output is the summary; the exit status is 0 only if nothing failed. Standard library only.
"""

import argparse
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import catch.suite
import cli.interrupts
import cli.option_edges
import cli.option_pairs
import cli.scenarios
import cli.suite
import consumer.suite
import faults.suite
import fuzz.suite
import kill.suite
import peers.suite
import runner
import structure.docs
import structure.suite
import tensorboard.suite
import words.suite

SUITES = {
    "structure": structure.suite.run,
    "docs": structure.docs.run,
    "catch": catch.suite.run,
    "levels": catch.suite.run_levels,
    "cli": cli.suite.run,
    "scenarios": cli.scenarios.run,
    "edges": cli.option_edges.run,
    "pairs": cli.option_pairs.run,
    "interrupts": cli.interrupts.run,
    "fuzz": fuzz.suite.run,
    "kill": kill.suite.run,
    "faults": faults.suite.run,
    "consumer": consumer.suite.run,
    "peers": peers.suite.run,
    "words": words.suite.run,
    "tensorboard": tensorboard.suite.run,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(runner.ROOT / "build"), help="build folder")
    parser.add_argument("--suite", action="append", choices=SUITES, help="only this suite; may be given several times")
    parser.add_argument("--filter", default="", help="only cases whose name contains this text")
    arguments = parser.parse_args()
    context = runner.Context(arguments.build, arguments.filter)
    if not context.glissade.exists():
        sys.exit(f"run.py: {context.glissade} does not exist; build first with ./dev build")
    for name in arguments.suite or SUITES:
        runner.run_suite(context, name, SUITES[name])
    if context.failed:
        print("failed: " + "; ".join(context.failed))
    skipped = f", {len(context.skipped)} skipped" if context.skipped else ""
    print(f"{context.passed} passed, {len(context.failed)} failed{skipped}")
    sys.exit(1 if context.failed or context.passed == 0 else 0)


if __name__ == "__main__":
    main()
