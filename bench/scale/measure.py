"""What is measured: operations of the communicator by themselves, one process that does what ranks do, and steps of ranks on emulated networks."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

from network import Network, SharedMemory

# A waiting rank must not wait for other programs, too: ranks are of the real-time class where that is allowed.
FIRST = ["chrt", "-r", "1"] if shutil.which("chrt") and os.geteuid() == 0 else []
USUAL = ["--preset", "plain", "--threads", "1", "--epochs", "3", "--keep", "0", "--seed", "1", "--slim", "--warmup", "0", "--quiet"]
EXCHANGED = ["gather:8", "gather:10000", "gather:50000", "gather:200000", "gather:1000000", "gather:4000000", "reduce:400000", "reduce:4000000"]
SMALL = ["gather:8", "gather:1000"]
WAYS = {  # what the measured modes are called, and are
    "sparse": ["--communicate", "sparse"],
    "sparse, bf16": ["--communicate", "sparse", "--wire", "bf16"],
    "dense": ["--communicate", "dense"],
    "dense, bf16": ["--communicate", "dense", "--wire", "bf16"],
    "coarse, bf16": ["--communicate", "coarse", "--travel-share", "0.1", "--wire", "bf16"],
    "labels": ["--distribute", "labels"],
    "labels, bf16": ["--distribute", "labels", "--wire", "bf16"],
}


def wire_bytes(way):
    return 2 if way.endswith("bf16") else 4


def said(text):
    print(text, file=sys.stderr, flush=True)


def run(command, **more):
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        sys.exit(f"scale: '{' '.join(map(str, command))}' ended with exit status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Bench:
    """Where programs are and where files may go."""

    def __init__(self, build, folder):
        self.build, self.folder = pathlib.Path(build).resolve(), pathlib.Path(folder)
        self.glissade = self.build / "apps/glissade"

    def network(self, ranks, gigabits, milliseconds):
        return Network(self.build, ranks, gigabits, milliseconds) if gigabits else SharedMemory(ranks)

    def exchanges(self, ranks, gigabits, milliseconds, cases, repeats=5):
        with self.network(ranks, gigabits, milliseconds) as network:
            out = run(network.command([*FIRST, self.build / "bench/scale/exchange_bench", repeats, *cases]))
        return [{"ranks": ranks, "gigabits": gigabits, "milliseconds": milliseconds, **json.loads(line)} for line in out.splitlines()]

    def first_rows(self, path, rows):
        """The first rows of a file in XMC format, as one."""
        place = self.folder / f"{rows}.txt"
        with open(place, "w", encoding="utf-8") as out, subprocess.Popen(["zstd", "-dcf", path], stdout=subprocess.PIPE, text=True) as text:
            _, features, labels = next(text.stdout).split()
            out.write(f"{rows} {features} {labels}\n")
            for _, line in zip(range(rows), text.stdout):
                out.write(line)
            text.stdout.close()
        return place, int(features), int(labels)

    def generated(self, shape):
        run([self.glissade, "generate", "--shape", shape, "--features-per-sample", "75.7", "--labels-per-sample", "5.5", "--test-samples", "1", "--out",
             self.folder / shape])
        _, features, labels = shape.split("x")
        return self.folder / f"{shape}.train.txt", int(features), int(labels)

    def _train(self, network, data, options):
        path, features, labels = data
        log = self.folder / "log.jsonl"
        log.unlink(missing_ok=True)
        program = [*FIRST, self.glissade, "train", "--train", path, "--model", self.folder / "m.glsd", "--cache-dir", self.folder, "--log-json", log, *USUAL,
                   *options]
        run(network.command(program) if network else program)
        events = [json.loads(line) for line in log.read_text().splitlines()]
        # The first pass takes memory for the first time, and after the last there are codes for the search.
        epoch = next(event for event in events if event["event"] == "epoch" and event["epoch"] == 2)
        steps = epoch["steps"]
        phases = {name: seconds / steps for name, seconds in epoch["phase_seconds"].items()}
        one = {"seconds": epoch["train_seconds"] / steps, "steps": steps, "phases": phases, "features": epoch["features_touched_share"] * features,
               "rows": epoch["rows_touched_share"] * labels, "peak_mb": events[-1]["peak_rss_mb"]}
        if "ranks" in epoch:
            first = epoch["ranks"][0]
            one.update({"messages": first["messages"] / steps, "bytes": first["bytes_sent"] / steps, "waited": first["seconds_waited"] / steps})
        return one

    def one_process(self, data, batch, parts, more=(), repeats=3):
        """Seconds a step of one thread: the run that took the median."""
        options = ["--batch", batch, *(["--parts", parts] if parts > 1 else []), *more]
        runs = sorted((self._train(None, data, options) for _ in range(repeats)), key=lambda one: one["seconds"])
        said(f"one process, batch {batch}, parts {parts}: {1e3 * runs[repeats // 2]['seconds']:.2f} ms a step")
        return {"batch": batch, "parts": parts, **runs[repeats // 2]}

    def steps(self, data, ranks, gigabits, milliseconds, ways, batch, repeats=3):
        """Of each way the run whose steps took the median, the ways in turn."""
        runs = {way: [] for way in ways}
        with self.network(ranks, gigabits, milliseconds) as network:
            for _ in range(repeats):
                for way in ways:
                    runs[way].append(self._train(network, data, [*WAYS[way], "--batch", batch]))
        found = []
        for way in ways:
            median = sorted(runs[way], key=lambda one: one["seconds"])[repeats // 2]
            found.append({"way": way, "ranks": ranks, "gigabits": gigabits, "milliseconds": milliseconds, "batch": batch, **median,
                          "spread": max(one["seconds"] for one in runs[way]) / min(one["seconds"] for one in runs[way])})
            said(f"{ranks} ranks, {gigabits} Gb/s, {milliseconds} ms, {way}, batch {batch}: {1e3 * median['seconds']:.2f} ms a step, "
                 f"{median['messages']:.1f} messages, {median['bytes'] / 1e3:.1f} KB")
        return found


def load():
    """How busy other programs keep the machine: runnable processes on average over the last minute, and the cores."""
    return os.getloadavg()[0], len(os.sched_getaffinity(0))


def median_load(loads):
    return statistics.median(loads)
