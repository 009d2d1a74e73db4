"""What the runners have in common. A runner is a program of its own: it gets a task (JSON), works in stages that are timed, and
leaves predictions.txt, timings.json and a model in the task's folder.

Stages: 'read' (into the form that the tool trains on), 'train', 'read test', 'predict'. Standard library only."""

import contextlib
import json
import pathlib
import resource
import sys
import time


def cpu_seconds():
    """Of this process with all its threads, and of its children that have ended."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def peak_mib():
    """Highest resident set of this process so far."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


class Run:
    """A task and what is known of it so far; written after every stage, so that a killed run says how far it came."""

    def __init__(self, task):
        self.options = task["options"]
        self.threads = task["threads"]
        self.seed = task["seed"]
        self.forms = pathlib.Path(task["forms"])
        self.folder = pathlib.Path(task["folder"])
        self.model = str(self.folder / "model")
        self.report = {"stages": {}}

    @contextlib.contextmanager
    def stage(self, name):
        """Adds to what the stage took so far: a stage may be entered again."""
        wall, cpu = time.monotonic(), cpu_seconds()
        self.note(now=name)
        yield
        before = self.report["stages"].get(name, {"seconds": 0.0, "cpu_seconds": 0.0})
        self.took(name, before["seconds"] + time.monotonic() - wall, before["cpu_seconds"] + cpu_seconds() - cpu)

    def took(self, name, seconds, cpu):
        self.report["stages"][name] = {"seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak_mib()}
        self.note(now=None)

    def seconds(self, name):
        return self.report["stages"].get(name, {"seconds": 0.0})["seconds"]

    def used(self, name):
        """What a point of a curve says of the stage so far."""
        return {key: self.report["stages"][name][key] for key in ("seconds", "cpu_seconds")}

    def note(self, **facts):
        self.report.update(facts)
        (self.folder / "timings.json").write_text(json.dumps(self.report))

    def predicted(self, rows):
        """One iterable of labels per test row, the best first."""
        with open(self.folder / "predictions.txt", "w") as file:
            for labels in rows:
                file.write(" ".join(str(int(label)) for label in labels) + "\n")


def task():
    """The task named on the command line."""
    return Run(json.loads(pathlib.Path(sys.argv[1]).read_text()))


def distribution_version(name):
    import importlib.metadata

    return f"{name} {importlib.metadata.version(name)}"
