"""The Python package: installed from this build into a folder of its own, then its tests by pytest, mypy and ruff."""

import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

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
        context.case("python: pip installs the package", lambda: install(context, scratch / "site"))
        if len(context.failed) > failed:
            return
        context.case("python: import takes at most 0.3 s", lambda: check_import(environment))
        context.case("python: mypy --strict", lambda: call("-m", "mypy", "--config-file", ROOT / "pyproject.toml", ROOT / "apps/python/glissade",
                                                           f"--cache-dir={scratch}/mypy"))
        context.case("python: ruff", lambda: call("-m", "ruff", "check", "--no-cache", "--config", ROOT / "pyproject.toml", ROOT / "apps/python",
                                                  HERE, ROOT / "docs/examples", ROOT / "integrations", ROOT / "tests/annif", ROOT / "bench/annif"))
        run_pytest(context, scratch, environment)


def skip():
    raise Skip(MISSING)


def call(*arguments, **options):
    done = subprocess.run([str(PYTHON), *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT, **options)
    if done.returncode != 0:
        raise Failure((done.stdout + done.stderr)[-4000:])
    return done.stdout


def install(context, site):
    """As users do, but around the library of this build and without the network."""
    library = context.build / "engine" / "c_api" / "libglissade.so"
    call("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index", "--target", site, ROOT,
         f"--config-settings=setup-args=-Dpython_library={library.resolve()}")


def check_import(environment):
    """The best of three, in CPU seconds: other programs may run beside it."""
    program = "import time; start = time.process_time(); import glissade; print(time.process_time() - start)"
    seconds = min(float(call("-c", program, env=environment)) for _ in range(3))
    if seconds > 0.3:
        raise Failure(f"import glissade takes {seconds:.2f} s")


def run_pytest(context, scratch, environment):
    """Each test of pytest is a case."""
    report = scratch / "report.xml"
    wanted = ["-k", context.name_filter.removeprefix("python: ")] if context.name_filter.removeprefix("python: ").isidentifier() else []
    done = subprocess.run([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", report, *wanted, HERE], cwd=scratch, env=environment,
                          capture_output=True, text=True)
    if not report.exists():
        context.fails("python: pytest", (done.stdout + done.stderr)[-4000:])
        return
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f"python: {case.get('classname').split('.')[-1]}.{case.get('name')}"
        wrong = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if wrong is not None:
            context.fails(name, (wrong.text or wrong.get("message"))[-3000:])
        elif skipped is not None and skipped.get("type") != "pytest.xfail":
            context.skips(name, skipped.get("message"))
        else:
            context.passes()


if __name__ == "__main__":
    sys.exit("run tests/run.py --suite python")
