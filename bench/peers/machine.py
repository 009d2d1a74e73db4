"""Where and with what a figure was measured. Standard library only."""

import os
import pathlib
import platform
import subprocess

FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def describe():
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    field = lambda name: next((line.partition(":")[2].strip() for line in cpu.splitlines() if line.startswith(name)), "")  # noqa: E731
    memory = next(line for line in pathlib.Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    flags = set(field("flags").split())
    return {"cpu": field("model name"), "cpus": len(os.sched_getaffinity(0)), "features": [name for name in FEATURES if name in flags],
            "memory_gib": round(int(memory.split()[1]) / 2**20, 1), "system": f"{platform.system()} {platform.release()}"}


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
