"""Writes that fail: no space, a broken disk, short writes, a sync or a rename that does not come off. What was good before is good
after, what is whole is whole, and whoever waits for the file is told in one line."""

import errno
import itertools
import pathlib
import re
import subprocess
import tempfile

from runner import Failure

SECONDS = 300
ROWS = 2000  # of the sample
TRAIN = ["--preset", "plain", "--hidden", "8", "--active", "64", "--sampler", "uniform", "--epochs", "1", "--threads", "1", "--quiet",
         "--checkpoint-minutes", "0", "--batch", "64"]
TEMPORARY = re.compile(r"\.tmp(-\d+-\d+)?$")
ERRORS = {"no space": errno.ENOSPC, "quota": errno.EDQUOT, "input/output error": errno.EIO}
# Of the calls that put a file in place, each that can fail; of writes the first and a later one.
CALLS = [("open", 0), ("write", 0), ("write", 3), ("fsync", 0), ("close", 0), ("rename", 0)]


class Faults:
    """Runs glissade in one folder, with or without a fault."""

    def __init__(self, context, folder):
        self.context = context
        self.folder = pathlib.Path(folder)
        self.module = context.build / "tests" / "faults" / "fault.so"
        self.train_file = str(context.first_rows(self.folder, ROWS))
        self.injected = 0
        self.survived = 0

    def call(self, *args, fault=None, stdout=subprocess.PIPE):
        environment = self.context.clean_environment(self.folder)
        report = self.folder / "report"
        report.unlink(missing_ok=True)
        if fault is not None:
            environment |= {"LD_PRELOAD": str(self.module), "FAULT_REPORT": str(report), **fault}
        done = subprocess.run([self.context.glissade, *args], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, text=True, timeout=SECONDS)
        self.count = report.stat().st_size if report.exists() else 0
        self.injected += self.count
        return done

    def good(self, *args):
        done = self.call(*args)
        if done.returncode != 0:
            raise Failure(f"glissade {' '.join(args)} ended with {done.returncode} without any fault: {done.stderr}")

    def refuse_leftovers(self, what):
        left = [str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if TEMPORARY.search(path.name)]
        if left:
            raise Failure(f"{what}: left behind {left}")

    def bytes(self, name):
        return (self.folder / name).read_bytes()


def fault(path, call, number, skip=0):
    return {"FAULT_PATH": path, "FAULT_CALL": call, "FAULT_ERRNO": str(number), "FAULT_SKIP": str(skip)}


def run(context):
    if not (context.build / "tests" / "faults" / "fault.so").exists():
        return context.skips("faults", "this build has no fault module")
    total = [0, 0]
    for check in (model_is_kept, checkpoint_is_missed, search_is_gone_on_with, cache_is_done_without, converted_file_is_kept, vectors_are_kept, log_is_done_without,
                  predictions_that_are_lost_are_an_error, short_writes_change_nothing):
        if not context.wanted(f"faults: {check.__name__.replace('_', ' ')}"):
            continue
        with tempfile.TemporaryDirectory(prefix="glissade-faults-") as folder:
            faults = Faults(context, folder)
            context.case(f"faults: {check.__name__.replace('_', ' ')}", lambda: check(faults))
            total[0] += faults.injected
            total[1] += faults.survived
    print(f"faults: {total[0]} calls were made to fail in {total[1]} runs that came to the end they should", flush=True)


def one_line(done, what):
    complaints = [line for line in done.stderr.splitlines() if not line.startswith(("data ", "training data "))]  # what was read
    if len(complaints) != 1 or not complaints[0].startswith("glissade: "):
        raise Failure(f"{what}: stderr is not one line: {done.stderr!r}")


def kept_or_failed(faults, name, command, calls=CALLS):
    """`command` writes `name` anew; under each fault the old bytes stay, the status is 1, and there is one line."""
    old = faults.bytes(name)
    for (call, skip), (why, number) in itertools.product(calls, ERRORS.items()):
        what = f"{command[0]} {name}, {call} after {skip}: {why}"
        done = faults.call(*command, fault=fault(name, call, number, skip))
        if faults.count == 0:
            raise Failure(f"{what}: nothing was injected")
        if done.returncode != 1:
            raise Failure(f"{what}: exit status {done.returncode}, expected 1; {done.stderr}")
        one_line(done, what)
        if name not in done.stderr:
            raise Failure(f"{what}: the message does not name the file: {done.stderr}")
        if faults.bytes(name) != old:
            raise Failure(f"{what}: the good file was changed")
        faults.refuse_leftovers(what)
        faults.survived += 1


def model_is_kept(faults):
    train = ["train", "--train", faults.train_file, "--model", "m.glsd", *TRAIN]
    faults.good(*train)
    kept_or_failed(faults, "m.glsd", [*train, "--seed", "2"])
    faults.good("info", "--model", "m.glsd")


def checkpoint_is_missed(faults):
    """Training goes on, says so once for each checkpoint, and ends with the model that it would have had."""
    train = ["train", "--train", faults.train_file, "--model", "m.glsd", *TRAIN]
    faults.good(*train)
    whole = faults.bytes("m.glsd")
    for (call, skip), (why, number) in itertools.product(CALLS, ERRORS.items()):
        what = f"checkpoint, {call} after {skip}: {why}"
        done = faults.call(*train, "--checkpoint-steps", "12", "--keep", "2", fault=fault("checkpoint-", call, number, skip))
        if faults.count == 0:
            raise Failure(f"{what}: nothing was injected")
        lines = done.stderr.splitlines()
        if done.returncode != 0 or not lines or not all(re.search("checkpoint-.*; training goes on$", line) for line in lines):
            raise Failure(f"{what}: exit status {done.returncode}, stderr {done.stderr!r}")
        if faults.bytes("m.glsd") != whole:
            raise Failure(f"{what}: another model came out")
        for path in faults.folder.glob("m.glsd.checkpoint-*"):
            faults.good("info", "--model", path.name)
            path.unlink()
        faults.refuse_leftovers(what)
        faults.survived += 1


