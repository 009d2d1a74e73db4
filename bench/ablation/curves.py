"""Curves of P@1 over training seconds, one chart per setting, as one page of HTML that needs nothing else."""

import html
import itertools

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 360, 56, 40, 16, 190
COLOURS = ["#1b6ca8", "#c0392b", "#27864b", "#8e5ea2", "#b8860b", "#16a0a0", "#555555", "#e07b39"]


def ticks(low, high, count=5):
    """Round numbers between low and high."""
    raw = (high - low) / count or 1
    size = 10 ** len(str(int(raw))) / 10 if raw >= 1 else 0.1
    step = next(s * size for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if s * size >= raw)
    first = int(low / step) + (low > int(low / step) * step)
    return [i * step for i in range(first, int(high / step) + 1)]


def chart(lines):
    points = [point for line in lines for point in line["curve"]]
    right_end = max(seconds for seconds, _ in points)
    values = [100 * p for _, p in points]
    low, high = min(values), max(values)
    margin = 0.05 * (high - low) or 1
    low, high = low - margin, high + margin
    x = lambda seconds: LEFT + (WIDTH - LEFT - RIGHT) * seconds / right_end  # noqa: E731
    y = lambda p: HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (p - low) / (high - low)  # noqa: E731
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">']
    for tick in ticks(low, high):
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in ticks(0, right_end):
        out.append(f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick:g}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">training seconds</text>'
               f'<text x="12" y="{TOP + 4}">P@1</text>')
    for i, line in enumerate(lines):
        colour = COLOURS[i % len(COLOURS)]
        places = [(x(seconds), y(100 * p)) for seconds, p in line["curve"]]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in places]
        name = html.escape(f"{line['sampler']} {line['correction']}  {100 * line['p@1']:.2f}")
        out.append(f'<text x="{WIDTH - RIGHT + 12}" y="{TOP + 12 + 18 * i}" fill="{colour}">{name}</text>')
    return "".join(out) + "</svg>"


def setting_of(line):
    """What lines of one table and chart have in common."""
    return line["data"], line["scope"], line["active"]


def charts(lines):
    """(setting, SVG) of each chart; an SVG is also a file of its own."""
    return [(setting, chart(list(group))) for setting, group in itertools.groupby(lines, setting_of)]


def page(lines):
    out = ['<!doctype html><html lang="en"><meta charset="utf-8"><title>Ablation of active sets</title>'
           "<style>body{font:14px sans-serif;margin:2em;max-width:60em}svg text{font:12px sans-serif}</style>"
           "<h1>P@1 over training seconds</h1><p>Each point is an evaluation after an epoch; means over seeds.</p>"]
    for (data, scope, active), svg in charts(lines):
        out.append(f"<h2>{html.escape(data)}, {active} actives, scope {scope}</h2>{svg}")
    return "".join(out) + "</html>\n"
