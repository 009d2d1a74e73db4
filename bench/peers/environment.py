"""The virtual environment that the tools live in. A group that pip cannot install is an obstacle for its tools, not the end of the run.
Standard library only."""

import hashlib
import os
import pathlib
import subprocess
import sys
import time

from tools import INSTALLS

REQUIREMENTS = pathlib.Path(__file__).resolve().parent / "requirements.txt"


class Environment:
    def __init__(self, folder, logs):
        self.folder = pathlib.Path(folder)
        self.logs = pathlib.Path(logs)
        self.python = self.folder / "bin" / "python"

    def install(self, group):
        """Installs a group unless it is there. '' when it can be used, else why not."""
        stamp = hashlib.sha256(REQUIREMENTS.read_bytes() + repr(INSTALLS[group]).encode()).hexdigest()
        marker = self.folder / f"installed-{group}"
        if marker.exists() and marker.read_text() == stamp:
            return ""
        if not self.python.exists():
            print(f"peers: making a virtual environment in {self.folder}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", str(self.folder)], check=True)
        print(f"peers: installing {group}", file=sys.stderr)
        started = time.monotonic()
        why = self.call_pip(group)
        if not why:
            marker.write_text(stamp)
            print(f"peers: {group} installed in {time.monotonic() - started:.0f} s", file=sys.stderr)
        return why

    def call_pip(self, group):
        flags = "-O3 -funroll-loops -march=native"  # for what pip compiles
        environment = {**os.environ, "PIP_CONSTRAINT": str(REQUIREMENTS), "CFLAGS": flags, "CXXFLAGS": flags}
        self.logs.mkdir(parents=True, exist_ok=True)
        path = self.logs / f"install-{group}.log"
        with open(path, "w") as log:
            for words in INSTALLS[group]:
                command = [str(self.python), "-m", "pip", "install", *words]
                if subprocess.run(command, env=environment, stdout=log, stderr=subprocess.STDOUT).returncode != 0:
                    return f"pip could not install {words[-1]}, see {path}"
        return ""

    def has_cuda(self):
        done = subprocess.run([str(self.python), "-c", "import torch; print(torch.cuda.is_available())"], capture_output=True, text=True)
        return done.stdout.strip() == "True"
