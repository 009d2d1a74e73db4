"""Curves of P@1 over training seconds, one chart per setting, as one page of HTML that needs nothing else."""

import html
import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from charts import chart

def line_of(line):
    """The line of a chart: its name, and its points."""
    points = [(seconds, 100 * p) for seconds, p in line["curve"]]
    return f"{line['sampler']} {line['correction']}  {100 * line['p@1']:.2f}", points


def setting_of(line):
    """What lines of one table and chart have in common."""
    return line["data"], line["scope"], line["active"]


def charts(lines):
    """(setting, SVG) of each chart; an SVG is also a file of its own."""
    return [(setting, chart([line_of(line) for line in group], "training seconds", "P@1")) for setting, group in itertools.groupby(lines, setting_of)]


def page(lines):
    out = ['<!doctype html><html lang="en"><meta charset="utf-8"><title>Ablation of active sets</title>'
           "<style>body{font:14px sans-serif;margin:2em;max-width:60em}svg text{font:12px sans-serif}</style>"
           "<h1>P@1 over training seconds</h1><p>Each point is an evaluation after an epoch; means over seeds.</p>"]
    for (data, scope, active), svg in charts(lines):
        out.append(f"<h2>{html.escape(data)}, {active} actives, scope {scope}</h2>{svg}")
    return "".join(out) + "</html>\n"
