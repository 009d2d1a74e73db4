"""What every suite is given: where things are, and where results go."""

import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Skip(Exception):
    """Raised by a case that cannot run here; the text says why."""


class Failure(AssertionError):
    """Raised by a case that failed; the text says how."""


class Context:
    """Paths, options and the results so far."""

    def __init__(self, build, name_filter=""):
        self.build = pathlib.Path(build).resolve()
        self.glissade = self.build / "apps" / "glissade"
        self.data = pathlib.Path(os.environ.get("GLISSADE_DATA", ROOT.parent / "shared" / "data"))
        self.sample = ROOT / "datasets" / "samples" / "wordnet"
        self.name_filter = name_filter
        self.passed = 0
        self.failed = []
        self.skipped = []

    def wanted(self, name):
        return self.name_filter in name

    def passes(self, count=1):
        self.passed += count

    def fails(self, name, text):
        self.failed.append(name)
        print(f"FAILED {name}\n{text.rstrip()}\n", flush=True)

    def skips(self, name, why):
        self.skipped.append(name)
        print(f"skipped {name}: {why}", flush=True)

    def case(self, name, function):
        """Runs one case; it passes unless it raises."""
        if not self.wanted(name):
            return
        try:
            function()
            self.passes()
        except Skip as skip:
            self.skips(name, str(skip))
        except Exception as error:  # a broken test is a failed test, not the end of the run
            text = str(error) if isinstance(error, Failure) else f"{type(error).__name__}: {error}"
            self.fails(name, text)

    def clean_environment(self, home):
        """What the programs under test see: nothing of the caller's settings, and a cache of their own."""
        kept = {key: value for key, value in os.environ.items() if key in ("PATH", "LD_LIBRARY_PATH") or key.endswith("SAN_OPTIONS")}
        return {**kept, "HOME": str(home), "GLISSADE_CACHE": str(pathlib.Path(home) / "cache"), "LC_ALL": "C"}

    def first_rows(self, folder, rows):
        """A file with the first rows of the sample's training set, in `folder`: for runs that need next to no time."""
        whole, head = folder / "whole.txt", folder / "rows.txt"
        subprocess.run([self.glissade, "convert", self.sample / "train.txt.zst", whole, "--to", "xmc", "--no-cache"], env=self.clean_environment(folder),
                       check=True, capture_output=True)
        lines = whole.read_text().splitlines(keepends=True)
        whole.unlink()
        _, features, labels = lines[0].split()
        head.write_text(f"{rows} {features} {labels}\n" + "".join(lines[1:rows + 1]))
        return head

    def usable_levels(self):
        """The simd levels that this build and CPU run, lowest first."""
        out = subprocess.run([self.glissade, "info"], capture_output=True, text=True, check=True).stdout
        found = {line.split()[1]: line.split()[2:] for line in out.splitlines() if line.startswith("simd ")}
        return [level for level in found["compiled"] if level in found["usable"]]


def run_suite(context, name, function):
    before = (context.passed, len(context.failed), len(context.skipped))
    start = time.monotonic()
    function(context)
    passed, failed, skipped = (now - then for now, then in zip((context.passed, len(context.failed), len(context.skipped)), before))
    print(f"{name}: {passed} passed, {failed} failed, {skipped} skipped in {time.monotonic() - start:.1f} s", flush=True)
