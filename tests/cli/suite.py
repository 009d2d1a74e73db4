"""Golden cases of the command line: cases/*.toml, each run in an empty folder of its own.

A case is a table [[case]]:
  name       what it shows
  args       arguments of glissade; paths are relative to the case's folder
  use        files from fixtures/ to put there; "model.glsd" is a small model trained once per run
  files      name -> content, written there (\\n, \\r as in TOML)
  vectors    name -> rows of numbers, written there as .npy of float32, or of float16 where the name begins with "half"
  folders    names of folders to make
  damage     { file, op } with op = truncate | flip | magic | newer, applied to a file after it was put there
  before     argument lists that are run first and must succeed
  env        environment variables
  stdin      text on standard input
  exit       expected exit status (default 0)
  stdout     expected standard output, stderr expected standard error (default empty)
  creates    files that must be new afterwards; all others must be exactly as before
In stdout and stderr {*} stands for anything within a line, {n} for a number, {...} for anything.
"""

import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import tomllib

from npy import npy_of
from runner import Failure

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 120
WEIGHTS_HIGH = 7  # a section kind of the model file
WILDCARDS = {"{*}": r"[^\n]*", "{n}": r"[0-9][0-9.,e+-]*", "{...}": r"(?s:.*)"}


def run(context):
    with tempfile.TemporaryDirectory(prefix="glissade-cli-") as scratch:
        scratch = pathlib.Path(scratch)
        fixtures = make_fixtures(context, scratch)
        if fixtures is None:
            return
        for path in sorted((HERE / "cases").glob("*.toml")):
            for number, case in enumerate(tomllib.loads(path.read_text())["case"]):
                folder = scratch / f"{path.stem}-{number}"
                context.case(f"cli {path.stem}: {case['name']}", lambda: run_case(context, case, folder, fixtures))


def make_fixtures(context, scratch):
    """The folder of the fixtures, with the model that they train."""
    folder = scratch / "fixtures"
    shutil.copytree(HERE / "fixtures", folder)
    command = "train --train tiny.txt --model model.glsd --label-names labels.txt --hidden 8 --epochs 2 --seed 3 --threads 1 --quiet"
    done = subprocess.run([context.glissade, *command.split()], cwd=folder, env=context.clean_environment(scratch), capture_output=True, text=True)
    if done.returncode != 0:
        context.fails("cli: the model for the cases", done.stderr)
        return None
    return folder


def run_case(context, case, folder, fixtures):
    unknown = set(case) - set("name args use files vectors folders damage before env stdin exit stdout stderr creates".split())
    if unknown:
        raise Failure(f"unknown keys in the case: {', '.join(sorted(unknown))}")
    folder.mkdir()
    fill(case, folder, fixtures)
    environment = {**context.clean_environment(folder.parent), **case.get("env", {})}
    for args in case.get("before", []):
        done = subprocess.run([context.glissade, *args], cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS)
        if done.returncode != 0:
            raise Failure(f"glissade {' '.join(args)}\nended with {done.returncode}: {done.stderr}")
    old = contents(folder)
    done = subprocess.run([context.glissade, *case["args"]], cwd=folder, env=environment, input=case.get("stdin", "").encode(), capture_output=True,
                          timeout=SECONDS)
    problems = compare(case, done) + compare_files(case, old, contents(folder))
    if problems:
        raise Failure("\n".join([f"glissade {' '.join(case['args'])}", *problems]))


def fill(case, folder, fixtures):
    for name in case.get("folders", []):
        (folder / name).mkdir()
    for name in case.get("use", []):
        shutil.copy(fixtures / name, folder / name)
    for name, content in case.get("files", {}).items():
        (folder / name).write_bytes(content.encode())
    for name, rows in case.get("vectors", {}).items():
        (folder / name).write_bytes(npy_of(rows, "e" if name.startswith("half") else "f"))
    if "damage" in case:
        damage(folder / case["damage"]["file"], case["damage"]["op"])


def damage(path, op):
    data = bytearray(path.read_bytes())
    if op == "truncate":
        del data[len(data) * 2 // 3:]
    elif op == "flip":
        data[section_at(data, WEIGHTS_HIGH) + 3] ^= 0x10
    elif op == "magic":
        data[0:4] = b"\x7fELF"
    elif op == "newer":
        data[8:12] = (99).to_bytes(4, "little")
    else:
        raise Failure(f"unknown damage '{op}'")
    path.write_bytes(data)


def section_at(data, kind):
    """Where the first section of a kind begins: behind 32 bytes of header come entries of kind, index, offset, size and checksum."""
    for number in range(int.from_bytes(data[12:16], "little")):
        found, _, offset = struct.unpack_from("<IIQ", data, 32 + 32 * number)
        if found == kind:
            return offset
    raise Failure(f"the model has no section {kind}")


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def matches(pattern, text):
    parts = re.split(r"(\{\*\}|\{n\}|\{\.\.\.\})", pattern)
    return re.fullmatch("".join(WILDCARDS.get(part) or re.escape(part) for part in parts), text) is not None


def compare(case, done):
    problems = []
    if done.returncode != case.get("exit", 0):
        problems.append(f"exit status {done.returncode}, expected {case.get('exit', 0)}")
    for stream in ("stdout", "stderr"):
        text = getattr(done, stream).decode(errors="replace")
        expected = case.get(stream, "")
        if not matches(expected, text):
            problems.append(f"{stream} is\n{text}expected\n{expected}")
    return problems


def compare_files(case, old, new):
    problems = []
    created = set(case.get("creates", []))
    for name in sorted(created - set(new)):
        problems.append(f"{name} was not written")
    for name in sorted(set(new) - set(old) - created):
        problems.append(f"{name} was left behind")
    for name in sorted(set(old) - created):
        if new.get(name) != old[name]:
            problems.append(f"{name} was changed or removed")
    return problems
