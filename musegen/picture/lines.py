"""Curves and points in a plane, for a page: SVG elements without a paper of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .chart import Curve, Frame, Point, chart
from .svg import safe, text, text_width

Box = tuple[float, float, float, float]  # left, top, right and bottom
_MARGIN = 26  # pixels around the outermost points, for their names


def lines_plot(curves: Sequence[Curve], frame: Frame, title: str) -> str:
    """Curves over axes, each named at its end.

    Args:
        curves: their colours are the page's, by `c0`, `c1`, ….
        frame: its size and axes.
        title: what is drawn, read out by screen readers.
    """
    return _plot(frame.width, frame.height, title, chart(curves, frame))


def plane_plot(
    points: Sequence[Point], names: Sequence[str], kinds: Sequence[str], title: str
) -> str:
    """Named points, one unit across as long as one up; a thin line joins neighbours.

    Args:
        points: across and up (P,).
        names: stand at the points (P,).
        kinds: classes of each for its colour (P,).
        title: what is drawn, read out by screen readers.
    """
    lefts, ups = [x for x, _ in points], [y for _, y in points]
    width, height = 560.0, 400.0
    wide, high = max(lefts) - min(lefts) or 1.0, max(ups) - min(ups) or 1.0
    scale = min((width - 2 * _MARGIN) / wide, (height - 2 * _MARGIN) / high)
    x0 = (width - scale * wide) / 2 - scale * min(lefts)
    y0 = (height + scale * high) / 2 + scale * min(ups)
    at = [(x0 + scale * x, y0 - scale * y) for x, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    body = [f'<polyline class="line joint" points="{line}"/>']
    for (x, y), kind in zip(at, kinds, strict=True):
        body.append(f'<circle class="point {kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
    for (x, y, anchor), name, kind in zip(_beside(at, names), names, kinds, strict=True):
        body.append(text(x, y, name, f"name {kind}", anchor))
    return _plot(width, height, title, body)


def _beside(at: Sequence[Point], names: Sequence[str]) -> Iterator[tuple[float, float, str]]:
    """Where the name of each point stands and its anchor: on the side that is the freest."""
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in at]
    for (x, y), name in zip(at, names, strict=True):
        wide = text_width(name)
        sides = [
            (left, foot - 9, left + wide, foot + 1)
            for left in (x + 5, x - 5 - wide)
            for foot in (y - 4, y + 12)
        ]
        box = min(sides, key=lambda side: sum(_covered(side, other) for other in taken))
        taken.append(box)
        edge, anchor = (box[0], "start") if box[0] > x else (box[2], "end")
        yield round(edge, 1), round(box[3] - 1, 1), anchor


def _covered(one: Box, other: Box) -> float:
    """How many square pixels two boxes share."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, high)


def _plot(width: float, height: float, title: str, body: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{safe(title)}">'
        f"{''.join(body)}</svg>"
    )
