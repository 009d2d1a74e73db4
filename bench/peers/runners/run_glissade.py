"""Glissade itself, through its command line; options: 'flags', further words for 'glissade train'. The curve is measured on a sample of
test rows; what that and the model's checkpoints took is taken off the training time. Standard library only."""

import json
import subprocess
import time

import stages


def call(run, *words):
    return subprocess.run([run.options["program"], *words, "--threads", str(run.threads)], stdout=subprocess.PIPE, text=True, check=True).stdout


def train(run):
    """Everything between start and end of the process but reading, evaluating and saving is training."""
    log = run.folder / "log.json"
    wall, cpu = time.monotonic(), stages.cpu_seconds()
    run.note(now="train")
    call(run, "train", "--train", str(run.forms / "train.txt"), "--test", str(run.forms / "sample.txt"), "--no-cache", "--model", run.model,
         "--seed", str(run.seed), "--log-json", str(log), *run.options["flags"])
    wall, cpu = time.monotonic() - wall, stages.cpu_seconds() - cpu
    events = [json.loads(line) for line in log.read_text().splitlines()]
    start = next(event for event in events if event["event"] == "start")
    epochs = [event for event in events if event["event"] == "epoch"]
    reading = {data["role"]: data["read_seconds"] for data in start["data"]}
    evaluating = sum(epoch.get("eval_seconds", 0) for epoch in epochs)
    saving = sum(epoch.get("save_seconds", 0) for epoch in epochs)
    seconds = wall - sum(reading.values()) - evaluating - saving
    run.took("read", reading["train"], None)
    run.took("train", seconds, cpu)  # with the evaluations, until without_evaluations()
    before = seconds - sum(epoch["train_seconds"] for epoch in epochs)
    curve = []
    for epoch in epochs:
        before += epoch["train_seconds"]
        if "p@1" in epoch:
            curve.append({"seconds": before, "epochs": epoch["epoch"], "p@1": epoch["p@1"]})
    run.note(curve=curve, version=f"glissade {start['version']}", config=start["config"])


def predict(run):
    test = str(run.forms / "test.txt")
    cpu = stages.cpu_seconds()
    measured = json.loads(call(run, "eval", "--model", run.model, "--test", test, "--json", "--no-cache"))
    run.took("predict", measured["seconds"], stages.cpu_seconds() - cpu)
    lines = call(run, "predict", "--model", run.model, "--k", "5", test).splitlines()
    run.predicted([pair.partition(":")[0] for pair in line.split()] for line in lines)
    run.note(own_scores={key: value for key, value in measured.items() if "p@" in key})
    return measured["samples"]


def without_evaluations(run, test_rows):
    """The log has wall times of evaluations only: their processor time is taken from that of predicting the whole test set."""
    sample_rows = sum(1 for _ in open(run.forms / "sample.rows"))
    trained, predicted = run.report["stages"]["train"], run.report["stages"]["predict"]
    evaluations = len(run.report["curve"]) * sample_rows / test_rows * predicted["cpu_seconds"]
    run.took("train", trained["seconds"], trained["cpu_seconds"] - evaluations)
    rate = run.report["stages"]["train"]["cpu_seconds"] / trained["seconds"]
    run.note(curve=[{**point, "cpu_seconds": rate * point["seconds"]} for point in run.report["curve"]])


def main():
    run = stages.task()
    train(run)
    without_evaluations(run, predict(run))


if __name__ == "__main__":
    main()
