"""Runs the Catch2 binaries and counts their test cases.

A test case that needs what is not there (big data, a level that the CPU lacks) ends with WARN("skipped: why"); it is counted as skipped.
"""

import os
import subprocess
import xml.etree.ElementTree as ET

SECONDS = 900


def run(context):
    """Every binary once, at the level that is chosen unasked."""
    binaries = sorted(context.build.glob("tests/*/test-*"))
    binaries = [path for path in binaries if path.is_file() and os.access(path, os.X_OK)]
    if not binaries:
        context.fails("catch", f"no test binaries below {context.build}/tests")
    for binary in binaries:
        run_binary(context, binary, binary.name, [])


def run_levels(context):
    """What depends on the simd level, once more at each other level."""
    levels = context.usable_levels()
    usual = active_level(context, None)
    for level in levels:
        context.case(f"{level}: GLISSADE_SIMD is obeyed", lambda: check_active(context, level))
    for level in levels:
        if level == usual:
            continue
        for folder, tests in (("simd", []), ("hashing", []), ("engine", ["[levels]"])):
            binary = context.build / "tests" / folder / f"test-{folder}"
            run_binary(context, binary, f"{level}: {binary.name}", tests, {"GLISSADE_SIMD": level})


def check_active(context, level):
    assert active_level(context, level) == level


def active_level(context, asked):
    environment = {**os.environ, "GLISSADE_SIMD": asked} if asked else None
    out = subprocess.run([context.glissade, "info"], capture_output=True, text=True, env=environment, check=True).stdout
    return next(line.split()[-1] for line in out.splitlines() if line.startswith("simd active"))


def run_binary(context, binary, name, tests, environment=None):
    command = [str(binary), *tests, "-r", "xml"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS, stdin=subprocess.DEVNULL,
                              env={**os.environ, **(environment or {})})
    except subprocess.TimeoutExpired:
        return context.fails(name, f"no end after {SECONDS} s: {' '.join(command)}")
    try:
        document = ET.fromstring(done.stdout)
    except ET.ParseError:
        return context.fails(name, f"ended with status {done.returncode} in the middle:\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
    cases = list(document.iter("TestCase"))
    if not cases:
        return context.fails(name, f"no test case matches {' '.join(tests) or 'at all'}")
    failures = 0
    for case in cases:
        failures += count_case(context, f"{name}: {case.get('name')}", case)
    if done.returncode != 0 and failures == 0:
        context.fails(name, f"all cases passed, but the exit status is {done.returncode}\n{done.stderr[-6000:]}")


def count_case(context, name, case):
    if not context.wanted(name):
        return 0
    if case.find("OverallResult").get("success") != "true":
        context.fails(name, describe(case))
        return 1
    reasons = [text.strip() for text in (warning.text or "" for warning in case.iter("Warning")) if text.strip().startswith("skipped")]
    if reasons:
        context.skips(name, reasons[0].removeprefix("skipped").lstrip(": "))
    else:
        context.passes()
    return 0


def describe(case):
    """The failed expressions with their places, as text."""
    lines = [f"  in {case.get('filename')}:{case.get('line')}"]
    for element in case.iter():
        if element.tag == "Section":
            lines.append(f"  section {element.get('name')}")
        elif element.tag == "Expression" and element.get("success") == "false":
            original, expanded = (" ".join((element.findtext(tag) or "").split()) for tag in ("Original", "Expanded"))
            lines.append(f"  {element.get('filename')}:{element.get('line')}: {element.get('type')}({original}) with {expanded}")
        elif element.tag in ("Failure", "FatalErrorCondition", "Exception", "Info"):
            lines.append(f"  {element.tag} {element.get('line') or ''}: {(element.text or '').strip()}")
    return "\n".join(lines)
