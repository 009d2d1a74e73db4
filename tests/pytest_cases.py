"""Tests of pytest as cases of a suite: packages installed around the library of a build, then each test a case."""

import subprocess
import xml.etree.ElementTree

from runner import Failure


def install(python, context, site, *packages):
    """By pip into the folder `site`, as users do, but around the library of this build and without the network."""
    library = context.build / "engine" / "c_api" / "libglissade.so"
    for package in packages:
        settings = [f"--config-settings=setup-args=-Dpython_library={library.resolve()}"] if (package / "meson.build").exists() else []
        done = subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index",
                               "--target", site, package, *settings], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failure((done.stdout + done.stderr)[-4000:])


def run(python, context, suite, tests, scratch, environment):
    """Runs pytest on the folder `tests`, in the folder `scratch`. A filter that is a word chooses tests by pytest's -k."""
    report = scratch / "report.xml"
    chosen = context.name_filter.removeprefix(f"{suite}: ")
    wanted = ["-k", chosen] if chosen.isidentifier() else []
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", report, *wanted, tests]
    done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True)
    if not report.exists():
        context.fails(f"{suite}: pytest", (done.stdout + done.stderr)[-4000:])
        return
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f"{suite}: {case.get('classname').split('.')[-1]}.{case.get('name')}"
        wrong = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if wrong is not None:
            context.fails(name, (wrong.text or wrong.get("message"))[-3000:])
        elif skipped is not None and skipped.get("type") != "pytest.xfail":
            context.skips(name, skipped.get("message"))
        else:
            context.passes()
