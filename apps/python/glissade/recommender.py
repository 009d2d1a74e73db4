"""What users will take next, by what they took before."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, Callable, Optional, Union

import numpy as np
import numpy.typing as npt
import scipy

from . import _histories as histories
from . import _library as lib
from ._answers import history_frame
from ._training import Interrupted, Progress, progress_of, train
from .model import Model, PathLike, TopK

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


def half_life_of(text: Any) -> float:
    """In the unit of the times; in seconds where it has a unit of its own."""
    if isinstance(text, (int, float)):
        value = float(text)
    elif hasattr(text, "total_seconds"):
        value = float(text.total_seconds())
    else:
        digits = str(text).rstrip("smindhw")
        unit = str(text)[len(digits) :]
        try:
            value = float(digits) * (UNITS[unit] if unit else 1)
        except (KeyError, ValueError):
            raise ValueError(f"half_life is {text!r}; give a number in the unit of the times, or a text such as '30d'") from None
    if not 0 < value <= 1e18:
        raise ValueError(f"half_life is {text!r}; give one above 0")
    return value


class ItemRecommender:
    """A network that answers which items come next, of all there are.

    Parameters
    ----------
    preset, effort, random_state, n_jobs, progress : as of :class:`GlissadeClassifier`
    user, item, time, weight : str
        Columns of a DataFrame of events. `time` and `weight` may be missing; a column that is not named so must be named here.
        ``time=None``: no times, whatever columns there are.
    ordered : bool, optional
        Whether the order of a user's items means something. If not, they are a set (a basket, likes), and the model answers what
        else belongs to it. Left out, it does where there are times, `decay` or `window`, else where the log shows it, as
        ``--sequence-order detect`` does.
    decay : float, optional
        What an item is worth that lies one place further back. Left out 0.7, or 1 with `half_life`.
    window : int, default=50
        So many last items are looked back at.
    half_life : float, str or timedelta, optional
        An item is worth half as much after so long: a number in the unit of the times, or such as ``"30d"``.
    **options
        Options of ``glissade train``, with _ for -.

    Attributes
    ----------
    items_ : ndarray
        The items that can be answered, in the order in which the log has them first.
    model_ : Model
    history_ : list of Progress
        One entry for each epoch; `history_frame_` is the same as a DataFrame of pandas.

    Examples
    --------
    >>> from glissade import ItemRecommender
    >>> events = [(user, item) for user in range(60) for item in (["tent", "stove", "lamp"] if user % 2 else ["pen", "ink", "paper"])]
    >>> model = ItemRecommender(epochs=3).fit(events)
    >>> model.recommend([["tent", "stove"]], k=1).labels.shape
    (1, 1)
    """

    def __init__(
        self,
        preset: Optional[str] = None,
        *,
        effort: Optional[str] = None,
        random_state: Optional[int] = None,
        n_jobs: Optional[int] = None,
        progress: Union[bool, Callable[[Progress], Optional[bool]], None] = None,
        user: str = "user",
        item: str = "item",
        time: Optional[str] = "time",
        weight: str = "weight",
        ordered: Optional[bool] = None,
        decay: Optional[float] = None,
        window: int = 50,
        half_life: Any = None,
        **options: Any,
    ) -> None:
        self.preset, self.effort, self.random_state, self.n_jobs, self.progress = preset, effort, random_state, n_jobs, progress
        self.columns = histories.Columns(user, item, time or "", weight)
        self.ordered = ordered
        self.decay, self.window, self.half_life = decay, window, half_life
        self.options = options

    def _read(self, events: Any) -> tuple[histories.Log, histories.Columns]:
        """The log of a table with named columns, or of tuples; and which columns it has."""
        names = getattr(events, "column_names", None) or getattr(events, "columns", None)
        if names is not None:
            names = [str(name) for name in names]
            for what in ("user", "item"):
                if getattr(self.columns, what) not in names:
                    raise ValueError(f"the events have no column {getattr(self.columns, what)!r}; name that of the {what}s: {what}=...")
            for what, usual in (("time", "time"), ("weight", "weight")):
                if getattr(self.columns, what) not in ("", usual, *names):
                    raise ValueError(f"the events have no column {getattr(self.columns, what)!r}; choose one of {', '.join(names)}")
            given = [events[name] if name in names else None for name in self.columns]
        else:
            rows = list(events)
            width = {len(row) for row in rows}
            if not rows or len(width) != 1 or not 2 <= min(width) <= 4:
                raise ValueError("events are no table; give tuples (user, item), (user, item, time) or (user, item, time, weight), all alike")
            given = [*zip(*rows), None, None][: len(self.columns)]
            if not self.columns.time:
                given[2] = None
        there = histories.Columns(*(name if column is not None else "" for name, column in zip(self.columns, given)))
        return histories.log_of(*given), there

    def _rules(self, log: histories.Log) -> histories.Rules:
        half_life = 0.0 if self.half_life is None else half_life_of(self.half_life)
        if half_life and log.times is None:
            raise ValueError("half_life needs times of the events; give them, or leave it out")
        has_ages = bool(half_life) or self.decay is not None or self.window != 50
        ordered = self.ordered
        if ordered is None:
            ordered = log.times is not None or has_ages or histories.order_tells(log)
        if has_ages and not ordered:
            raise ValueError("items without an order have no ages; leave decay, window and half_life out, or ordered=False")
        decay = self.decay if self.decay is not None else 1.0 if half_life else 0.7
        return histories.Rules(float(decay), int(self.window), half_life, histories.mean_of(log.weights), bool(ordered))

    def fit(self, events: Any) -> ItemRecommender:
        """Train on the events of users.

        Parameters
        ----------
        events : DataFrame, Arrow table, or list of (user, item), (user, item, time) or (user, item, time, weight)
            Without times events are in the order of time, or a user's items are a set: see `ordered`. An item that stands twice
            counts twice, but in a set once.

        Returns
        -------
        ItemRecommender
            Itself. KeyboardInterrupt stops the training within a second; what was trained so far is then in it.
        """
        log, there = self._read(events)
        if len(log.items) < 2:
            raise ValueError(f"the events have {len(log.items)} different items; at least two are needed")
        rules = self._rules(log)
        rows = histories.HistoryRows(log, len(log.items), rules, training=True)
        names = [str(item) for item in log.items.tolist()]
        options = {name: value for name, value in self.options.items() if value is not None}
        if self.random_state is not None:
            options["seed"] = int(self.random_state)
        if self.n_jobs is not None and self.n_jobs > 0:
            options["threads"] = int(self.n_jobs)
        interrupted = False
        try:
            handle, history = train(
                rows, rows.labels, preset=self.preset, effort=self.effort, options=options, label_names=names,
                feature_names=lib.strings([f"{name} (before)" for name in names] + [f"{name} (last)" for name in names] if rules.ordered else names),
                feature_count=rows.columns, data_notes=there.notes(rules), progress=progress_of(self.progress),
                histories=lib.HISTORIES | (lib.NEVER_REPEATS if rows.never_repeats else 0) | (0 if rules.ordered else lib.SETS))
        except Interrupted as stopped:
            if stopped.model is None:
                raise KeyboardInterrupt from None
            handle, history, interrupted = stopped.model, [], True
        self._take(Model(handle), log.items, rules, history, log)
        if interrupted:
            raise KeyboardInterrupt
        return self

    @property
    def history_frame_(self) -> Any:
        """`history_` as a DataFrame of pandas, an epoch a row."""
        self._check()
        return history_frame(self.history_)

    def _take(self, model: Model, items: npt.NDArray[Any], rules: histories.Rules, history: list[Progress],
              log: Optional[histories.Log] = None) -> None:
        self.model_, self.items_, self.history_, self._trained = model, items, history, rules
        self._place = {item: place for place, item in enumerate(items.tolist())}
        self._log = log

    def remember(self, events: Any) -> ItemRecommender:
        """Take these events for what users have so far, without training on them. Items that are new have an age and no more."""
        self._check()
        log, _ = self._read(events)
        numbers = np.array([self._place.get(item, len(self.items_)) for item in log.items.tolist()], np.uint32)
        self._log = log._replace(items=self.items_, item=numbers[log.item])
        return self

    def _check(self) -> None:
        if not hasattr(self, "model_"):
            raise ValueError("this ItemRecommender is not fitted yet; call fit first")

    def _asked(self, users: Any) -> histories.Log:
        """The histories of users that are known, or of lists of items."""
        users = list(users)
        if users and all(isinstance(one, (list, tuple, np.ndarray)) for one in users):
            lists = [[self._place.get(item, len(self.items_)) for item in np.asarray(one).tolist()] for one in users]
            offsets = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.uint64)
            return histories.Log(np.arange(len(lists)), self.items_, offsets, np.array([item for one in lists for item in one], np.uint32))
        log = self._log
        if log is None:
            raise ValueError("this model knows no users: a file holds no histories; give lists of items, or call remember(events) first")
        places = {user: place for place, user in enumerate(log.users.tolist())}
        try:
            chosen = [places[user] for user in np.asarray(users).tolist()]
        except KeyError as unknown:
            raise ValueError(f"user {unknown} has no events; give a list of items") from None
        return _chosen(log, chosen)

    def recommend(
        self,
        users: Iterable[Any],
        k: int = 10,
        *,
        exclude_seen: Optional[bool] = None,
        only: Optional[Sequence[Any]] = None,
        probabilities: bool = True,
    ) -> TopK:
        """The best `k` items for each user.

        Parameters
        ----------
        users : iterable
            Users of the events, or lists of items, oldest first where they are in an order.
        k : int, default=10
            1 to 1000.
        exclude_seen : bool, optional
            Leave out what a user has already. Left out, as the model was trained: where no item ever comes twice, such are no answers.
        only : sequence of items, optional
            The items that may be answers.
        probabilities : bool, default=True
            Else scores.

        Returns
        -------
        TopK
            Items, and scores. Places without an answer have None, or -1 where items are numbers.
        """
        self._check()
        asked = self._asked(users)
        if exclude_seen is False and self.model_.options.get("exclude-input") == "on":
            raise ValueError("exclude_seen=False: the model was trained never to answer what is before; train with exclude_input=False")
        rows = histories.HistoryRows(asked, len(self.items_), self._trained, training=False)
        numbers = None
        if only is not None:
            unknown = [item for item in only if item not in self._place]
            if unknown:
                raise ValueError(f"only names {unknown[0]!r}, which is no item of the model")
            numbers = [self._place[item] for item in only]
        found = self.model_.top_k(rows, k, probabilities=probabilities, only=numbers, exclude=self._seen(asked) if exclude_seen else None)
        missing = -1 if self.items_.dtype.kind in "iu" else None
        if not (found.labels < 0).any():
            return TopK(self.items_[found.labels], found.scores)
        items = self.items_ if missing == -1 else self.items_.astype(object)
        return TopK(np.where(found.labels < 0, missing, items[found.labels]), found.scores)

    def _seen(self, asked: histories.Log) -> Any:
        known = asked.item < len(self.items_)
        ends = np.concatenate([[0], np.cumsum(known)])[asked.offsets.astype(np.int64)]
        ids = asked.item[known].astype(np.int32)
        seen = scipy.sparse.csr_matrix((np.ones(len(ids), np.int8), ids, ends), shape=(len(ends) - 1, len(self.items_)))
        seen.sum_duplicates()
        return seen

    def save(self, path: PathLike, *, training_state: bool = True) -> None:
        """Write the model file, which ``glissade`` and :meth:`load` read. It holds items, and no users."""
        self._check()
        self.model_.save(path, training_state=training_state)

    @classmethod
    def load(cls, path: PathLike) -> ItemRecommender:
        """A recommender of a model file of :meth:`save`, or of ``glissade train --user --item``. Items are texts then."""
        if not pathlib.Path(path).exists():
            raise FileNotFoundError(f"there is no model file {os.fspath(path)!r}")
        model = Model.load(path)
        columns, rules = histories.noted(model.data_notes())
        time = columns.time or ("time" if rules.ordered else None)
        made = cls(user=columns.user, item=columns.item, time=time, weight=columns.weight or "weight", ordered=rules.ordered,
                   decay=rules.decay if rules.ordered else None, window=rules.window, half_life=rules.half_life or None)
        made._take(model, np.array(model.label_names() or []), rules, [])
        return made


def _chosen(log: histories.Log, chosen: list[int]) -> histories.Log:
    """The histories of some users."""
    lengths = np.diff(log.offsets.astype(np.int64))[chosen]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    begins = log.offsets.astype(np.int64)[:-1][chosen]
    at = np.repeat(begins - offsets[:-1], lengths) + np.arange(offsets[-1])
    parts = [None if one is None else one[at] for one in (log.weights, log.times, log.fractions)]
    return histories.Log(log.users[chosen], log.items, offsets.astype(np.uint64), log.item[at], *parts)
