#!/usr/bin/env python3
"""Runs all tests of a build folder: Catch2 binaries (again at each simd level), command line, structure, installed library.

The last line of the output is the summary; the exit status is 0 only if nothing failed. Standard library only.
"""

import argparse
import concurrent.futures
import contextlib
import io
import multiprocessing
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import annif.suite
import browser.suite
import catch.suite
import cli.evaluations
import cli.interrupts
import cli.option_edges
import cli.option_pairs
import cli.scenarios
import cli.searches
import cli.suite
import consumer.suite
import described.suite
import distributed.suite
import faults.suite
import fuzz.suite
import kill.suite
import peers.suite
import python.suite
import recommend.suite
import records.suite
import runner
import serve.suite
import structure.docs
import structure.suite
import words.suite

# The longest first: as many suites run at a time as there are cores, and none of them keeps two busy.
SUITES = {
    "catch": catch.suite.run,
    "levels": catch.suite.run_levels,
    "scenarios": cli.scenarios.run,
    "structure": structure.suite.run,
    "docs": structure.docs.run,
    "cli": cli.suite.run,
    "evaluations": cli.evaluations.run,
    "edges": cli.option_edges.run,
    "pairs": cli.option_pairs.run,
    "interrupts": cli.interrupts.run,
    "searches": cli.searches.run,
    "fuzz": fuzz.suite.run,
    "kill": kill.suite.run,
    "python": python.suite.run,
    "annif": annif.suite.run,
    "serve": serve.suite.run,
    "faults": faults.suite.run,
    "consumer": consumer.suite.run,
    "peers": peers.suite.run,
    "recommend": recommend.suite.run,
    "records": records.suite.run,
    "words": words.suite.run,
    "distributed": distributed.suite.run,
    "described": described.suite.run,
    "browser": browser.suite.run,
}


def run_apart(build, name_filter, name):
    """One suite in a process of its own: what it printed, and the context with its results."""
    context = runner.Context(build, name_filter)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runner.run_suite(context, name, SUITES[name])
    return printed.getvalue(), context


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(runner.ROOT / "build"), help="build folder")
    parser.add_argument("--suite", action="append", choices=SUITES, help="only this suite; may be given several times")
    parser.add_argument("--filter", default="", help="only cases whose name contains this text")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="suites that run at a time (as many as cores)")
    arguments = parser.parse_args()
    glissade = runner.Context(arguments.build).glissade
    if not glissade.exists():
        sys.exit(f"run.py: {glissade} does not exist; build first with ./dev build")
    passed, failed, skipped = 0, [], []
    with concurrent.futures.ProcessPoolExecutor(max(1, arguments.jobs), multiprocessing.get_context("fork")) as pool:
        runs = [pool.submit(run_apart, arguments.build, arguments.filter, name) for name in dict.fromkeys(arguments.suite or SUITES)]
        for run in concurrent.futures.as_completed(runs):
            printed, context = run.result()
            print(printed, end="", flush=True)
            passed, failed, skipped = passed + context.passed, failed + context.failed, skipped + context.skipped
    if failed:
        print("failed: " + "; ".join(failed))
    print(f"{passed} passed, {len(failed)} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    sys.exit(1 if failed or passed == 0 else 0)


if __name__ == "__main__":
    main()
