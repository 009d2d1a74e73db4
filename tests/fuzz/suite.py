"""Replays the corpus of each fuzz target: the seeds, and an input for everything that fuzzing ever found."""

import pathlib
import subprocess

from runner import Failure

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
SECONDS = 300


def run(context):
    programs = sorted((context.build / "tests" / "fuzz").glob("replay-*"))
    programs = [path for path in programs if path.is_file()]
    if not programs:
        context.fails("fuzz", f"no replay programs below {context.build}/tests/fuzz")
    for program in programs:
        target = program.name.removeprefix("replay-")
        context.case(f"fuzz: {target} takes its corpus", lambda: replay(program, target))


def replay(program, target):
    corpus = CORPUS / target
    inputs = len(list(corpus.iterdir())) if corpus.is_dir() else 0
    if inputs == 0:
        raise Failure(f"{corpus} holds no input")
    done = subprocess.run([program, corpus], capture_output=True, text=True, errors="replace", timeout=SECONDS)
    if done.returncode != 0 or done.stdout != f"{inputs} inputs\n":
        raise Failure(f"ended with {done.returncode} after\n{done.stderr[-3000:]}{done.stdout}")
