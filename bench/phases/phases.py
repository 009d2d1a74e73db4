#!/usr/bin/env python3
"""Trains one epoch, or one at each of several instruction-set levels, and holds the seconds of each phase of a step against its
floor: the bytes that it must move and the operations that it must do, at the rates that this machine reaches. All options that are
not listed here go to 'glissade train'. Standard library only."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PADDING = 32  # a row is padded to this many elements


def fail(message):
    print(f"phases: {message}", file=sys.stderr)
    sys.exit(1)


def run(command, level):
    environment = dict(os.environ, GLISSADE_SIMD=level) if level else None
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fail(f"'{' '.join(command)}' ended with exit status {done.returncode}")
    return done.stdout


def train(build, options, level):
    """The start, epoch and done events of a run."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log.json"
        run([f"{build}/apps/glissade", "train", *options, "--quiet", "--log-json", str(log), "--model", f"{folder}/model.glsd"], level)
        events = [json.loads(line) for line in log.read_text().splitlines()]
    by_kind = {}
    for event in events:
        by_kind.setdefault(event["event"], []).append(event)
    return by_kind["start"][0], by_kind["epoch"], by_kind["done"][0]


def state_bytes(config):
    """Bytes of weights and optimiser state that an update of one parameter reads; it writes as many."""
    weights = {"fp32": 4, "bf16-mixed": 4, "bf16": 2}[config["precision"]]
    moment = {"fp32": 4, "bf16": 2}[config["moments"]]
    moments = {"adam": moment + (moment if config["second-moment"] == "element" else 0), "momentum": moment, "adagrad": 0, "sgd": 0}
    return weights + moments[config["optimizer"]]


def floors(start, epoch, ceilings):
    """Phase -> (bytes in sequence, in random rows, in random rows that are changed, operations) of an epoch with one hidden layer."""
    config = start["config"]
    data = next(d for d in start["data"] if d["role"] == "train")
    samples, steps, entries = epoch["samples"], epoch["steps"], data["feature_entries"]
    hidden = -(-int(str(config["hidden"]).split(",")[-1]) // PADDING) * PADDING
    forward = 4 if config["precision"] == "fp32" else 2
    product = ceilings["product_bytes"] if forward == 2 else 4
    active = epoch["active_share"] * data["labels"]
    output_rows = epoch["rows_touched_share"] * data["labels"] * steps
    input_rows = epoch["features_touched_share"] * data["features"] * steps
    shared = config["scope"] == "shared" or config["sampler"] == "full"
    gradients = samples * active * (product if shared else 8)
    gathered = 0 if shared else samples * active * hidden * forward
    update = 2 * state_bytes(config) * hidden
    return {
        "gather": (2 * 8 * entries, 0, 0, 0),
        "input forward": (0, entries * hidden * forward, 0, 2 * entries * hidden),
        "packing": (2 * output_rows * hidden * product if shared else 0, output_rows * hidden * forward if shared else 0, 0, 0),
        "scores": (gradients, gathered, 0, 4 * samples * active * hidden),
        "output update": (gradients, 0, output_rows * update, 2 * samples * active * hidden),
        "input transpose": (4 * 8 * entries, 0, 0, 0),
        "input update": (0, 0, input_rows * update, 2 * entries * hidden),
    }


def floor_seconds(work, ceilings):
    """Memory and arithmetic overlap at best."""
    sequential, random, changed, operations = work
    moving = sequential / ceilings["sequential_bytes"] + random / ceilings["random_bytes"] + changed / ceilings["update_bytes"]
    return max(moving, operations / ceilings["block_flops"])


def median_epoch(epochs):
    return sorted(epochs, key=lambda epoch: epoch["train_seconds"])[len(epochs) // 2]


def report(start, epochs, done, ceilings):
    epoch = median_epoch(epochs)
    work = floors(start, epoch, ceilings)
    print(f"\n{ceilings['simd']}, {start['machine']['threads']} threads; ceilings: {ceilings['sequential_bytes'] / 1e9:.1f} GB/s in "
          f"sequence, {ceilings['random_bytes'] / 1e9:.1f} GB/s in random rows of 256 bytes, "
          f"{ceilings['update_bytes'] / 1e9:.1f} GB/s read and written in changing them, "
          f"{ceilings['block_flops'] / 1e9:.0f} GFLOP/s of block products\n")
    print("| phase | seconds | share % | GB | GFLOP | floor s | times floor |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    total = epoch["train_seconds"]
    rest = total
    for phase, seconds in epoch["phase_seconds"].items():
        rest -= seconds
        needs = work.get(phase, (0, 0, 0, 0))
        floor = floor_seconds(needs, ceilings)
        times = f"{seconds / floor:.1f}" if floor > 0 else ""
        if seconds < 0.0005 * total:
            continue
        print(f"| {phase} | {seconds:.2f} | {100 * seconds / total:.1f} | {sum(needs[:3]) / 1e9:.1f} | {needs[3] / 1e9:.0f} | "
              f"{floor:.2f} | {times} |")
    print(f"| rest | {rest:.2f} | {100 * rest / total:.1f} | | | | |")
    whole = sum(floor_seconds(w, ceilings) for w in work.values())
    print(f"| epoch | {total:.2f} | 100 | | | {whole:.2f} | {total / whole:.1f} |")
    print(f"\n{epoch['samples_per_second']:,.0f} samples/s, loss {epoch['loss']:.4f}, peak memory {done['peak_rss_mb']:.0f} MiB; "
          f"the median of {len(epochs)} epochs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog="example: ./dev bench phases --preset amazon-670k-slide --train FILE --levels avx2,scalar")
    parser.add_argument("--build", default=str(pathlib.Path(__file__).resolve().parents[2] / "build"), help="build folder")
    parser.add_argument("--levels", default="", help="instruction-set levels, comma-separated; default: the best")
    arguments, options = parser.parse_known_args()
    if not options:
        parser.error("no options for 'glissade train'; name at least --train FILE")
    if "--epochs" not in options:
        options += ["--epochs", "1"]
    if "--checkpoint-epochs" not in options:
        options += ["--checkpoint-epochs", "1000000"]  # on few cores the saving process takes time from the epoch after
    for level in arguments.levels.split(","):
        ceilings = json.loads(run([f"{arguments.build}/bench/phases/ceilings"], level))
        report(*train(arguments.build, options, level), ceilings)


if __name__ == "__main__":
    main()
