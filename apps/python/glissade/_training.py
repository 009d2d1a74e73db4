"""A training in a thread of its own, so that this one hears of an interrupt."""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

from . import _library as lib
from ._dense import VectorView
from ._histories import HistoryRows, Labels
from ._rows import RowView
from ._texts import RecordRows

log = logging.getLogger("glissade")


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes
    ----------
    activity : str
        "preparing", "training" or "epoch done".
    activity_share : float
        How much of the activity is done, 0 to 1.
    seconds_left : float or None
        Of the whole training, where it is known.
    epoch, epochs : int
        From 1, and how many there will be.
    samples_done, samples_total : int
        In this epoch.
    seconds, loss, precision_at_1, samples_per_second : float
        Of this epoch so far. `precision_at_1` is of the training rows within the labels that were scored.
    """

    activity: str
    activity_share: float
    seconds_left: Optional[float]
    epoch: int
    epochs: int
    samples_done: int
    samples_total: int
    seconds: float
    loss: float
    precision_at_1: float
    samples_per_second: float


ProgressCallback = Callable[[Progress], Optional[bool]]


def _told(raw: Any) -> Progress:
    activity = {lib.PREPARING: "preparing", lib.EPOCH_DONE: "epoch done"}.get(raw.activity, "training")
    left = raw.seconds_left if raw.seconds_left >= 0 else None
    return Progress(activity, raw.activity_share, left, raw.epoch, raw.epochs, raw.samples_done, raw.samples_total, raw.seconds,
                    raw.loss, raw.precision_at_1, raw.samples_per_second)


def progress_of(asked: Any) -> Optional[ProgressCallback]:
    """What a training tells, of the parameter `progress`."""
    if asked is None or asked is False:
        return None
    if asked is not True:
        if not callable(asked):
            raise ValueError(f"progress is {asked!r}; give True, False or a function")
        return asked  # type: ignore[no-any-return]
    from tqdm.auto import tqdm

    bar = tqdm(total=1.0, unit="", bar_format="{l_bar}{bar}| {elapsed}{postfix}")

    def show(now: Progress) -> None:
        if now.activity == "training" and now.samples_total and now.epochs:
            done = (now.epoch - 1 + now.samples_done / now.samples_total) / now.epochs
            bar.set_postfix_str(f"epoch {now.epoch}/{now.epochs}, loss {now.loss:.4f}")
            bar.update(max(0.0, done - bar.n))
        elif now.activity == "epoch done" and now.epoch == now.epochs:
            bar.update(1.0 - bar.n)
            bar.close()

    return show


def option_text(value: Any) -> str:
    """A value as the command line takes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        return ",".join(option_text(one) for one in value)
    return str(value)


def options_text(options: Mapping[str, Any]) -> bytes:
    """Lines "name = value". Names are those of the command line, with _ for -."""
    lines = []
    for name, value in options.items():
        text = option_text(value)
        if "\n" in text or "\0" in text:
            raise ValueError(f"option {name}: {text!r} is no value of an option; give one line")
        lines.append(f"{name.replace('_', '-')} = {text}\n")
    return "".join(lines).encode()


def checked_names(names: Sequence[str], count: int, what: str, columns: str) -> Sequence[str]:
    """`names`, one for each of `count` columns; `what` and `columns` are what a message calls them."""
    if len(names) != count:
        raise ValueError(f"{what} has {len(names)} names, {columns} has {count} columns; give one for each")
    return names


class Interrupted(Exception):
    """A training that KeyboardInterrupt stopped. `model` is what was trained so far, or None."""

    def __init__(self, model: Optional[lib.Handle]) -> None:
        super().__init__("interrupted")
        self.model = model


class _Run:
    """The call into the library, and what happens meanwhile."""

    def __init__(self, progress: Optional[ProgressCallback]) -> None:
        self.progress = progress
        self.stop = False
        self.raised: Optional[BaseException] = None
        self.history: list[Progress] = []

    def on_progress(self, _: Any, raw: Any) -> int:
        try:
            now = _told(raw.contents)
            if now.activity == "epoch done":
                self.history.append(now)
                log.info("epoch %d/%d done in %.2f s, loss %.4f", now.epoch, now.epochs, now.seconds, now.loss)
            if self.progress is not None and self.progress(now) is False:
                self.stop = True
        except BaseException as error:  # an exception cannot pass through the library: it stops the training and goes on behind it
            self.raised, self.stop = error, True
        return 0 if self.stop else 1

    @staticmethod
    def on_note(_: Any, line: bytes) -> None:
        log.info("%s", line.decode(errors="replace"))


def train(
    features: Union[RowView, RecordRows, HistoryRows],
    labels: Union[RowView, Labels],
    *,
    preset: Optional[str],
    effort: Optional[str],
    options: Mapping[str, Any],
    label_names: Optional[Sequence[str]],
    feature_names: Any,
    feature_count: int,
    data_notes: Optional[bytes],
    progress: Optional[ProgressCallback],
    histories: int = 0,
    vectors: Optional[VectorView] = None,
    weights: Any = None,
) -> tuple[lib.Handle, list[Progress]]:
    """Train a model. Raises Interrupted on KeyboardInterrupt, and what `progress` raises.

    `weights` is an array of float32 in one piece, one for each row, or None.
    """
    run = _Run(progress)
    asked = lib.Training()
    lib.library.glissade_training_init_sized(ctypes.byref(asked), ctypes.sizeof(asked))
    asked.features, asked.labels = feature_count, labels.columns
    asked.preset = None if preset is None else preset.encode()
    asked.effort = None if effort is None else effort.encode()
    asked.options = options_text(options)
    if label_names is not None:
        asked.label_names = lib.strings(label_names)
    asked.feature_names = ctypes.cast(feature_names, ctypes.c_void_p) if feature_names is not None else None
    asked.data_notes, asked.histories = data_notes, histories
    asked.vectors = None if vectors is None else vectors.pointer
    asked.weights = None if weights is None else weights.ctypes.data
    asked.on_progress = lib.ON_PROGRESS(run.on_progress)
    asked.on_note = lib.ON_NOTE(run.on_note)
    outcome: list[Any] = []
    over = threading.Event()

    def call() -> None:
        try:
            out = ctypes.c_void_p()
            status = lib.library.glissade_train(lib.context(), features.pointer, labels.pointer, ctypes.byref(asked), ctypes.byref(out))
            message = lib.library.glissade_error(lib.context()).decode(errors="replace")
            outcome.extend((status, message, lib.Handle("glissade_model_free", out.value)))
        finally:
            over.set()

    threading.Thread(target=call, name="glissade-train").start()
    interrupted = _wait(over, run)
    if not outcome:
        raise MemoryError("no memory for a thread that trains")
    status, message, model = outcome
    if run.raised is not None:
        raise run.raised
    if interrupted:
        raise Interrupted(model if status == lib.OK else None)
    if status == lib.STOPPED:
        raise RuntimeError(f"{message}: the progress callback said so")
    if status != lib.OK:
        raise lib.error_for(status, message)
    return model, run.history


def _wait(over: threading.Event, run: _Run) -> bool:
    """Until the training is over. True if an interrupt ended it. (Thread.join() loses its thread when it is interrupted.)"""
    interrupted = False
    while not over.is_set():
        try:
            over.wait(0.1)
        except KeyboardInterrupt:
            run.stop = interrupted = True
    return interrupted
