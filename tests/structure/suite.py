"""Rules of the source tree that no compiler checks: include direction, what headers and ISA files may contain, sizes, flags."""

import json
import re
import subprocess
import tempfile

from runner import ROOT, Failure
from structure import floors

FOLDERS = ["system", "simd", "hashing", "engine", "datasets", "apps"]  # each may include the ones before it
WITH_README = FOLDERS + ["integrations/annif", "tests", "bench"]
README_LINES = 40
FILE_LINES = 600
ISA_HEADERS = {"immintrin.h", "cstddef", "cstdint"}
SCALAR_HEADERS = ISA_HEADERS | {"cmath", "cfloat"}  # compiled for the baseline: what it shares with other code harms nobody
FORBIDDEN_IN_PUBLIC = re.compile(r"\btbb\b|oneapi|\bdnnl|\bEigen\b|\bXXH|xxhash|\bomp_", re.IGNORECASE)
FORBIDDEN_FLAGS = re.compile(r"-march=native|-mtune=native|-ffast-math|-Ofast|-funsafe-math-optimizations")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def run(context):
    for name, check in (
        ("include direction between folders", check_direction),
        ("the command line uses only public headers of the engine", check_apps),
        ("every quoted include is a path from the root", check_quoted),
        ("public headers compile alone", check_alone),
        ("public headers expose no library's types", check_exposed),
        ("ISA files include only intrinsics, sizes and the kernel declarations", check_isa_includes),
        ("ISA objects hold no weak symbols", lambda: check_weak(context)),
        ("instruction-set flags only on ISA files, no fast-math", lambda: check_flags(context)),
        ("no two random streams share a number", check_streams),
        ("every folder has a short README", check_readmes),
        ("no file is too long", check_length),
        ("no unfinished places", check_unfinished),
    ):
        context.case(f"structure: {name}", check)
    floors.run(context)


def sources(*folders, endings=(".h", ".cpp")):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in endings and path.is_file():
                yield path


def includes(path):
    return [(kind, name) for kind, name in INCLUDE.findall(path.read_text())]


def refuse(problems):
    if problems:
        raise Failure("\n".join(f"  {problem}" for problem in problems))


def place(path):
    return str(path.relative_to(ROOT))


def check_direction():
    problems = []
    for index, folder in enumerate(FOLDERS):
        for path in sources(folder):
            for kind, name in includes(path):
                top = "engine" if name.startswith("glissade/") else name.split("/")[0] if kind == '"' else ""
                if top in FOLDERS[index + 1:]:
                    problems.append(f"{place(path)} includes {name}, which lies above {folder}/")
                if kind == '"' and top in ("tests", "bench"):
                    problems.append(f"{place(path)} includes {name}")
    refuse(problems)


def check_apps():
    refuse([f"{place(path)} includes {name}" for path in sources("apps") for _, name in includes(path)
            if name.split("/")[0] in ("engine", "hashing", "simd")])


def check_quoted():
    refuse([f'{place(path)} includes "{name}"' for path in sources(*FOLDERS, "tests", "bench") for kind, name in includes(path)
            if kind == '"' and not (ROOT / name).is_file() and "tests/consumer/" not in place(path)])


def check_alone():
    problems = []
    public = ROOT / "engine" / "include"
    for path in sorted((public / "glissade").glob("*.h")):
        # Through a file of its own: with a header as the main file, '#pragma once' would be warned about.
        with tempfile.NamedTemporaryFile("w", suffix=".cpp") as unit:
            unit.write(f"#include <glissade/{path.name}>\n#include <glissade/{path.name}>\n")
            unit.flush()
            command = ["g++", "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", f"-I{public}", unit.name]
            done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            problems.append(f"{path.name}:\n{done.stderr}")
    refuse(problems)


def check_exposed():
    problems = []
    for path in sources("engine/include"):
        code = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        problems += [f"{place(path)} names {found}" for found in FORBIDDEN_IN_PUBLIC.findall(code)]
    refuse(problems)


def check_isa_includes():
    problems = []
    levels = [folder for folder in sorted((ROOT / "simd").iterdir()) if folder.is_dir()]
    if len(levels) < 2:
        raise Failure(f"only {len(levels)} level folders in simd/")
    for folder in levels:
        allowed = SCALAR_HEADERS if folder.name == "scalar" else ISA_HEADERS
        for path in sorted(folder.iterdir()):
            problems += [f"{place(path)} includes {name}" for name in reached(path, set()) if name not in allowed]
    refuse(problems)


