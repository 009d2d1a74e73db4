#!/usr/bin/env python3
"""Trains for a given time in one process and watches its memory and its open files. Standard library only.

The run goes through what a long one repeats: steps with hash tables that are re-hashed, evaluation, checkpoints. After a warm-up, in which
buffers and hash tables grow to their size, memory may grow by less than 1 % and the number of open descriptors must not grow at all.
"""

import argparse
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "datasets" / "samples" / "wordnet"
WARM_UP_SHARE, WARM_UP_EPOCHS = 0.1, 3  # of the time, and what must have happened a few times by then
MOST_GROWTH = 0.01
OPTIONS = ["--preset", "plain", "--hidden", "256", "--batch", "256", "--feature-dropout", "0.2", "--hidden-dropout", "0.2",
           "--sampler", "lsh:0.5+uniform:0.5", "--rehash-period", "8192", "--epochs", "1000000", "--threads", "1"]


def resident(pid):
    """Resident memory in KiB: all of it, and what is the process's own and no page of a file."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    field = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.endswith(" kB")}
    return int(field["VmRSS"]), int(field["RssAnon"])


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def epochs_in(log):
    return sum('"event":"epoch"' in line for line in log.read_text().splitlines()) if log.exists() else 0


def watch(process, log, seconds, period):
    """Samples (seconds, RSS, anonymous RSS, descriptors, epochs done) until the time is over or the process ends."""
    samples = []
    start = time.monotonic()
    shown = 0.0
    while (now := time.monotonic() - start) < seconds and process.poll() is None:
        try:
            samples.append((now, *resident(process.pid), descriptors(process.pid), epochs_in(log)))
        except (FileNotFoundError, ProcessLookupError, KeyError):
            break
        if now >= shown:
            shown = now + 60
            at, rss, own, files, epochs = samples[-1]
            print(f"{at / 60:6.1f} min  RSS {rss / 1024:7.1f} MiB  own {own / 1024:7.1f} MiB  {files} descriptors  {epochs} epochs", flush=True)
        time.sleep(period)
    return samples


def growth(values):
    """From the first to the last quarter, of the least and of the most. Memory goes up and down with what is just being done, a table
    being re-hashed or a test set being scored; what leaks raises both ends of that."""
    quarter = max(1, len(values) // 4)
    first, last = values[:quarter], values[-quarter:]
    return (min(last) / min(first) - 1, max(last) / max(first) - 1)


def judge(samples, seconds, epochs):
    """Prints what was seen; true if it is fine."""
    settled = [sample for sample in samples if sample[0] >= WARM_UP_SHARE * seconds and sample[4] >= WARM_UP_EPOCHS]
    if len(settled) < 8 or epochs < 2 * WARM_UP_EPOCHS:
        print(f"soak: {len(settled)} samples after the warm-up and {epochs} epochs are too few to judge by; give it more minutes")
        return False
    fine = True
    # Of files' pages the kernel takes back some when it likes: how little is resident says nothing, how much does.
    for name, column, both_ends in (("resident memory", 1, False), ("memory of its own", 2, True)):
        values = [sample[column] for sample in settled]
        least, most = growth(values)
        fine &= most < MOST_GROWTH and (least < MOST_GROWTH or not both_ends)
        print(f"soak: {name} after the warm-up: {min(values) / 1024:.1f} .. {max(values) / 1024:.1f} MiB, mean "
              f"{statistics.mean(values) / 1024:.1f}; last quarter against first: least {least:+.2%}, most {most:+.2%} (wanted: "
              f"{'both' if both_ends else 'the latter'} below {MOST_GROWTH:+.0%})")
    quarter = max(1, len(settled) // 4)
    before, after = max(s[3] for s in settled[:quarter]), max(s[3] for s in settled[-quarter:])
    fine &= after <= before
    print(f"soak: descriptors: most in the first quarter {before}, in the last {after}")
    print(f"soak: {epochs} epochs, each evaluated and saved; {len(samples)} samples; {'passed' if fine else 'FAILED'}")
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(ROOT / "build"), help="build folder")
    parser.add_argument("--minutes", type=float, default=10, help="how long; default 10")
    parser.add_argument("--period", type=float, default=0.5, help="seconds from one sample to the next; default 0.5")
    parser.add_argument("more", nargs="*", help="options of 'glissade train' beyond the usual ones, after --")
    arguments = parser.parse_args()
    seconds = 60 * arguments.minutes
    with tempfile.TemporaryDirectory(prefix="glissade-soak-") as folder:
        folder = pathlib.Path(folder)
        program = shutil.copy2(pathlib.Path(arguments.build) / "apps" / "glissade", folder)  # a build meanwhile changes nothing
        log = folder / "log.jsonl"
        command = [program, "train", "--train", SAMPLE / "train.txt.zst", "--test", SAMPLE / "test.txt.zst", "--model", folder / "m.glsd",
                   "--log-json", log, "--quiet", *OPTIONS, *arguments.more]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            samples = watch(process, log, seconds, arguments.period)
        finally:
            ended_early = process.poll() is not None
            process.send_signal(signal.SIGINT)
            message = process.communicate()[1]
        if ended_early:
            sys.exit(f"soak: the run ended by itself after {samples[-1][0] if samples else 0:.0f} s: {message.strip()}")
        sys.exit(0 if judge(samples, seconds, epochs_in(log)) else 1)


if __name__ == "__main__":
    main()
