"""What is measured: operations of the communicator by themselves, one process that does what ranks do, and steps of ranks on emulated networks."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

from network import Network, OneMachine

# A waiting rank must not wait for other programs, too: ranks are of the real-time class where that is allowed.
FIRST = ["chrt", "-r", "1"] if shutil.which("chrt") and os.geteuid() == 0 else []
USUAL = ["--preset", "plain", "--threads", "1", "--epochs", "4", "--keep", "0", "--seed", "1", "--slim", "--warmup", "0", "--quiet"]
EXCHANGED = ["gather:8", "gather:10000", "gather:50000", "gather:200000", "gather:1000000", "gather:4000000", "reduce:400000", "reduce:4000000",
             "gather:512:8:at-once"]
WAYS = {  # what the measured modes are called, and are
    "sparse": ["--communicate", "sparse"],
    "dense": ["--communicate", "dense"],
    "coarse, bf16": ["--communicate", "coarse", "--travel-share", "0.1", "--wire", "bf16"],
    "labels": ["--distribute", "labels"],
}


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
        return Network(self.build, ranks, gigabits, milliseconds) if gigabits else OneMachine(ranks)

    def exchanges(self, ranks, gigabits, milliseconds, cases, repeats=5):
        with self.network(ranks, gigabits, milliseconds) as network:
            out = run(network.command([*FIRST, self.build / "bench/scale/exchange_bench", repeats, *cases]))
        return [{"ranks": ranks, "gigabits": gigabits, "milliseconds": milliseconds, **json.loads(line)} for line in out.splitlines()]

    def loopback(self, cases):
        out = run(OneMachine(2, tcp=True).command([*FIRST, self.build / "bench/scale/exchange_bench", 20, *cases]))
        return [json.loads(line) for line in out.splitlines()]

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
        if not log.is_file():
            sys.exit(f"scale: '{' '.join(map(str, program))}' ended well and left no log; run the bench again")
        events = [json.loads(line) for line in log.read_text().splitlines()]
        # The first passes take memory for the first time, and after the last there are codes for the search.
        epoch = next(event for event in events if event["event"] == "epoch" and event["epoch"] == 3)
        steps = epoch["steps"]
        phases = {name: seconds / steps for name, seconds in epoch["phase_seconds"].items()}
        one = {"seconds": epoch["train_seconds"] / steps, "steps": steps, "phases": phases, "features": epoch["features_touched_share"] * features,
               "rows": epoch["rows_touched_share"] * labels, "peak_mb": events[-1]["peak_rss_mb"]}
        if "ranks" in epoch:
            first = epoch["ranks"][0]
            one.update({"messages": first["messages"] / steps, "bytes": first["bytes_sent"] / steps, "waited": first["seconds_waited"] / steps})
        return one

    def one_process(self, data, kinds, more=(), repeats=3):
        """Seconds a step of one thread, of each kind (batch, parts) the fastest run, the kinds in turn: what other programs do makes it slower only."""
        runs = {kind: [] for kind in kinds}
        for _ in range(repeats):
            for batch, parts in kinds:
                options = ["--batch", batch, *(["--parts", parts] if parts > 1 else []), *more]
                runs[batch, parts].append(self._train(None, data, options))
        found = [{"batch": batch, "parts": parts, **min(of, key=lambda one: one["seconds"])} for (batch, parts), of in runs.items()]
        for one in found:
            said(f"one process, batch {one['batch']}, parts {one['parts']}: {1e3 * one['seconds']:.2f} ms a step")
        return found

    def steps(self, data, ranks, gigabits, milliseconds, ways, batch, repeats=3):
        """Of each way the fastest run, the ways in turn. `data`: by way."""
        runs = {way: [] for way in ways}
        with self.network(ranks, gigabits, milliseconds) as network:
            for _ in range(repeats):
                for way in ways:
                    runs[way].append(self._train(network, data[way], [*WAYS[way], "--batch", batch]))
        found = []
        for way in ways:
            fastest = min(runs[way], key=lambda one: one["seconds"])
            found.append({"way": way, "ranks": ranks, "gigabits": gigabits, "milliseconds": milliseconds, "batch": batch, **fastest,
                          "spread": max(one["seconds"] for one in runs[way]) / min(one["seconds"] for one in runs[way])})
            said(f"{ranks} ranks, {gigabits} Gb/s, {milliseconds} ms, {way}, batch {batch}: {1e3 * fastest['seconds']:.2f} ms a step, "
                 f"{fastest['messages']:.1f} messages, {fastest['bytes'] / 1e3:.1f} KB")
        return found