def search_is_gone_on_with(faults):
    """The state of --autotune cannot be written: one line, and the search ends with the model that it would have had."""
    search = ["train", "--train", faults.train_file, "--model", "m.glsd", *TRAIN, "--autotune", "1e-7"]
    faults.good(*search)
    whole = faults.bytes("m.glsd")
    for (call, skip), (why, number) in itertools.product([one for one in CALLS if one != ("write", 3)], ERRORS.items()):
        what = f"search, {call} after {skip}: {why}"
        done = faults.call(*search, fault=fault(".autotune", call, number, skip))
        if faults.count == 0 or done.returncode != 0:
            raise Failure(f"{what}: exit status {done.returncode}, {faults.count} faults, stderr {done.stderr!r}")
        one_line(done, what)
        if not re.search("m.glsd.autotune.*; the search goes on, and cannot be resumed$", done.stderr.rstrip()) or faults.bytes("m.glsd") != whole:
            raise Failure(f"{what}: another model, or stderr {done.stderr!r}")
        faults.refuse_leftovers(what)
        faults.survived += 1


def cache_is_done_without(faults):
    train = ["train", "--train", faults.train_file, "--model", "m.glsd", *TRAIN]
    faults.good(*train)
    whole = faults.bytes("m.glsd")
    for (call, skip), (why, number) in itertools.product(CALLS, ERRORS.items()):
        what = f"cache, {call} after {skip}: {why}"
        for path in (faults.folder / "cache").rglob("*"):
            if path.is_file():
                path.unlink()
        done = faults.call(*train, fault=fault("/cache/", call, number, skip))
        if faults.count == 0:
            raise Failure(f"{what}: nothing was injected")
        if done.returncode != 0 or done.stderr.count("\n") > 1:
            raise Failure(f"{what}: exit status {done.returncode}, stderr {done.stderr!r}")
        if faults.bytes("m.glsd") != whole:
            raise Failure(f"{what}: another model came out")
        faults.refuse_leftovers(what)
        faults.good(*train)
        faults.survived += 1


def converted_file_is_kept(faults):
    command = ["convert", faults.train_file, "out.libsvm", "--to", "libsvm"]
    faults.good(*command)
    kept_or_failed(faults, "out.libsvm", command, [one for one in CALLS if one != ("write", 3)])


def vectors_are_kept(faults):
    (faults.folder / "text").write_text("the quick brown fox jumps over the lazy dog and runs away " * 50)
    faults.good("train", "--preset", "text8", "--min-count", "1", "--hidden", "8", "--epochs", "1", "--train", "text", "--model", "w.glsd", "--quiet")
    command = ["export", "--model", "w.glsd", "--vectors", "vectors.txt"]
    faults.good(*command)
    kept_or_failed(faults, "vectors.txt", command, [one for one in CALLS if one != ("write", 3)])


def log_is_done_without(faults):
    train = ["train", "--train", faults.train_file, "--model", "m.glsd", *TRAIN]
    faults.good(*train)
    whole = faults.bytes("m.glsd")
    for skip, (why, number) in itertools.product((0, 1), ERRORS.items()):
        done = faults.call(*train, "--log-json", "log.jsonl", fault=fault("log.jsonl", "flush", number, skip))
        what = f"log, flush after {skip}: {why}"
        if faults.count == 0 or done.returncode != 0:
            raise Failure(f"{what}: exit status {done.returncode}, {faults.count} faults, stderr {done.stderr!r}")
        one_line(done, what)
        if faults.bytes("m.glsd") != whole:
            raise Failure(f"{what}: another model came out")
        faults.survived += 1


def predictions_that_are_lost_are_an_error(faults):
    faults.good("train", "--train", faults.train_file, "--model", "m.glsd", *TRAIN)
    for why, number in ERRORS.items():
        with open(faults.folder / "predictions", "w") as out:
            done = faults.call("predict", "--model", "m.glsd", faults.train_file, fault=fault("predictions", "flush", number), stdout=out)
        what = f"predictions, flush: {why}"
        if faults.count == 0 or done.returncode != 1:
            raise Failure(f"{what}: exit status {done.returncode}, {faults.count} faults, stderr {done.stderr!r}")
        one_line(done, what)
        faults.survived += 1


def short_writes_change_nothing(faults):
    train = ["train", "--train", faults.train_file, *TRAIN, "--model"]
    convert = ["convert", faults.train_file, "--to", "libsvm"]
    faults.good(*train, "a.glsd")
    faults.good(*convert, "a.libsvm")
    for name, command in (("b.glsd", [*train, "b.glsd"]), ("b.libsvm", [*convert, "b.libsvm"])):
        done = faults.call(*command, fault=fault(name, "write", 0))
        if faults.count == 0 or done.returncode != 0:
            raise Failure(f"short writes of {name}: exit status {done.returncode}, {faults.count} short, stderr {done.stderr!r}")
        if faults.bytes(name) != faults.bytes("a" + name[1:]):
            raise Failure(f"short writes of {name} wrote another file")
        faults.survived += 1
