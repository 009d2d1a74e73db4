"""Runs the test programs over a mutant until a test notices it: the tests nearest to the mutated file first, then all others."""

import collections
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time

SLOW = "~[slow]"
LEFT_OUT = [
    # Minutes of reading damaged files; whatever it notices in these folders, the other tests of the model file notice, too.
    "every byte of a model file, flipped, makes it refused in one line or changes no prediction",
    # It measures times, and fails by itself on a machine as busy as this tool makes it.
    "the phases of a step make up the time of an epoch, and those that do not run take none",
    # No test: it writes a new golden model. A pattern that only leaves tests out selects hidden ones, too.
    "write the golden model of the current format version",
]
IDLE_SECONDS = 30  # without any work done a test waits for ever; one that works is measured by its time on the CPU
CASE = re.compile(r'<TestCase name="([^"]*)"')
REMEMBERED = 6
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))


class Trials:
    def __init__(self, root, cpu_seconds):
        self.root, self.cpu_seconds = root, cpu_seconds
        self.killers = collections.defaultdict(collections.Counter)  # by file: which tests noticed mutants of it
        self.near = {}

    def near_tests(self, program, file):
        """Tags of test files that name the mutated file: by their own name, or because they include its header."""
        if (program, file) not in self.near:
            stem = pathlib.Path(file).stem
            header = f'#include "{file[:-4]}.h"'
            self.near[program, file] = [
                f"[#{path.stem}]" for path in sorted((self.root / "tests" / program).glob("*.cpp"))
                if path.stem in (stem, f"{stem}_test") or header in path.read_text()]
        return self.near[program, file]

    def selections(self, program, file):
        """What to run, in this order."""
        left_out = "".join(f"~{quoted(name)}" for name in LEFT_OUT)
        remembered = [name for name, _ in self.killers[file].most_common(REMEMBERED)]
        near = self.near_tests(program, file)
        if remembered:
            yield ",".join(quoted(name) + SLOW for name in remembered)
        if near:
            yield ",".join(tag + SLOW + left_out for tag in near)
        yield SLOW + left_out + "".join(f"~{tag}" for tag in near)

    def noticed(self, name, program, file, job):
        """The test that fails, or None."""
        for selection in self.selections(name, file):
            status, output = self.run([str(program), "-#", selection, "-a", "-r", "xml"], job)
            if status == 0 or status == "no tests":
                continue
            cases = CASE.findall(output)
            test = plain(cases[-1]) if cases else "before the first test"
            if cases:
                if status != "hangs" and self.run([str(program), quoted(test)], job)[0] == 0:
                    continue  # it failed by chance: a kill is seen twice
                self.killers[file][test] += 1
            return f"{test} ({status})" if isinstance(status, str) else test
        return None

    def run(self, command, job):
        """(0, output) if all passed; else 1, or how it ended."""
        scratch = job / "tmp"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)

        def limits():
            resource.setrlimit(resource.RLIMIT_CPU, (self.cpu_seconds, self.cpu_seconds + 5))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_DATA, (8 << 30, 8 << 30))

        with open(job / "output", "w+b") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True,
                                       preexec_fn=limits, env={**os.environ, "TMPDIR": str(scratch)})
            status = wait(process)
            out.seek(0)
            output = out.read().decode(errors="replace")
        shutil.rmtree(scratch, ignore_errors=True)
        if isinstance(status, int) and status < 0:
            status = "hangs" if -status in (signal.SIGXCPU, signal.SIGKILL) else signal.Signals(-status).name
        elif isinstance(status, int) and status != 0 and "<TestCase" not in output:
            status = "no tests"
        return (status if status == 0 or isinstance(status, str) else 1), output

    def baseline(self, program, job):
        """Seconds on the CPU of a run of all tests over unchanged code; raises if a test fails."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        status, output = self.run([str(program), "-#", SLOW + "".join(f"~{quoted(name)}" for name in LEFT_OUT), "-r", "xml"], job)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if status != 0:
            raise RuntimeError(f"{program.name} fails without any mutation ({status}): {output[-2000:]}")
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wait(process):
    """How a process ended, which is killed where it waits for something that does not come."""
    worked, since = None, time.monotonic()
    while True:
        try:
            return process.wait(timeout=0.5 if worked else 0.05)
        except subprocess.TimeoutExpired:
            pass
        try:
            fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        now_worked = (fields[11], fields[12])
        if now_worked != worked:
            worked, since = now_worked, time.monotonic()
        elif time.monotonic() - since > IDLE_SECONDS:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return "hangs"


def quoted(name):
    """A test's name as an exact pattern of Catch2."""
    return '"' + re.sub(r'([\\,\[\]"])', r"\\\1", name) + '"'


def plain(text):
    for entity, character in ENTITIES:
        text = text.replace(entity, character)
    return text


def now():
    return time.strftime("%H:%M:%S")
