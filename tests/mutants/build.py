"""Compiles one mutated file and links the test programs with it, in a build folder of its own.

All objects but one come from the ordinary release build; the mutated file stands before the library in which its original lies, so
that the linker never looks at that. System headers are compiled once: they are what compiling such a file mostly costs.
"""

import json
import pathlib
import re
import shlex
import subprocess

TARGETS = {"engine": "tests/engine/test-engine", "hashing": "tests/hashing/test-hashing"}
OPTIMIZATION = "-O1"
INCLUDE = re.compile(r"^#include (<[^>]+>)", re.MULTILINE)
SKIPPED_HEADERS = re.compile(r"<(glissade|catch2|oneapi/dnnl|dnnl)[/.]|<dnnl")


class Build:
    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        commands = json.loads((folder / "compile_commands.json").read_text())
        self.flags = {}  # by file, from the root
        for entry in commands:
            file = (folder / entry["file"]).resolve()
            if file.is_relative_to(root):
                self.flags[file.relative_to(root).as_posix()] = self.of_compiler(entry["command"])
        self.links = {name: self.link_command(target) for name, target in TARGETS.items()}
        self.headers = {}

    @staticmethod
    def of_compiler(command):
        """The compiler and its flags, without files."""
        words, kept = shlex.split(command), []
        skip = False
        for word in words:
            if skip:
                skip = False
            elif word in ("-MQ", "-MF", "-o", "-c"):
                skip = True
            elif word not in ("-MD", "ccache", "-Winvalid-pch") and not word.endswith((".o", ".cpp")) and not word.startswith(("-W", "-fdiagnostics")):
                kept.append(OPTIMIZATION if re.fullmatch(r"-O\w", word) else word)
        return [*kept, "-w"]

    def link_command(self, target):
        out = subprocess.run(["ninja", "-C", str(self.folder), "-t", "commands", target], capture_output=True, text=True, check=True).stdout
        words = shlex.split(out.strip().splitlines()[-1])
        return [word for word in words if word != "ccache"] + ["-fuse-ld=gold"]

    def precompile(self, file):
        """Options that make a file start from compiled system headers."""
        flags = self.flags[file]
        key = (file.split("/")[0], *(flag for flag in flags if not flag.startswith("-I")))
        if key not in self.headers:
            places = [self.root / part for part in ("engine", "hashing", "simd")] if key[0] == "engine" else [self.root / part for part in ("hashing", "simd")]
            found = {name for place in places for path in place.rglob("*.h") for name in INCLUDE.findall(path.read_text())}
            found |= {name for path in (self.root / key[0]).rglob("*.cpp") for name in INCLUDE.findall(path.read_text())}
            header = self.folder / "mutants" / f"{key[0]}-{len(self.headers)}.h"
            header.parent.mkdir(parents=True, exist_ok=True)
            header.write_text("".join(f"#include {name}\n" for name in sorted(found) if not SKIPPED_HEADERS.match(name)))
            subprocess.run([*flags, "-x", "c++-header", str(header), "-o", f"{header}.gch"], cwd=self.folder, check=True)
            self.headers[key] = ["-include", str(header)]
        return self.headers[key]

    def compile(self, file, text, job):
        """The object of that text in place of the file, in the job's folder; None if it does not compile."""
        source = job / pathlib.Path(file).name
        source.write_text(text)
        made = source.with_suffix(".o")
        made.unlink(missing_ok=True)
        done = subprocess.run([*self.flags[file], *self.precompile(file), "-c", str(source), "-o", str(made)], cwd=self.folder,
                              capture_output=True)
        return made if done.returncode == 0 else None

    def link(self, name, objects, job):
        """The test program with these objects in place of the library's; None if it does not link."""
        words = list(self.links[name])
        program = job / f"test-{name}"
        words[words.index("-o") + 1] = str(program)
        first = next(i for i, word in enumerate(words) if word.endswith(".o"))
        done = subprocess.run([*words[:first], *map(str, objects), *words[first:]], cwd=self.folder, capture_output=True)
        return program if done.returncode == 0 else None