def reached(path, seen):
    """System headers that a file includes, also through our own ones."""
    found = []
    for kind, name in includes(path):
        if kind == "<":
            found.append(name)
        elif name not in seen and (ROOT / name).is_file():
            seen.add(name)
            found += reached(ROOT / name, seen)
    return found


def check_weak(context):
    archives = sorted((context.build / "simd").glob("libsimd-*.a"))
    if len(archives) < 2:
        raise Failure(f"only {len(archives)} level archives in {context.build}/simd")
    problems = []
    for archive in archives:
        # nm works on thin archives only from where they were made.
        out = subprocess.run(["nm", "-C", str(archive)], cwd=context.build, capture_output=True, text=True, check=True).stdout
        problems += [f"{archive.name}: {line}" for line in out.splitlines() if re.match(r"[0-9a-f ]{16} [WwVvu] ", line)]
    refuse(problems)


def check_flags(context):
    problems = []
    for entry in json.loads((context.build / "compile_commands.json").read_text()):
        command, file = entry["command"], entry["file"]
        flags = re.findall(r"(?<=\s)-m(?!no-)\S+", command)
        if FORBIDDEN_FLAGS.search(command):
            problems.append(f"{file}: {FORBIDDEN_FLAGS.search(command).group()}")
        if flags and not re.search(r"simd/(avx2|avx512|avx512bf16|avx512fp16|amx)/", file):
            problems.append(f"{file}: {' '.join(flags)}")
    refuse(problems)


def check_streams():
    """Streams are constants named k...Stream, or the enumerators of an `enum Stream`. One with "+ what, at most N" behind it takes
    N + 1 numbers. A seed of a config is only ever combined with one of them."""
    problems, taken = [], {}
    seeds = re.compile(r"derive\((?:\w+[.>-]+)*(?:config_?|params_?|spec_?)\.seed,\s*([^,)]*)")
    for path in sources("hashing", "engine", "datasets"):
        text = path.read_text()
        pieces = re.findall(r"(?:constexpr std::uint64_t|enum Stream : std::uint64_t \{) ([^;]*);(?: *// \+ \w+, at most (\d+))?", text)
        found = [(name, value, more) for piece, more in pieces
                 for name, value in re.findall(r"(k\w+) = ([\w ]+(?:<< ?\w+)?)", piece)
                 if name.endswith("Stream") or f"enum Stream : std::uint64_t {{ {piece.lstrip()}" in text]
        for name, value, more in found:
            number = eval(re.sub(r"(?<=[0-9a-fA-F])(?:ull|u)\b", "", value), {})
            for other, (first, last) in taken.items():
                if first <= number + int(more or 0) and number <= last:
                    problems.append(f"{place(path)}: {name} is {value}, which is a number of {other}")
            taken[f"{name} in {place(path)}"] = (number, number + int(more or 0))
        named = {name for name, _, _ in found} | {"stream"}  # the latter: handed on by a function
        problems += [f"{place(path)}: derive() with a seed and {argument!r}, which is no stream of this file"
                     for argument in seeds.findall(text) if not set(re.findall(r"\w+", argument)) & named]
    if len(taken) < 30:
        problems.append(f"only {len(taken)} streams found: the test looks for the wrong text")
    refuse(problems)


def check_readmes():
    problems = []
    for folder in WITH_README:
        if not (ROOT / folder / "README.md").is_file():
            problems.append(f"{folder}/README.md is missing")
    for folder in WITH_README:
        for path in sorted((ROOT / folder).rglob("README.md")):
            lines = len(path.read_text().splitlines())
            if lines > README_LINES:
                problems.append(f"{place(path)} has {lines} lines, more than {README_LINES}")
    refuse(problems)


def check_length():
    problems = []
    files = [*sources(*FOLDERS, "integrations", "tests", "bench", endings=(".h", ".cpp", ".py", ".toml")), *ROOT.rglob("meson.build"), ROOT / "dev"]
    for path in files:
        lines = path.read_text().count("\n")
        if lines > FILE_LINES:
            problems.append(f"{place(path)} has {lines} lines, more than {FILE_LINES}")
    refuse(problems)


def check_unfinished():
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|PLACE" r"HOLDER")
    files = [*sources(*FOLDERS, "integrations", "tests", "bench", endings=(".h", ".cpp", ".py", ".toml", ".build")), ROOT / "meson.build", ROOT / "dev"]
    refuse([f"{place(path)}: {match.group()}" for path in files for match in words.finditer(path.read_text())])
