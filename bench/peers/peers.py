#!/usr/bin/env python3
"""Glissade beside the tools that people use today: trains each on the same data with the same number of threads, scores what they
predict for the whole test set by the same code, and writes one table. Results are kept tool by tool, so that an interrupted run goes
on where it was. Standard library only; the tools live in a virtual environment that this makes."""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time

import child
import machine
import report
import tools
import xmc
from environment import Environment

HERE = pathlib.Path(__file__).resolve().parent
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


def fail(message):
    print(f"peers: {message}", file=sys.stderr)
    sys.exit(1)


def variant(text):
    """'name: --option value ...' as (name, words)."""
    name, colon, flags = text.partition(":")
    if not colon or not name.strip().replace("-", "").replace("_", "").isalnum():
        raise argparse.ArgumentTypeError(f"'{text}' is not 'name: --option value ...'")
    return name.strip(), shlex.split(flags)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, epilog="example: ./dev bench peers --data wordnet-related --tools glissade,pecos")
    parser.add_argument("--data", action="append", default=[], help="a data set: a folder with train.txt.zst and test.txt.zst, or its name below --data-root; may be repeated")
    parser.add_argument("--data-root", default=os.environ.get("GLISSADE_DATA", "../shared/data"))
    parser.add_argument("--train", help="instead of --data: a file in XMC format, plain, .gz or .zst")
    parser.add_argument("--test", help="with --train")
    parser.add_argument("--name", help="with --train: what the data are called; default: the folder's name")
    parser.add_argument("--head", type=int, metavar="N", help="only the first N rows of each file: to see that everything works")
    parser.add_argument("--tools", type=lambda text: [name.strip() for name in text.split(",")], help="only these, separated by commas; default: all")
    parser.add_argument("--again", action="store_true", help="run the chosen tools even if they have results")
    parser.add_argument("--glissade", action="append", default=[], type=variant, metavar="'NAME: FLAGS'", help="one more row for Glissade with these flags; may be repeated")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=3600, metavar="SECONDS", help="for a tool, from start to end; default 3600")
    parser.add_argument("--torch-budget", type=float, default=1800, metavar="SECONDS", help="of training for PyTorch, which stops then and has what it has; default 1800")
    parser.add_argument("--torch-epochs", type=int, default=10)
    parser.add_argument("--torch-hidden", type=int, default=128)
    parser.add_argument("--keep-models", action="store_true")
    parser.add_argument("--build", default="build")
    parser.add_argument("--venv", default=".venv/peers")
    parser.add_argument("--out", default="out/peers", help="folder; a data set's results go to OUT/DATA/")
    options = parser.parse_args()
    if bool(options.train) != bool(options.test) or bool(options.train) == bool(options.data):
        parser.error("name --data, or --train and --test")
    return options


def sources(options):
    """(name, training file, test file) of each data set."""
    if options.train:
        yield options.name or pathlib.Path(options.train).resolve().parent.name, options.train, options.test
    for data in options.data:
        folder = pathlib.Path(data) if pathlib.Path(data).is_dir() else pathlib.Path(options.data_root) / data
        yield folder.resolve().name, folder / "train.txt.zst", folder / "test.txt.zst"


def describe(train, test, head):
    """What tells these data from others."""
    facts = {"head": head}
    for part, path in (("train", train), ("test", test)):
        rows, features, labels = xmc.header(path)
        facts |= {f"{part}_rows": min(rows, head or rows), f"{part}_bytes": os.path.getsize(path)}
    return {**facts, "features": features, "labels": labels}


