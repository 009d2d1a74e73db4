"""What benches share that train on data sets and score the models: where the files are, and one run."""

import argparse
import json
import os
import pathlib
import re
import resource
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
CUTOFFS = (1, 3, 5)
REMAINING = re.compile(r"ETA (?:(\d+) h )?(?:(\d+) min )?(?:(\d+(?:\.\d+)?) s)?")


def fail(message):
    print(f"{pathlib.Path(sys.argv[0]).stem}: {message}", file=sys.stderr)
    sys.exit(1)


def file_in(folder, name):
    return next((str(folder / end) for end in (name, name + ".zst") if (folder / end).is_file()), None)


def arguments_of(data):
    """What 'train' and 'eval' need for a data set: a folder below $GLISSADE_DATA, or a path, with train.txt and test.txt, or with sequences.txt, of
    which the last item is the test and the one before it judges the settings; each may end in .zst."""
    folder = pathlib.Path(data) if pathlib.Path(data).is_dir() else pathlib.Path(os.environ.get("GLISSADE_DATA", ROOT / "../shared/data")) / data
    sequences = file_in(folder, "sequences.txt")
    if sequences:
        return ["--train", sequences, "--format", "sequence", "--holdout-last", "2"], ["--test", sequences, "--holdout-last", "1"]
    train, test = file_in(folder, "train.txt"), file_in(folder, "test.txt")
    if not train or not test:
        fail(f"'{folder}' holds neither train.txt and test.txt nor sequences.txt; set GLISSADE_DATA, or name another folder")
    return ["--train", train], ["--test", test]


def remaining(line):
    """Seconds that a line of progress says are left; None if it says nothing."""
    found = REMAINING.search(line)
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def farthest(forecasts):
    """Of pairs (told, true) the one whose ratio is farthest from 1; None if there are none."""
    return max(forecasts, key=lambda pair: max(pair[0] / pair[1], pair[1] / pair[0]), default=None)


def own_arguments(description, data, **more):
    """The bench's own arguments: data sets, --build, and those of `more` (name: default); and what stands behind '--', for 'train'."""
    own, options = sys.argv[1:], []
    if "--" in own:
        own, options = own[: own.index("--")], own[own.index("--") + 1 :]
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", metavar="DATA", help="default: " + ", ".join(data))
    parser.add_argument("--build", default="build")
    for name, default in more.items():
        parser.add_argument(f"--{name.replace('_', '-')}", default=default, help=f"default {default}")
    return parser.parse_args(own), options


class Training:
    """One run of 'train': what it said on standard error, wall and processor seconds, and the seconds after which each line came."""

    def __init__(self, glissade, options, model):
        command = [glissade, "train", *options, "--eval-every", "1000", "--slim", "--model", model]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        self.lines, self.times = [], []
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr:
                self.lines.append(line)
                self.times.append(time.monotonic() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.seconds = time.monotonic() - start
        self.processor_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.said = "".join(self.lines)
        if process.returncode != 0:
            fail(f"'{shlex.join(command)}' ended with exit status {process.returncode}: {self.said}")

    def worst_forecast(self, after=10):
        """The time left that a line told and the time that was left, of the line where they differ most; of lines `after` seconds and later, and while
        at least as much is left. None without such lines."""
        told = [(remaining(line), self.seconds - at) for line, at in zip(self.lines, self.times) if at >= after and self.seconds - at >= after]
        told = [(left, was) for left, was in told if left]
        return farthest(told)


def precisions(glissade, model, test):
    """P@1, P@3 and P@5 in percent."""
    done = subprocess.run([glissade, "eval", "--model", model, *test, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fail(f"'eval' ended with exit status {done.returncode}: {done.stderr}")
    measures = json.loads(done.stdout)
    return [100 * measures[f"p@{k}"] for k in CUTOFFS]
