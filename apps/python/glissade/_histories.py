"""Logs of events, and the histories of their users as rows (``glissade/histories.h``)."""

from __future__ import annotations

import ctypes
import datetime
import json
from typing import Any, NamedTuple, Optional

import numpy as np
import numpy.typing as npt

from . import _library as lib


class Rules(NamedTuple):
    """What is left of an item in a row. Half-lives are in the unit of the times."""

    decay: float
    window: int
    half_life: float
    mean_weight: float
    ordered: bool = True

    def features(self, items: int) -> int:
        """How many features `items` items are."""
        return 2 * items if self.ordered else items


class Columns(NamedTuple):
    """Names of the columns of a log; "" where there are none."""

    user: str
    item: str
    time: str
    weight: str

    def notes(self, rules: Rules) -> bytes:
        """What the model file says of how its rows are made, so that the command line can answer, too."""
        columns = {"user": self.user, "item": self.item, "time": self.time}
        if self.weight:
            columns["weight"] = self.weight
        events = json.dumps({**columns, "header": True, "separator": ""}, separators=(",", ":"), ensure_ascii=False)
        lines = ["format set", "sequence-key on"]
        if rules.ordered:
            lines = ["format sequence", "sequence-key on", f"sequence-decay {_number(rules.decay)}", f"sequence-window {rules.window}"]
        if rules.half_life > 0:
            lines.append(f"sequence-half-life {_number(rules.half_life)}")
        if rules.mean_weight != 1:
            lines.append(f"sequence-mean-weight {_number(rules.mean_weight)}")
        return "".join(f"{line}\n" for line in [*lines, f"events {events}"]).encode()


def noted(notes: str) -> tuple[Columns, Rules]:
    """What Columns.notes() wrote."""
    lines = dict(line.split(" ", 1) for line in notes.splitlines() if " " in line)
    if lines.get("format") not in ("sequence", "set"):
        raise ValueError("the model was not trained on histories of items; load it with GlissadeClassifier or Model")
    columns = json.loads(lines.get("events", "{}"))
    rules = Rules(float(lines.get("sequence-decay", 0.7)), int(lines.get("sequence-window", 50)), float(lines.get("sequence-half-life", 0)),
                  float(lines.get("sequence-mean-weight", 1)), lines["format"] == "sequence")
    return Columns(*(str(columns.get(name, "")) for name in Columns._fields)), rules


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


class Log(NamedTuple):
    """Events by user, each user's in the order of time. Users and items are in the order in which the log has them first."""

    users: npt.NDArray[Any]
    items: npt.NDArray[Any]
    offsets: npt.NDArray[np.uint64]
    item: npt.NDArray[np.uint32]
    weights: Optional[npt.NDArray[np.float32]] = None
    times: Optional[npt.NDArray[np.int64]] = None
    fractions: Optional[npt.NDArray[np.float64]] = None


def _column(values: Any, what: str) -> npt.NDArray[Any]:
    dtype = getattr(values, "dtype", None)
    if not isinstance(dtype, np.dtype) or dtype.kind == "O":
        values = values.to_pylist() if hasattr(values, "to_pylist") else values.tolist() if hasattr(values, "tolist") else list(values)
        kinds = {type(one).__name__ for one in values}
        if "str" in kinds and len(kinds) > 1 or kinds & {"NoneType", "NAType", "NaTType"}:
            raise ValueError(f"the events have {what}s of several kinds ({', '.join(sorted(kinds))}); give each event one, all of one kind")
    column = np.asarray(values)
    if column.dtype == object and len(column) and all(isinstance(one, datetime.datetime) for one in column):
        naive = [one if one.tzinfo is None else one.astimezone(datetime.timezone.utc).replace(tzinfo=None) for one in column]
        column = np.array(naive, "datetime64[ns]")
    if column.ndim != 1 or column.dtype.kind not in "biufUM":
        raise ValueError(f"the events have {what}s of type {column.dtype}; give numbers or texts")
    if column.dtype.kind == "f" and not np.isfinite(column).all() or column.dtype.kind == "M" and np.isnat(column).any():
        raise ValueError(f"an event has no {what}; leave such events out")
    return column