class Comparison:
    """One data set."""

    def __init__(self, options, environment, name, train, test):
        self.options, self.environment, self.train, self.test = options, environment, train, test
        self.data = describe(train, test, options.head)
        self.name = name if options.head is None else f"{name}-head{options.head}"
        self.folder = pathlib.Path(options.out).resolve() / self.name
        self.forms = self.folder / "forms"
        self.tools = tools.all_tools(options, self.data)

    def run(self):
        try:
            chosen = tools.chosen(self.tools, self.options.tools)
        except KeyError as unknown:
            fail(f"no tool is called {unknown}; there are: {', '.join(tool.name for tool in self.tools)}")
        for tool in chosen:
            if self.options.again or self.stored(tool) is None:
                self.store(tool, self.measure(tool))
                self.write()  # after each: a comparison that is stopped keeps what it has
        self.write()
        print((self.folder / "peers.md").read_text())

    def wanted(self, tool):
        """A stored result counts only for the same of all these."""
        return {"data": self.data, "options": tool.options, "threads": self.options.threads, "seed": self.options.seed}

    def path(self, tool):
        return self.folder / f"{tool.name}.json"

    def stored(self, tool):
        if not self.path(tool).exists():
            return None
        result = json.loads(self.path(tool).read_text())
        return result if all(result[key] == value for key, value in self.wanted(tool).items()) else None

    def store(self, tool, result):
        self.path(tool).write_text(json.dumps(result, indent=1))

    def measure(self, tool):
        result = {"tool": tool.name, "about": tool.about, **self.wanted(tool), "commit": machine.commit(), "machine": machine.describe(),
                  "date": time.strftime("%Y-%m-%d"), "load_before": os.getloadavg()[0]}
        why = tool.obstacle or self.obstacle(tool)
        if why:
            print(f"peers: {self.name}, {tool.name}: not run: {why}", file=sys.stderr)
            return {**result, "status": "not run", "why": why}
        self.make_forms(tool.forms)
        print(f"peers: {self.name}, {tool.name}", file=sys.stderr)
        result |= self.train_and_predict(tool)
        print(f"peers: {self.name}, {tool.name}: {result['status']} {result.get('why', '')}", file=sys.stderr)
        return result

    def obstacle(self, tool):
        for group in ("base", tool.group):
            why = self.environment.install(group) if group else ""
            if why:
                return why
        if tool.options.get("device") == "cuda" and not self.environment.has_cuda():
            return "no CUDA device here"
        return ""

    def make_forms(self, forms):
        mark = self.forms / "source.json"
        if not mark.exists() or json.loads(mark.read_text()) != self.data:
            shutil.rmtree(self.forms, ignore_errors=True)
            self.forms.mkdir(parents=True)
            mark.write_text(json.dumps(self.data))
        head = [] if self.options.head is None else ["--head", self.options.head]
        command = [self.environment.python, HERE / "forms.py", "--train", self.train, "--test", self.test, "--folder", self.forms, "--forms", ",".join(forms), *head]
        if subprocess.run([str(word) for word in command]).returncode != 0:
            fail(f"could not bring {self.name} into the forms {', '.join(forms)}")

    def train_and_predict(self, tool):
        folder = self.folder / tool.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        task = {"options": tool.options, "threads": self.options.threads, "seed": self.options.seed, "forms": str(self.forms), "folder": str(folder)}
        (folder / "task.json").write_text(json.dumps(task))
        environment = {**os.environ, **{name: str(self.options.threads) for name in THREAD_VARIABLES}}
        limit = self.options.limit + tool.options.get("budget", 0)  # PyTorch minds its budget; the rest is for evaluation
        command = [str(self.environment.python), str(HERE / "runners" / tool.runner), str(folder / "task.json")]
        ended = child.run(command, folder / "log.txt", limit, environment)
        result = {"seconds": ended.seconds, "cpu_seconds": ended.cpu_seconds, "peak_mib": ended.peak_mib, "load_after": os.getloadavg()[0]}
        timings = folder / "timings.json"
        if timings.exists():
            result |= json.loads(timings.read_text())
        if ended.timed_out:
            return {**result, "status": "out of time", "why": f"not done after {limit:,.0f} s, in stage '{result.get('now')}'"}
        if ended.status != 0:
            return {**result, "status": "failed", "why": f"ended with {ended.status}: {last_line(folder / 'log.txt')}"}
        return {**result, "model_bytes": size_of(folder / "model", self.options.keep_models), **self.score(folder)}

    def score(self, folder):
        """In a process of its own, so that this one stays small."""
        command = [sys.executable, HERE / "scoring.py", "--train", self.forms / "train.txt", "--test", self.forms / "test.txt", "--predictions", folder / "predictions.txt"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode != 0:
            return {"status": "failed", "why": "predictions cannot be scored: " + done.stderr.strip().splitlines()[-1]}
        return {"status": "ok", "scores": json.loads(done.stdout)}

    def write(self):
        results = [result for result in map(self.stored, self.tools) if result]
        whole = {"data": self.name, **self.data, "threads": self.options.threads, "machine": machine.describe(),
                 "command": shlex.join(["./dev", "bench", "peers", *sys.argv[1:]]), "results": results}
        (self.folder / "peers.json").write_text(json.dumps(whole, indent=1))
        (self.folder / "peers.md").write_text(report.markdown(whole))
        if any(result["status"] == "ok" for result in results):
            subprocess.run([str(self.environment.python), str(HERE / "plot.py"), str(self.folder / "peers.json"), str(self.folder / "peers.svg")], check=True)


def last_line(path):
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no output"


def size_of(path, keep):
    """Bytes of a model, a file or a folder, which is then deleted unless it is to be kept."""
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else path.stat().st_size
    if not keep:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return size


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through child.run(), which takes its program along
    options = arguments()
    environment = Environment(options.venv, options.out)
    for name, train, test in sources(options):
        for path in (train, test):
            if not pathlib.Path(path).exists():
                fail(f"{path} does not exist")
        comparison = Comparison(options, environment, name, train, test)
        comparison.folder.mkdir(parents=True, exist_ok=True)
        comparison.run()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        fail("interrupted; the same command goes on from here")
