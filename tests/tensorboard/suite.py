"""Event files as TensorBoard itself reads them, checksums and all. './dev test --suite tensorboard' installs it into .venv/tensorboard."""

import json
import pathlib
import subprocess
import tempfile

from runner import ROOT, Failure, Skip

PYTHON = ROOT / ".venv" / "tensorboard" / "bin" / "python"
TRAIN = ["train", "--preset", "plain", "--hidden", "32", "--active", "256", "--sampler", "lsh", "--tables", "8", "--k", "7", "--quiet"]
READ = """
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0}).Reload()
print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}))
"""


def run(context):
    context.case("tensorboard: scalars are those of the JSON log", lambda: check(context))


def check(context):
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", "import tensorboard"], capture_output=True).returncode != 0:
        raise Skip("tensorboard is not there; './dev test --suite tensorboard' installs it")
    with tempfile.TemporaryDirectory(prefix="glissade-board-") as folder:
        folder = pathlib.Path(folder)
        files = ["--train", context.sample / "train.txt.zst", "--test", context.sample / "test.txt.zst", "--model", "m.glsd", "--log-json", "log.jsonl"]

        def train(*more):
            done = subprocess.run([context.glissade, *TRAIN, *files, "--tensorboard", "board/run", *more], cwd=folder,
                                  env=context.clean_environment(folder), capture_output=True, text=True)
            if done.returncode != 0:
                raise Failure(done.stderr)

        train("--epochs", "2")
        done = subprocess.run([PYTHON, "-c", READ, folder / "board" / "run"], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(done.stderr[-3000:])
        board = json.loads(done.stdout)
        log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        epochs = [event for event in log if event["event"] == "epoch"]
        for tag, field in (("test/P@1", "p@1"), ("test/PSP@5", "psp@5"), ("epoch/loss", "loss"), ("epoch/rows re-hashed", "rows_rehashed"),
                           ("memory/peak MiB", "peak_rss_mb")):
            compare(tag, board, [(event["epoch"] * event["samples"], event[field]) for event in epochs])
        for phase, seconds in epochs[-1]["phase_seconds"].items():
            if abs(board[f"seconds of each phase/{phase}"][-1][1] - seconds) > 1e-4 * max(1, seconds):
                raise Failure(f"phase {phase}: {board[f'seconds of each phase/{phase}']}, the log says {seconds}")
        progress = [event for event in log if event["event"] == "progress"]
        if progress:
            compare("train/loss", board, [((e["epoch"] - 1) * e["samples_total"] + e["samples"], e["loss"]) for e in progress])


def compare(tag, board, expected):
    found = board.get(tag, [])
    if len(found) != len(expected) or any(s != step or abs(v - value) > 1e-5 * max(1, abs(value)) for (s, v), (step, value) in zip(found, expected)):
        raise Failure(f"{tag}: TensorBoard reads {found}, the log says {expected}")
