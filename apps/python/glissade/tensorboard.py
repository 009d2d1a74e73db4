"""``python3 -m glissade.tensorboard LOG DIR``: the numbers of a log of ``glissade train --log-json LOG`` as scalars for TensorBoard.

Needs the package ``tensorboard``, not TensorFlow. :func:`read` gives the same numbers to any other dashboard.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

from .model import PathLike

# What a field of an event is called on the dashboard; text before the slash groups charts.
PROGRESS = {"loss": "train/loss", "train_p@1": "train/P@1 in the active set", "active_share": "train/active share",
            "samples_per_second": "speed/samples per second", "rss_mb": "memory/resident MiB"}
EPOCH = {"loss": "epoch/loss", "p@1": "test/P@1", "p@3": "test/P@3", "p@5": "test/P@5", "ndcg@5": "test/nDCG@5", "psp@1": "test/PSP@1",
         "psp@3": "test/PSP@3", "psp@5": "test/PSP@5", "active_share": "epoch/active share",
         "rows_touched_share": "epoch/share of rows touched", "rows_rehashed": "epoch/rows re-hashed",
         "train_seconds": "speed/seconds per epoch", "input_wait_seconds": "speed/seconds waiting for input", "peak_rss_mb": "memory/peak MiB"}
PAUSE = 1.0  # seconds between two looks at a log that grows


class Scalars(NamedTuple):
    """Numbers of one moment.

    Attributes
    ----------
    samples : int
        How many samples were trained on: the step of TensorBoard, which means the same at any batch size.
    seconds : float
        Since the training began, as far as the log tells.
    values : dict of str to float
        By name, such as "train/loss".
    """

    samples: int
    seconds: float
    values: dict[str, float]


class _Clock:
    """Adds up the seconds of epochs."""

    def __init__(self) -> None:
        self.before = 0.0

    def scalars(self, event: dict[str, Any]) -> Optional[Scalars]:
        if event.get("event") == "progress" and event.get("loss") is not None:
            samples = (event["epoch"] - 1) * event["samples_total"] + event["samples"]
            return Scalars(samples, self.before + event["epoch_seconds"], _named(event, PROGRESS))
        if event.get("event") != "epoch":
            return None
        self.before += sum(float(event.get(part) or 0) for part in ("train_seconds", "eval_seconds", "save_seconds"))
        phases = {f"seconds of each phase/{name}": float(seconds) for name, seconds in event.get("phase_seconds", {}).items()}
        return Scalars(event["epoch"] * event["samples"], self.before, {**_named(event, EPOCH), **phases})


def _named(event: dict[str, Any], names: dict[str, str]) -> dict[str, float]:
    return {names[field]: float(event[field]) for field in names if isinstance(event.get(field), (int, float))}


def _lines(path: PathLike, follow: bool) -> Iterator[str]:
    """Whole lines of a log; with `follow` also those that are written later, until the training is done."""
    with open(path, encoding="utf-8") as file:
        begun = ""
        while True:
            begun += file.readline()
            if begun.endswith("\n"):
                yield begun
                begun = ""
            elif not follow:
                return
            else:
                time.sleep(PAUSE)


def read(path: PathLike, *, follow: bool = False) -> Iterator[Scalars]:
    """The numbers of a log.

    Parameters
    ----------
    path : str or path
        A log of ``glissade train --log-json``.
    follow : bool, default=False
        Wait for more until the log says that the training is done.

    Yields
    ------
    Scalars
    """
    clock = _Clock()
    for number, line in enumerate(_lines(path, follow), 1):
        try:
            event = json.loads(line)
            if not isinstance(event, dict) or "event" not in event:
                raise ValueError
            found = clock.scalars(event)
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{os.fspath(path)!r}:{number}: this is no line of a log of glissade train --log-json; give such a file") from None
        if found is not None:
            yield found
        if follow and event["event"] == "done":
            return


def write(path: PathLike, folder: PathLike, *, follow: bool = False) -> int:
    """Write the numbers of a log into an event file for TensorBoard.

    Parameters
    ----------
    path, follow : as of :func:`read`
    folder : str or path
        Made if it is missing.

    Returns
    -------
    int
        How many moments there were.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    known = list(read(path))
    begin = os.stat(path).st_mtime - (known[-1].seconds if known else 0)  # logs have no times of day
    writer = EventFileWriter(os.fspath(folder))
    count = 0
    try:
        for samples, seconds, values in read(path, follow=follow):
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
            writer.add_event(Event(wall_time=begin + seconds, step=samples, summary=summary))
            count += 1
            if follow:
                writer.flush()
    finally:
        writer.close()
    return count


def main(arguments: Optional[list[str]] = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m glissade.tensorboard", description="A log of glissade train as scalars for TensorBoard.")
    parser.add_argument("log", help="file of glissade train --log-json")
    parser.add_argument("folder", help="where TensorBoard is to look: tensorboard --logdir FOLDER")
    parser.add_argument("--follow", action="store_true", help="go on until the training is done")
    given = parser.parse_args(arguments)
    try:
        count = write(given.log, given.folder, follow=given.follow)
    except ImportError:
        print("glissade.tensorboard: the package tensorboard is missing; install it: pip install tensorboard", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"glissade.tensorboard: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if count == 0:
        print(f"glissade.tensorboard: {given.log!r} has no epoch and no progress yet; nothing is to be shown", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
