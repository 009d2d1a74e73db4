"""The Python package: installed from this build into a folder of its own, then its tests by pytest, mypy and ruff."""

import os
import pathlib
import subprocess
import tempfile

import pytest_cases
from runner import ROOT, Failure, Skip

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = ROOT / ".venv" / "python" / "bin" / "python"
MISSING = "the packages of tests/python/requirements.txt are not in .venv/python; './dev test' installs them"


def run(context):
    if not PYTHON.exists() or not (ROOT / ".venv" / "python" / "installed.txt").exists():
        context.case("python: the package", skip)
        return
    with tempfile.TemporaryDirectory(prefix="glissade-python-") as scratch:
        scratch = pathlib.Path(scratch)
        environment = {**os.environ, "PYTHONPATH": str(scratch / "site"), "PYTHONDONTWRITEBYTECODE": "1", "GLISSADE_BINARY": str(context.glissade),
                       "GLISSADE_SAMPLE": str(context.sample)}
        failed = len(context.failed)
        context.case("python: pip installs the package", lambda: pytest_cases.install(PYTHON, context, scratch / "site", ROOT))
        if len(context.failed) > failed:
            return
        context.case("python: import takes at most 0.3 s", lambda: check_import(environment))
        context.case("python: mypy --strict", lambda: call("-m", "mypy", "--config-file", ROOT / "pyproject.toml", ROOT / "apps/python/glissade",
                                                           f"--cache-dir={scratch}/mypy"))
        context.case("python: ruff", lambda: call("-m", "ruff", "check", "--no-cache", "--config", ROOT / "pyproject.toml", ROOT / "apps/python",
                                                  HERE, ROOT / "docs/examples", ROOT / "integrations", ROOT / "tests/annif", ROOT / "bench/annif",
                                                  ROOT / "bench/vectors", ROOT / "bench/python"))
        pytest_cases.run(PYTHON, context, "python", HERE, scratch, environment)


def skip():
    raise Skip(MISSING)


def call(*arguments, **options):
    done = subprocess.run([str(PYTHON), *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT, **options)
    if done.returncode != 0:
        raise Failure((done.stdout + done.stderr)[-4000:])
    return done.stdout


def check_import(environment):
    """The best of three, in CPU seconds: other programs may run beside it."""
    program = "import time; start = time.process_time(); import glissade; print(time.process_time() - start)"
    seconds = min(float(call("-c", program, env=environment)) for _ in range(3))
    if seconds > 0.3:
        raise Failure(f"import glissade takes {seconds:.2f} s")
