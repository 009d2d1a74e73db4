#!/usr/bin/env python3
"""try_wheel.py PYTHON WHEEL: the lines at the top of README.md by a Python that has the wheel and what it depends on, nothing else. Says what
libraries it loads, its size, and how long an import takes. Standard library only."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_BYTES, MOST_SECONDS = 15_000_000, 0.3
LOADED = """
import glissade
for line in open("/proc/self/maps"):
    if ".so" in line:
        print(line.split()[-1])
"""


def readme_lines():
    """The first block of Python in README.md."""
    return re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL).group(1)


def call(python, program):
    """What a program prints, in an empty folder with nothing of this environment."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([python, "-c", program], cwd=folder, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"try_wheel.py: {done.stderr}")
    return done.stdout


def main():
    python, wheel = pathlib.Path(sys.argv[1]).absolute(), pathlib.Path(sys.argv[2])
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes")
    timed = "import time; start = time.process_time(); import glissade; print(time.process_time() - start)"
    seconds = min(float(call(python, timed)) for _ in range(5))
    print(f"import glissade: {seconds:.3f} s")
    home = str(python.parent.parent)
    foreign = {path for path in call(python, LOADED).split() if path.startswith("/") and re.search(r"tbb|dnnl|gomp|xxhash|fmt|utf8proc|stemmer", path)
               and not path.startswith(home)}
    print("its libraries come from the wheel" if not foreign else f"from elsewhere: {', '.join(sorted(foreign))}")
    print(call(python, readme_lines()), end="")
    if wheel.stat().st_size > MOST_BYTES or seconds > MOST_SECONDS or foreign:
        sys.exit(1)


if __name__ == "__main__":
    main()
