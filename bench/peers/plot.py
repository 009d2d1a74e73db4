#!/usr/bin/env python3
"""P@1 over training seconds from a peers.json, as SVG: a point per tool, and a line where a tool was measured on the way. Run inside
the virtual environment."""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "peers", "font.size": 9})
import matplotlib.pyplot as plt  # noqa: E402


def main():
    whole = json.loads(pathlib.Path(sys.argv[1]).read_text())
    figure, axes = plt.subplots(figsize=(8, 5))
    done = [result for result in whole["results"] if result["status"] == "ok"]
    for index, result in enumerate(done):
        colour = f"C{index % 10}"
        seconds, precision = result["stages"]["train"]["seconds"], 100 * result["scores"]["p@1"]
        curve = result.get("curve", [])
        axes.plot([point["seconds"] for point in curve], [100 * point["p@1"] for point in curve], color=colour, linewidth=1, marker=".", markersize=3)
        axes.plot([seconds], [precision], "o", color=colour)
        axes.annotate(result["tool"], (seconds, precision), xytext=(5, 4), textcoords="offset points", color=colour)
    axes.set_xscale("log")
    axes.set_xlabel(f"training seconds, {whole['threads']} threads")
    axes.set_ylabel("P@1, %")
    axes.set_title(whole["data"])
    axes.grid(True, which="both", linewidth=0.3)
    axes.margins(x=0.15)
    figure.savefig(sys.argv[2], metadata={"Date": None}, bbox_inches="tight")


if __name__ == "__main__":
    main()
