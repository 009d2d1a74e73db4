#!/usr/bin/env python3
"""clang-format (nothing may change) over all sources and clang-tidy (nothing may be found) over all that is compiled. Standard library only.

A source takes clang-tidy twelve seconds. One that was clean is not checked again until its preprocessed text changes.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["system", "simd", "hashing", "engine", "datasets", "apps", "tests", "bench"]


def sources():
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".h", ".cpp"))


def check_format():
    """Number of files that clang-format would change."""
    command = ["clang-format", "--dry-run", "-Werror", "--style=file", *(str(path.relative_to(ROOT)) for path in sources())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    bad = {line.split(":", 1)[0] for line in done.stderr.splitlines() if "[-Wclang-format-violations]" in line}
    for path in sorted(bad):
        print(f"{path}: clang-format would change it")
    return len(bad) if done.returncode == 0 or bad else sys.exit(f"lint: clang-format: {done.stderr.strip()}")


def fingerprint(entry, tools):
    """What clang-tidy's answer depends on: the source with its headers and comments (NOLINT is one), its options, clang-tidy itself.
    None if the source cannot be preprocessed."""
    command = shlex.split(entry["command"])
    options = [word for word in command[1:command.index("-o")] if word not in ("-MD", "-MQ", "-MF")]
    options = [word for word in options if not word.endswith((".o", ".o.d"))]
    done = subprocess.run(["clang++", *options, "-w", "-E", "-C", entry["file"]], cwd=entry["directory"], capture_output=True)
    path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
    own = [folder / ".clang-tidy" for folder in path.parents if folder != ROOT and folder.is_relative_to(ROOT)]
    tools += b"".join(file.read_bytes() for file in own if file.exists())
    return hashlib.sha256(tools + " ".join(options).encode() + done.stdout).hexdigest() if done.returncode == 0 else None


def tidy(build, path, entry, tools):
    """(status, text) of clang-tidy for one source."""
    clean = fingerprint(entry, tools)
    if clean and (build / "clean" / clean).exists():
        return 0, ""
    command = ["clang-tidy", "-p", str(build), "--quiet", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if clean and done.returncode == 0:
        (build / "clean" / clean).touch()
    # Standard error only counts what was suppressed in system headers, unless the file could not be parsed.
    return done.returncode, done.stdout + (done.stderr if done.returncode and not done.stdout.strip() else "")


def check_tidy(build, name_filter):
    """Number of compiled files in which clang-tidy finds something, and number of files looked at."""
    entries = json.loads((build / "compile_commands.json").read_text())
    files = {(pathlib.Path(entry["directory"]) / entry["file"]).resolve(): entry for entry in entries}
    files = {path: entry for path, entry in sorted(files.items())
             if path.is_relative_to(ROOT) and not path.is_relative_to(build) and name_filter in str(path)}
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    tools = version + (ROOT / ".clang-tidy").read_bytes()
    (build / "clean").mkdir(exist_ok=True)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        answers = pool.map(lambda item: tidy(build, *item, tools), files.items())
        for path, (status, text) in zip(files, answers):
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