def numbered(values: Any, what: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The different values in the order in which they first come, and the number of each."""
    found, first, inverse = np.unique(_column(values, what), return_index=True, return_inverse=True)
    if found.dtype.kind not in "iuU":
        raise ValueError(f"the events have {what}s of type {found.dtype}; give whole numbers or texts")
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return found[order], place[inverse.ravel()]


def _times(values: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Whole parts and fractions: of numbers, or in seconds since 1970 of dates."""
    column = _column(values, "time")
    if column.dtype.kind == "U":
        try:
            column = column.astype("datetime64[ns]")
        except ValueError as error:
            raise ValueError(f"the times are texts and no dates of ISO 8601 ({error}); give numbers or dates") from None
    if column.dtype.kind == "M":
        ticks = column.astype("datetime64[ns]").astype(np.int64)
        return ticks // 10**9, (ticks % 10**9) / 1e9
    if column.dtype.kind == "f":
        whole = np.floor(column)
        return whole.astype(np.int64), (column - whole).astype(np.float64)
    return column.astype(np.int64), np.zeros(len(column))


def log_of(user: Any, item: Any, time: Any, weight: Any) -> Log:
    """A log of its columns; without times events are in the order of the log."""
    users, user_of = numbered(user, "user")
    items, item_of = numbered(item, "item")
    order = np.argsort(user_of, kind="stable")
    whole = fractions = None
    if time is not None:
        whole, fractions = _times(time)
        order = np.lexsort((fractions, whole, user_of))
        whole, fractions = whole[order], fractions[order]
    weights = None
    if weight is not None:
        weights = _column(weight, "weight").astype(np.float32)[order]
        if len(weights) and not (weights > 0).all():
            raise ValueError(f"a weight of an event is {weights.min():g}; give numbers above 0")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(user_of, minlength=len(users)))]).astype(np.uint64)
    return Log(users, items, offsets, item_of[order].astype(np.uint32), weights, whole, fractions)


def mean_of(weights: Optional[npt.NDArray[np.float32]]) -> float:
    """Added up one after the other, as the command line does it."""
    return 1.0 if weights is None or not len(weights) else float(np.cumsum(weights.astype(np.float64))[-1] / len(weights))


class Labels(NamedTuple):
    """The items that rows of a training are to answer."""

    pointer: Any
    columns: int


def _raw(log: Log, items: int) -> lib.Histories:
    raw = lib.Histories()
    lib.library.glissade_histories_init_sized(ctypes.byref(raw), ctypes.sizeof(raw))
    raw.items, raw.users = items, len(log.offsets) - 1
    raw.offsets, raw.item = log.offsets.ctypes.data, log.item.ctypes.data
    for name, array in (("weights", log.weights), ("times", log.times), ("fractions", log.fractions)):
        setattr(raw, name, None if array is None else array.ctypes.data)
    return raw


def order_tells(log: Log) -> bool:
    """Whether the order in which the log has each user's events says something."""
    tells = ctypes.c_int()
    names = lib.strings([str(item) for item in log.items.tolist()])
    lib.check(lib.library.glissade_histories_order_tells(lib.context(), ctypes.byref(_raw(log, len(log.items))), names, ctypes.byref(tells)))
    return bool(tells.value)


class HistoryRows:
    """Rows of histories, in the library's memory."""

    def __init__(self, log: Log, items: int, rules: Rules, training: bool) -> None:
        raw = _raw(log, items)
        raw.decay, raw.window, raw.half_life, raw.mean_weight = rules.decay, rules.window, rules.half_life, rules.mean_weight
        raw.unordered = 0 if rules.ordered else 1
        self.handle = lib.made("glissade_history_rows_free", lib.library.glissade_history_rows_new, ctypes.byref(raw), int(training))
        self.struct, labels = lib.Rows(), lib.Rows()
        lib.library.glissade_history_rows_view(self.handle.value, ctypes.byref(self.struct), ctypes.byref(labels))
        self.labels = Labels(ctypes.byref(labels), items)
        self.rows, self.columns = int(self.struct.rows), rules.features(items)
        self.never_repeats = bool(lib.library.glissade_history_rows_never_repeat(self.handle.value))

    @property
    def pointer(self) -> Any:
        return ctypes.byref(self.struct)

    def part(self, begin: int, end: int) -> lib.Rows:
        """Rows `begin` to `end` - 1 of them."""
        return lib.Rows(end - begin, self.struct.offsets + 8 * begin, self.struct.ids, self.struct.values)
