"""Growth of time and memory as one SVG, written by hand: two panels, both over shipments on a logarithmic axis."""

from __future__ import annotations

import math
from pathlib import Path

Points = dict[str, list[tuple[int, float, float]]]  # kind -> (shipments, seconds, MiB)
_COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#16a085", "#7f8c8d", "#34495e")
_WIDTH, _HEIGHT, _LEFT, _TOP, _PLOT_W, _PLOT_H, _GAP = 1040, 470, 70, 50, 370, 300, 110


def write(path: Path, points: Points, words: dict[str, str]) -> None:
    """Write the picture. words: kind -> what the legend says."""
    sizes = sorted({n for line in points.values() for n, _, _ in line})
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="13" fill="#222">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    times = [s for line in points.values() for _, s, _ in line]
    most = max(m for line in points.values() for _, _, m in line)
    top = 25 * math.ceil(most * 1.15 / 25)
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    seconds = [10.0**e for e in range(low, high + 1)]
    out += _panel(
        0, "process time, s (log)", sizes, [(v, f"{v:g}", (math.log10(v) - low) / (high - low)) for v in seconds]
    )
    ticks = range(0, top + 1, 25 if top <= 200 else 100)
    out += _panel(1, "peak memory, MiB", sizes, [(float(v), str(v), v / top) for v in ticks])
    for number, (kind, line) in enumerate(points.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        for panel in (0, 1):
            spots = [
                (_x(panel, n, sizes), _y((math.log10(s) - low) / (high - low) if panel == 0 else m / top))
                for n, s, m in line
            ]
            path_ = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
            out.append(f'<polyline points="{path_}" fill="none" stroke="{colour}" stroke-width="2"/>')
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in spots]
        column, row = number % 3, number // 3
        x, y = _LEFT + column * 320, _TOP + _PLOT_H + 62 + row * 20
        out.append(f'<rect x="{x}" y="{y - 10}" width="14" height="10" fill="{colour}"/>')
        out.append(f'<text x="{x + 20}" y="{y}">{words.get(kind, kind)}</text>')
    path.write_text("\n".join([*out, "</svg>"]) + "\n", "utf-8")


def _x(panel: int, shipments: int, sizes: list[int]) -> float:
    low, high = math.log10(sizes[0]), math.log10(sizes[-1])
    share = (math.log10(shipments) - low) / (high - low) if high > low else 0.5
    return _LEFT + panel * (_PLOT_W + _GAP) + 20 + share * (_PLOT_W - 40)


def _y(share: float) -> float:
    return _TOP + _PLOT_H * (1 - share)


def _panel(panel: int, title: str, sizes: list[int], ticks: list[tuple[float, str, float]]) -> list[str]:
    left = _LEFT + panel * (_PLOT_W + _GAP)
    out = [f'<text x="{left}" y="{_TOP - 20}" font-size="15" font-weight="bold">{title}</text>']
    for _, label, share in ticks:
        y = _y(share)
        out.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + _PLOT_W}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for size in sizes:
        x = _x(panel, size, sizes)
        out.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_TOP + _PLOT_H}" stroke="#eee"/>')
        out.append(f'<text x="{x:.1f}" y="{_TOP + _PLOT_H + 18}" text-anchor="middle">{size:,}</text>')
    out.append(
        f'<text x="{left + _PLOT_W / 2}" y="{_TOP + _PLOT_H + 38}" text-anchor="middle">shipments in one file</text>'
    )
    return out
