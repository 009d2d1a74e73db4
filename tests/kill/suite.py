#!/usr/bin/env python3
"""Kills a training again and again, at random moments (SIGKILL, no chance to tidy up), and resumes it: every file that it left must be
readable, and in the end there must be the model, byte for byte, of a run that nobody killed.

As a suite of ./dev test: a few kills. './dev soak-kill [KILLS]' for as many as one likes; every kill counts only if it met a running
process. The moments are drawn from a seed that is printed.
"""

import argparse
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import runner
from runner import Failure

SECONDS = 600
ROWS = 3000  # of the sample: an epoch of a second or less
TEMPORARY = re.compile(r"^m\.glsd(\.checkpoint-\d+)?\.tmp-\d+-\d+$")
# Everything that has a state takes part: tables and their re-hashes, learned ones, sparse paths, dropout, early stopping.
VARIANTS = {
    "tables": ["--sampler", "lsh:0.4+frequency:0.2", "--tables", "8", "--k", "5", "--rehash-period", "500", "--rehash-threshold", "0.02"],
    "learned table, sparse paths": ["--sampler", "lsh-learned", "--fan-in", "16", "--neighbours", "10", "--row-epochs", "1"],
}
COMMON = ["--preset", "plain", "--hidden", "16", "--active", "128", "--learning-rate", "0.02", "--epochs", "3", "--deterministic", "on", "--batch", "64",
          "--feature-dropout", "0.1", "--hidden-dropout", "0.1", "--holdout", "0.05", "--monitor", "p@1", "--quiet"]


class Soak:
    """One training that is killed until enough is enough."""

    def __init__(self, context, folder, variant, seed):
        self.context = context
        self.folder = pathlib.Path(folder)
        self.random = random.Random(seed)
        self.command = [str(context.glissade), "train", "--train", str(context.first_rows(self.folder, ROWS)), *COMMON, *VARIANTS[variant]]
        self.kills = self.resumed_within = self.read = self.finished = self.left = 0
        start = time.monotonic()
        self.complete("whole.glsd")
        self.whole_seconds = time.monotonic() - start
        self.whole = (self.folder / "whole.glsd").read_bytes()

    def start(self, model, *args):
        return subprocess.Popen([*self.command, "--model", model, *args], cwd=self.folder, env=self.context.clean_environment(self.folder),
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def complete(self, model, *args):
        process = self.start(model, *args)
        _, err = process.communicate(timeout=SECONDS)
        if process.returncode != 0:
            raise Failure(f"training ended with {process.returncode}: {err}")

    def states(self):
        return [path for path in self.folder.glob("m.glsd*") if not TEMPORARY.match(path.name)]

    def run(self, kills):
        while self.kills < kills:
            self.kill_once()
        if self.states():
            self.check_end("--resume")
        else:
            self.check_end()

    def kill_once(self):
        resuming = bool(self.states())
        process = self.start("m.glsd", "--checkpoint-steps", "3", "--keep", "2", *(["--resume"] if resuming else []))
        # From before the data are read to the weighing of the last paths.
        time.sleep(self.random.uniform(0, 0.95 * self.whole_seconds))
        ended = process.poll() is not None
        process.send_signal(signal.SIGKILL)
        _, err = process.communicate(timeout=SECONDS)
        if ended:
            if process.returncode != 0:
                raise Failure(f"after {self.kills} kills training ended with {process.returncode}: {err}")
            self.check_end("--resume")
            for path in self.folder.glob("m.glsd*"):
                path.unlink()
            return
        self.kills += 1
        self.check_files()

    def check_files(self):
        self.left += sum(1 for path in self.folder.glob("m.glsd*") if TEMPORARY.match(path.name))
        for path in self.states():
            done = subprocess.run([self.context.glissade, "info", "--model", path], capture_output=True, text=True, timeout=SECONDS)
            if done.returncode != 0:
                raise Failure(f"after kill {self.kills}: {done.stderr}")
            self.read += 1
            self.resumed_within += "samples into" in done.stdout

    def check_end(self, *args):
        self.complete("m.glsd", *args)
        self.finished += 1
        if (self.folder / "m.glsd").read_bytes() != self.whole:
            raise Failure(f"after {self.kills} kills the model differs from that of a run without one")
        left = [path.name for path in self.folder.glob("m.glsd*") if TEMPORARY.match(path.name)]
        if left:
            raise Failure(f"temporary files of killed processes stay: {left}")

    def report(self):
        return (f"{self.kills} kills, {self.finished} runs brought to their end with the same bytes, {self.read} files read after a kill "
                f"({self.resumed_within} of them within an epoch), {self.left} temporary files left and removed")


def soak(context, variant, kills, seed):
    with tempfile.TemporaryDirectory(prefix="glissade-kill-") as folder:
        one = Soak(context, folder, variant, seed)
        one.run(kills)
        print(f"kill: {variant}: {one.report()}", flush=True)


def run(context):
    seed = random.randrange(1 << 32)
    print(f"kill: seed {seed}", flush=True)
    for variant in VARIANTS:
        context.case(f"kill: {variant}", lambda: soak(context, variant, 3, seed))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(runner.ROOT / "build"), help="build folder")
    parser.add_argument("--kills", type=int, default=50, help="of each kind of training, default 50")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--variant", action="append", choices=VARIANTS)
    arguments = parser.parse_args()
    print(f"kill: seed {arguments.seed}", flush=True)
    for variant in arguments.variant or VARIANTS:
        try:
            soak(runner.Context(arguments.build), variant, arguments.kills, arguments.seed)
        except Failure as failure:
            sys.exit(f"kill: {variant}: {failure}")


if __name__ == "__main__":
    main()
