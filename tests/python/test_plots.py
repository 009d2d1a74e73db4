"""Plots show the numbers that there are."""

import matplotlib
import pytest
from conftest import command_line
from matplotlib import pyplot

from glissade import GlissadeClassifier, plots

matplotlib.use("agg")
TEXTS = ["red apple", "green apple", "red car", "blue car"] * 30
LABELS = [["fruit", "red"], ["fruit"], ["car", "red"], ["car"]] * 30


@pytest.fixture(scope="module")
def model():
    return GlissadeClassifier(epochs=3).fit(TEXTS, LABELS)


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def test_training_of_an_estimator(model):
    ax = plots.training(model)
    line = ax.get_lines()[0]
    assert line.get_xdata().tolist() == [now.epoch * now.samples_total for now in model.history_]
    assert line.get_ydata().tolist() == [now.loss for now in model.history_]
    assert plots.training(model.history_, ax=pyplot.subplots()[1]).get_xlabel() == "samples trained on"
    with pytest.raises(ValueError, match="no finished epoch"):
        plots.training([])


def test_training_of_a_log(tmp_path):
    rows = "\n".join(["120 4 4", *(f"{row % 4} {row % 4}:{1 + row / 1000}" for row in range(120))]) + "\n"
    (tmp_path / "rows.txt").write_text(rows)
    common = ["train", "--train", "rows.txt", "--model", "m.glsd", "--preset", "plain", "--hidden", "8", "--epochs", "2", "--quiet"]
    command_line(tmp_path, *common, "--test", "rows.txt", "--log-json", "run.jsonl")
    ax = plots.training(tmp_path / "run.jsonl")
    assert ax.get_lines()[0].get_xdata().tolist() == [120, 240]
    other = ax.figure.axes[1]
    assert other.get_ylabel() == "P@1 of test rows, %"
    assert 0 <= other.get_lines()[0].get_ydata()[-1] <= 100


def test_reason_of_an_answer(model):
    why = model.explain(["a red apple"], k=1)[0]
    ax = plots.reason(why, features=2)
    widths = [bar.get_width() for bar in ax.patches]
    parts = [share for share in why.shares.values() if share]
    assert widths[:len(parts)] == pytest.approx(parts)
    assert len(widths) <= len(parts) + 2
    assert str(why.label) in ax.get_title()
