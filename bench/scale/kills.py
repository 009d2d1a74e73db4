#!/usr/bin/env python3
"""Kills random ranks of a training again and again, and goes on with --resume.

Every file that is left must be readable, and the last run must end as one that nobody killed: with the same bytes where the number
of ranks is the same, within the noise of seeds where it changes."""

import argparse
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
EPOCHS = 8
MODES = {
    "data": ["--preset", "plain", "--parts", "12", "--distribute", "data"],
    "labels": ["--preset", "plain", "--distribute", "labels"],
    "labels, sparse paths": ["--preset", "short-text", "--distribute", "labels"],
}


class Run:
    def __init__(self, glissade, rows, folder, mode):
        self.glissade, self.rows, self.folder, self.mode = glissade, rows, folder, mode

    def command(self, ranks, *args):
        train = [self.glissade, "train", "--train", self.rows, "--model", self.folder / "m.glsd", "--log-json", self.folder / "log.jsonl", "--quiet",
                 "--hidden", "32", "--epochs", EPOCHS, "--batch", "96", "--threads", "1", "--holdout", "0.1", "--eval-rows", "all",
                 "--checkpoint-steps", "20", "--keep", "2", *MODES[self.mode], *args]
        return [str(part) for part in ["mpirun", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none", "-np", ranks, *train]]

    def start(self, ranks, *args):
        return subprocess.Popen(self.command(ranks, *args), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def finish(self, ranks, *args):
        """Seconds of a run that nobody kills, the bytes of its model and its last P@1."""
        begin = time.monotonic()
        process = self.start(ranks, *args)
        _, err = process.communicate()
        if process.returncode != 0:
            sys.exit(f"{self.mode}, {ranks} ranks: status {process.returncode}\n{err}")
        events = [json.loads(line) for line in (self.folder / "log.jsonl").read_text().splitlines()]
        last = [event for event in events if event["event"] == "epoch"][-1]
        return time.monotonic() - begin, (self.folder / "m.glsd").read_bytes(), last["p@1"]

    def forget(self):
        for path in self.folder.glob("*glsd*"):
            path.unlink()

    def check_files(self):
        """Every model file that is left can be read, or --resume would stumble over it."""
        for path in self.folder.glob("m.glsd*"):
            if ".shard-" in path.name or ".tmp-" in path.name:
                continue
            out = subprocess.run([self.glissade, "info", "--model", path], capture_output=True, text=True, check=False)
            if out.returncode != 0:
                sys.exit(f"{path.name}: {out.stderr}")


def ranks_of(process):
    found = {}
    tasks = pathlib.Path(f"/proc/{process.pid}/task").glob("*/children")
    for pid in " ".join(task.read_text() for task in tasks).split():
        try:
            variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        found.update({int(one.split(b"=")[1]): int(pid) for one in variables if one.startswith(b"OMPI_COMM_WORLD_RANK=")})
    return found


def kill_one(run, ranks, seconds, draw, *args):
    """Starts a run and kills one of its ranks; how long the others took to end. None: the run was over before."""
    process = run.start(ranks, *args)
    time.sleep(draw.uniform(0.4, max(0.5, 0.9 * seconds)))
    victims = ranks_of(process)
    if process.poll() is None and victims:
        begin = time.monotonic()
        try:
            os.kill(victims[draw.choice(sorted(victims))], signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.communicate(timeout=60)
        if process.returncode != 0:
            return time.monotonic() - begin
    process.communicate()
    return None


def resumable(run):
    return any(".shard-" not in path.name and ".tmp-" not in path.name for path in run.folder.glob("m.glsd*"))


def chain(run, counts, kills, draw):
    """A run that is killed `kills` times, with one of `counts` ranks each time. Returns how it ended."""
    run.forget()
    seconds, _, _ = run.finish(counts[0])
    run.forget()
    waits, done = [], 0
    while done < kills:
        ranks = draw.choice(counts)
        waited = kill_one(run, ranks, seconds, draw, *(["--resume"] if resumable(run) else []))
        if waited is None:  # it came to its end: begin again
            run.forget()
            continue
        done += 1
        waits.append(waited)
        run.check_files()
    _, model, precision = run.finish(draw.choice(counts), *(["--resume"] if resumable(run) else []))
    return model, precision, waits


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--glissade", default=ROOT / "build" / "apps" / "glissade", type=pathlib.Path)
    parser.add_argument("--data", default=None, help="training rows; default the sample that the tests use")
    parser.add_argument("--kills", type=int, default=30, help="in all; as many in each mode")
    parser.add_argument("--modes", nargs="+", default=list(MODES), choices=list(MODES))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix="glissade-scale-kills-") as name:
        folder = pathlib.Path(name)
        rows = args.data or folder / "rows.train.txt"
        if not args.data:
            subprocess.run([args.glissade, "generate", "--shape", "4000x3000x2000", "--out", folder / "rows", "--seed", "3"], check=True, capture_output=True)
        for mode in args.modes:
            run = Run(args.glissade, rows, folder, mode)
            _, undisturbed, _ = run.finish(3)
            noise = []
            for seed in (2, 3, 4):
                run.forget()
                noise.append(run.finish(3, "--seed", seed)[2])
            kills = args.kills // len(args.modes)
            half = kills // 2
            model, _, waits = chain(run, [3], kills - half, draw)
            if model != undisturbed:
                sys.exit(f"{mode}: 3 ranks, killed {len(waits)} times, ended with another model than a run that nobody killed")
            print(f"{mode}: 3 ranks, {len(waits)} kills: the bytes of a run that nobody killed; the others ended within {max(waits):.1f} s")
            _, precision, waits = chain(run, [2, 3, 4], half, draw)
            print(f"{mode}: 2 to 4 ranks by turns, {len(waits)} kills: P@1 {100 * precision:.2f}, other seeds {100 * min(noise):.2f} to {100 * max(noise):.2f}; "
                  f"the others ended within {max(waits):.1f} s")
            spread = max(noise) - min(noise)
            if abs(precision - statistics.mean(noise)) > max(0.01, 2 * spread):
                sys.exit("that is outside of the noise of seeds")


if __name__ == "__main__":
    main()
