"""Plots for a notebook, by matplotlib: how a training went, and why a label is an answer.

    from glissade import plots
    plots.training(model)                       # of an estimator, or the path of a log of ``glissade train --log-json``
    plots.reason(model.explain(["red apple"])[0])
"""

from __future__ import annotations

import os
from typing import Any, Optional, Union

from . import tensorboard
from ._training import Progress
from .model import PathLike, Reason

LOSS, SHARE = "tab:blue", "tab:orange"


def training(source: Any, ax: Optional[Any] = None) -> Any:
    """The loss over the samples trained on, and P@1 beside it.

    Parameters
    ----------
    source : estimator, list of Progress, or path of a log
        What was trained. A log of ``glissade train --log-json`` that has a test set tells P@1 of that; all others tell P@1 of
        training rows, within the labels that were scored.
    ax : matplotlib Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib Axes
        That of the loss.
    """
    ax = _axes(ax)
    samples, loss, precision, what = _course(source)
    if not samples:
        raise ValueError("there is no finished epoch to draw; train for one at least")
    ax.plot(samples, loss, color=LOSS, marker="o", label="loss")
    ax.set_xlabel("samples trained on")
    ax.set_ylabel("loss")
    other = ax.twinx()
    other.plot(samples, precision, color=SHARE, marker="s", label=what)
    other.set_ylabel(f"{what}, %")
    lines = [*ax.get_lines(), *other.get_lines()]
    ax.legend(lines, [line.get_label() for line in lines], loc="center right")
    return ax


def reason(why: Reason, ax: Optional[Any] = None, features: int = 10) -> Any:
    """What each part of the model adds to a label's score, and which features speak for it most.

    Parameters
    ----------
    why : Reason
        One of :meth:`GlissadeClassifier.explain`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure if left out.
    features : int, default=10
        Features at most, those that add or take most.

    Returns
    -------
    matplotlib Axes
    """
    ax = _axes(ax)
    parts = [(name, share) for name, share in why.shares.items() if share]
    told = sorted(why.features, key=lambda one: -abs(one[2]))[:features]
    bars = [*parts, *((f"  {name}", added) for name, _, added in told)]
    if not bars:
        raise ValueError(f"nothing speaks for {why.label!r} but its score without a row; there is nothing to draw")
    colours = [LOSS] * len(parts) + [SHARE] * len(told)
    ax.barh(range(len(bars)), [size for _, size in bars], color=colours)
    ax.set_yticks(range(len(bars)), labels=[str(name) for name, _ in bars])
    ax.invert_yaxis()
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_xlabel("adds to the score")
    ax.set_title(f"{why.label}: {why.score:.2f} = {why.base:.2f} + the parts")
    return ax


def _axes(ax: Optional[Any]) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError:
        raise ModuleNotFoundError("plots need matplotlib; install it: pip install 'glissade[plots]'") from None
    return pyplot.subplots()[1]


def _course(source: Any) -> tuple[list[int], list[float], list[float], str]:
    """Samples, loss, P@1 in per cent, and of what that is."""
    if isinstance(source, (str, os.PathLike)):
        return _course_of_log(source)
    history: Union[list[Progress], Any] = getattr(source, "history_", source)
    samples = [now.epoch * now.samples_total for now in history]
    return samples, [now.loss for now in history], [100 * now.precision_at_1 for now in history], "P@1 of training rows"


def _course_of_log(log: PathLike) -> tuple[list[int], list[float], list[float], str]:
    epochs = [one for one in tensorboard.read(log) if "epoch/loss" in one.values]
    tested = bool(epochs) and all("test/P@1" in one.values for one in epochs)
    precision = "test/P@1" if tested else "train/P@1 in the active set"
    values = [one.values for one in epochs]
    return ([one.samples for one in epochs], [one["epoch/loss"] for one in values],
            [100 * one.get(precision, float("nan")) for one in values], "P@1 of test rows" if tested else "P@1 of training rows")
