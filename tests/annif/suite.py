"""The backend for Annif: both packages installed into a folder of their own, then its tests by pytest, with the real command `annif`."""

import os
import pathlib
import tempfile

import pytest_cases
from runner import ROOT, Skip

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = ROOT / ".venv" / "annif" / "bin" / "python"
MISSING = "Annif is not in .venv/annif; './dev test --suite annif' installs it"


def run(context):
    if not PYTHON.exists() or not (ROOT / ".venv" / "annif" / "installed.txt").exists():
        context.case("annif: the backend", skip)
        return
    with tempfile.TemporaryDirectory(prefix="glissade-annif-") as scratch:
        scratch = pathlib.Path(scratch)
        failed = len(context.failed)
        packages = (ROOT, ROOT / "integrations" / "annif")
        context.case("annif: pip installs the packages", lambda: pytest_cases.install(PYTHON, context, scratch / "site", *packages))
        if len(context.failed) == failed:
            places = os.pathsep.join([str(scratch / "site"), str(ROOT / "bench" / "annif")])
            environment = {**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1", "NLTK_DATA": str(scratch / "nltk"),
                           "GLISSADE_SAMPLE": str(context.sample), "TMPDIR": str(scratch)}
            pytest_cases.run(PYTHON, context, "annif", HERE, scratch, environment)


def skip():
    raise Skip(MISSING)
