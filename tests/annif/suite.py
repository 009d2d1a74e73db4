"""The backend for Annif: both packages installed into a folder of their own, then its tests by pytest, with the real command `annif`."""

import os
import pathlib
import subprocess
import tempfile
import xml.etree.ElementTree

from runner import ROOT, Failure, Skip

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
        context.case("annif: pip installs the packages", lambda: install(context, scratch / "site"))
        if len(context.failed) == failed:
            run_pytest(context, scratch)


def skip():
    raise Skip(MISSING)


def install(context, site):
    """Around the library of this build and without the network."""
    library = context.build / "engine" / "c_api" / "libglissade.so"
    pip = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index", "--target", site]
    for arguments in ([ROOT, f"--config-settings=setup-args=-Dpython_library={library.resolve()}"], [ROOT / "integrations" / "annif"]):
        done = subprocess.run([*pip, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failure((done.stdout + done.stderr)[-4000:])


def run_pytest(context, scratch):
    """Each test of pytest is a case."""
    report = scratch / "report.xml"
    places = os.pathsep.join([str(scratch / "site"), str(ROOT / "bench" / "annif")])
    environment = {**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1", "NLTK_DATA": str(scratch / "nltk"),
                   "GLISSADE_SAMPLE": str(context.sample), "TMPDIR": str(scratch)}
    name = context.name_filter.removeprefix("annif: ")
    wanted = ["-k", name] if name.isidentifier() else []
    done = subprocess.run([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", report, *wanted, HERE], cwd=scratch, env=environment,
                          capture_output=True, text=True)
    if not report.exists():
        context.fails("annif: pytest", (done.stdout + done.stderr)[-4000:])
        return
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f"annif: {case.get('classname').split('.')[-1]}.{case.get('name')}"
        wrong = case.find("failure") if case.find("failure") is not None else case.find("error")
        if wrong is not None:
            context.fails(name, (wrong.text or wrong.get("message"))[-3000:])
        else:
            context.passes()
