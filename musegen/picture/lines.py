"""Curves and points in a plane, for a page: SVG elements without a paper of their own."""

from __future__ import annotations

from collections.abc import Sequence

from .chart import Curve, Frame, Point, chart
from .svg import safe, text

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
    for (x, y), name, kind in zip(at, names, kinds, strict=True):
        body.append(f'<circle class="point {kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
        body.append(text(x + 5, y - 4, name, f"name {kind}"))
    return _plot(width, height, title, body)


def _plot(width: float, height: float, title: str, body: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{safe(title)}">'
        f"{''.join(body)}</svg>"
    )
