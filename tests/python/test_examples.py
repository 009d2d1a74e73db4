"""The examples of docs/ run as they stand, on what they make up."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples"
SAID = {
    "tags_for_questions": [r"the best tag is right for (\d+)", 90],
    "items_for_users": [r"HR@5 (\d+)", 60],
    "subjects_for_a_library": [r"F1@5 (\d+)", 50],  # two of five are right at best: 57 %
}


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_example(name, tmp_path):
    done = subprocess.run([sys.executable, EXAMPLES / f"{name}.py"], cwd=tmp_path, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    pattern, least = SAID[name]
    assert int(re.search(pattern, done.stdout).group(1)) >= least, done.stdout
    assert len(list(tmp_path.glob("*.glsd"))) == 1
