"""Learning curves: how much is still to learn after so many steps, as an SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .chart import STYLE, Curve, Frame, chart
from .svg import document, text

_WIDTH, _HEIGHT = 720, 400


def curves_svg(
    steps: Sequence[float], series: dict[str, list[float]], *, unit: str, title: str = ""
) -> str:
    """Curves over training steps as an SVG, each named at its end with its last value.

    Args:
        steps: the steps (N,) at which something was measured, rising.
        series: a name (`train`, `valid`) to its values (N,); a line is drawn past those that are
            not finite, which is how a step without a measurement is written.
        unit: what the values count, such as nats a note.
        title: stands above.

    Raises:
        ValueError: a series and the steps differ in length.
    """
    curves = []
    for index, (name, values) in enumerate(series.items()):
        pairs = zip(steps, values, strict=True)
        points = [(x, y) for x, y in pairs if math.isfinite(y)]
        label = f"{name} {points[-1][1]:.3g}" if points else name
        curves.append(Curve(label, points, f"c{index}"))
    body = [text(16, 26, title, "big")] if title else []
    body += chart(curves, Frame(_WIDTH, _HEIGHT, "steps", unit, top=56))
    return document(_WIDTH, _HEIGHT, title or "Learning curves", body, len(curves), STYLE)
