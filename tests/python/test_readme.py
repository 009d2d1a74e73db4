"""The lines at the top of README.md, and the Python in docs/python.md as far as it stands alone."""

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

    assert doctest.testmod(glissade.classifier).failed == 0


def test_the_calls_of_the_guide_run(small):
    text = (ROOT / "docs" / "python.md").read_text()
    X, Y, _ = small
    train, ask = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    import scipy.sparse as sp

    names = ["fruit", "cars", *map(str, range(Y.shape[1] - 2))]
    known = {"X": X, "Y": Y, "seen": sp.csr_matrix(Y.shape, dtype="int8"), "candidates": Y}
    exec("from glissade import GlissadeClassifier\n" + train, known)  # noqa: S102
    known["model"].label_names = names
    known["model"].fit(X, Y)
    exec(ask, known)  # noqa: S102
    assert set(known["names"].ravel()) <= set(names)
