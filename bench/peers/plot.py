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

MARKERS = "os^Dv"


def main():
    whole = json.loads(pathlib.Path(sys.argv[1]).read_text())
    figure, axes = plt.subplots(figsize=(8, 5))
    done = [result for result in whole["results"] if result["status"] == "ok"]
    for index, result in enumerate(done):
        colour = f"C{index % 10}"
        seconds, precision = result["stages"]["train"]["seconds"], 100 * result["scores"]["p@1"]
        curve = result.get("curve", [])
        axes.plot([point["seconds"] for point in curve], [100 * point["p@1"] for point in curve], color=colour, linewidth=1, marker=".", markersize=3)
        axes.plot([seconds], [precision], MARKERS[index % len(MARKERS)], color=colour, label=f"{result['tool']}  {precision:.1f} in {seconds:,.0f} s")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(f"training seconds, {whole['threads']} threads")
    axes.set_ylabel("P@1, %")
    axes.set_title(whole["data"])
    axes.grid(True, which="both", linewidth=0.3)
    figure.savefig(sys.argv[2], metadata={"Date": None}, bbox_inches="tight")


if __name__ == "__main__":
    main()
