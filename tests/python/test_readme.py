"""The lines at the top of README.md, and the Python in docs/python.md as far as it stands alone."""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_lines_of_the_readme_run(tmp_path):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL).group(1)
    assert len(code.splitlines()) <= 10
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "baking" in done.stdout and (tmp_path / "titles.glsd").stat().st_size > 1000


def test_the_docstring_of_the_estimator_runs():
    import doctest

    import glissade.classifier
    import glissade.recommender

    for module in (glissade.classifier, glissade.recommender):
        tried = doctest.testmod(module)
        assert tried.attempted > 3 and tried.failed == 0


class Dashboard:
    """As much of wandb as the guide calls."""

    def __init__(self):
        self.points = []

    def init(self, project):
        return self

    def log(self, values, step):
        self.points.append((step, values))


def test_the_calls_of_the_guide_run(small, tmp_path, monkeypatch):
    text = (ROOT / "docs" / "python.md").read_text()
    X, Y, _ = small
    train, ask, recommend, watch = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    events = [(user, item, time) for user in ("ann", "bob") for time, item in enumerate(["tent", "stove", "lamp"])] * 10
    exec("from glissade import ItemRecommender\n" + recommend, {"events": [(*event[:2], 86_400.0 * event[2]) for event in events]})  # noqa: S102
    monkeypatch.chdir(tmp_path)
    line = {"event": "epoch", "epoch": 1, "samples": 400, "loss": 0.5, "train_seconds": 1}
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(one) + "\n" for one in (line, {"event": "done"})))
    board = Dashboard()
    exec("import glissade.tensorboard\nfrom glissade import GlissadeClassifier\n" + watch, {"X": X, "Y": Y, "wandb": board})  # noqa: S102
    assert board.points[0][0] == 1 and board.points[-1] == (400, {"epoch/loss": 0.5, "speed/seconds per epoch": 1})
    import scipy.sparse as sp

    names = ["fruit", "cars", *map(str, range(Y.shape[1] - 2))]
    known = {"X": X, "Y": Y, "seen": sp.csr_matrix(Y.shape, dtype="int8"), "candidates": Y}
    exec("from glissade import GlissadeClassifier\n" + train, known)  # noqa: S102
    known["model"].label_names = names
    known["model"].fit(X, Y)
    exec(ask, known)  # noqa: S102
    assert set(known["names"].ravel()) <= set(names)
