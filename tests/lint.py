#!/usr/bin/env python3
"""clang-format (nothing may change) over all sources and clang-tidy (nothing may be found) over all that is compiled. Standard library only."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["system", "simd", "hashing", "engine", "datasets", "apps", "tests", "bench"]


def sources():
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".h", ".cpp"))


def check_format():
    """Number of files that clang-format would change."""
    bad = 0
    for path in sources():
        done = subprocess.run(["clang-format", "--dry-run", "-Werror", "--style=file", path], cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            bad += 1
            print(f"{path.relative_to(ROOT)}: clang-format would change it\n{done.stderr[:600]}")
    return bad


def tidy(build, path):
    command = ["clang-tidy", "-p", str(build), "--quiet", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    # Standard error only counts what was suppressed in system headers, unless the file could not be parsed.
    return done.returncode, done.stdout + (done.stderr if done.returncode and not done.stdout.strip() else "")


def check_tidy(build, name_filter):
    """Number of compiled files in which clang-tidy finds something."""
    entries = json.loads((build / "compile_commands.json").read_text())
    files = {(pathlib.Path(entry["directory"]) / entry["file"]).resolve() for entry in entries}
    files = sorted(path for path in files if path.is_relative_to(ROOT) and not path.is_relative_to(build) and name_filter in str(path))
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, (status, text) in zip(files, pool.map(lambda path: tidy(build, path), files)):
            if status != 0:
                bad += 1
                print(f"{path.relative_to(ROOT)}: clang-tidy\n{text.strip()}\n", flush=True)
    return bad, len(files)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build"), help="build folder with compile_commands.json")
    parser.add_argument("--only", default="", help="clang-tidy only files whose path contains this text")
    parser.add_argument("--no-tidy", action="store_true", help="clang-format only")
    arguments = parser.parse_args()
    formatted = check_format()
    found, checked = (0, 0) if arguments.no_tidy else check_tidy(pathlib.Path(arguments.build).resolve(), arguments.only)
    print(f"lint: {formatted} files to format, {found} of {checked} compiled files with findings")
    sys.exit(1 if formatted or found else 0)


if __name__ == "__main__":
    main()
