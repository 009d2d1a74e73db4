"""Charts of lines as SVG that need nothing else."""

import html

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 360, 56, 40, 16, 190
COLOURS = ["#1b6ca8", "#c0392b", "#27864b", "#8e5ea2", "#b8860b", "#16a0a0", "#555555", "#e07b39"]


def ticks(low, high, count=5):
    """Round numbers between low and high."""
    raw = (high - low) / count or 1
    size = 10 ** len(str(int(raw))) / 10 if raw >= 1 else 0.1
    step = next(s * size for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if s * size >= raw)
    first = int(low / step) + (low > int(low / step) * step)
    return [i * step for i in range(first, int(high / step) + 1)]


def chart(lines, x_name, y_name, x_ticks=None, x_from=0):
    """`lines`: (name, [(x, y) or (x, y, half of what y is spread by)]). `x_ticks`: (x, text); none: round numbers from `x_from` on."""
    points = [point for _, line in lines for point in line]
    right_end = max(point[0] for point in points)
    low = min(point[1] - sum(point[2:]) for point in points)
    high = max(point[1] + sum(point[2:]) for point in points)
    margin = 0.05 * (high - low) or 1
    low, high = low - margin, high + margin
    x = lambda at: LEFT + (WIDTH - LEFT - RIGHT) * (at - x_from) / ((right_end - x_from) or 1)  # noqa: E731
    y = lambda value: HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value - low) / (high - low)  # noqa: E731
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">']
    for tick in ticks(low, high):
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick, text in x_ticks or [(tick, f"{tick:g}") for tick in ticks(x_from, right_end)]:
        out.append(f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{text}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{html.escape(x_name)}</text>'
               f'<text x="12" y="{TOP + 4}">{html.escape(y_name)}</text>')
    for i, (name, line) in enumerate(lines):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{x(point[0]):.1f},{y(point[1]):.1f}" for point in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for at, value, *spread in line:
            out.append(f'<circle cx="{x(at):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"/>')
            out += [f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{y(value - half):.1f}" y2="{y(value + half):.1f}" stroke="{colour}"/>' for half in spread]
        out.append(f'<text x="{WIDTH - RIGHT + 12}" y="{TOP + 12 + 18 * i}" fill="{colour}">{html.escape(name)}</text>')
    return "".join(out) + "</svg>"
