"""A log for TensorBoard, as TensorBoard itself reads it."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest
from conftest import command_line
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from glissade import tensorboard

MODULE = [sys.executable, "-m", "glissade.tensorboard"]


@pytest.fixture(scope="module")
def run(sample, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    command_line(folder, "train", "--train", sample.file, "--holdout", "0.1", "--model", "m.glsd", "--preset", "plain", "--hidden", "32",
                 "--sampler", "lsh", "--tables", "4", "--epochs", "3", "--log-json", "log.jsonl", "--quiet")
    return folder


def board(folder):
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def logged(folder, kind):
    return [event for event in map(json.loads, (folder / "log.jsonl").read_text().splitlines()) if event["event"] == kind]


def test_scalars_are_those_of_the_log(run):
    subprocess.run([*MODULE, "log.jsonl", "board"], cwd=run, check=True)
    found = board(run / "board")
    epochs = logged(run, "epoch")
    assert len(epochs) == 3
    for tag, field in (("test/P@1", "p@1"), ("test/PSP@5", "psp@5"), ("epoch/loss", "loss"), ("epoch/rows re-hashed", "rows_rehashed"),
                       ("memory/peak MiB", "peak_rss_mb")):
        assert [step for step, _ in found[tag]] == [event["epoch"] * event["samples"] for event in epochs]
        assert [value for _, value in found[tag]] == pytest.approx([event[field] for event in epochs], rel=1e-5)
    for phase, seconds in epochs[-1]["phase_seconds"].items():
        assert found[f"seconds of each phase/{phase}"][-1][1] == pytest.approx(seconds, rel=1e-4, abs=1e-4)


def test_progress_is_a_curve(tmp_path):
    events = [{"event": "start"},
              {"event": "progress", "activity": "training", "epoch": 2, "samples": 30, "samples_total": 100, "epoch_seconds": 1.5, "loss": 0.5,
               "train_p@1": None, "rss_mb": 7},
              {"event": "progress", "activity": "evaluating", "epoch": 2, "loss": None}]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events) + '{"event": "pro')
    found = list(tensorboard.read(tmp_path / "log.jsonl"))
    assert found == [tensorboard.Scalars(130, 1.5, {"train/loss": 0.5, "memory/resident MiB": 7})]


def test_a_log_that_grows_is_followed(run, tmp_path, monkeypatch):
    monkeypatch.setattr(tensorboard, "PAUSE", 0.01)
    lines = (run / "log.jsonl").read_text().splitlines(keepends=True)
    growing = tmp_path / "log.jsonl"
    growing.write_text(lines[0])
    counts = []
    thread = threading.Thread(target=lambda: counts.append(tensorboard.write(growing, tmp_path / "board", follow=True)))
    thread.start()
    for line in lines[1:]:
        for half in (line[:10], line[10:]):  # a line may come in parts
            with open(growing, "a") as file:
                file.write(half)
            time.sleep(0.03)
    thread.join(30)
    assert not thread.is_alive() and counts == [len(logged(run, "epoch")) + len(logged(run, "progress"))]
    assert len(board(tmp_path / "board")["test/P@1"]) == 3


@pytest.mark.parametrize(("content", "message"), [
    (None, "No such file"), ("no json\n", "log.jsonl':1: this is no line"), ('{"event": "start"}\n[1]\n', ":2: this is no line"), ("", "no epoch")])
def test_what_is_no_log_is_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "log.jsonl").write_text(content)
    done = subprocess.run([*MODULE, "log.jsonl", "board"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and message in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_missing_package_is_one_line(run):
    program = "import sys; sys.modules['tensorboard'] = None; from glissade.tensorboard import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", program, "log.jsonl", "none"], cwd=run, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 1 and done.stderr.splitlines() == [
        "glissade.tensorboard: the package tensorboard is missing; install it: pip install tensorboard"]
