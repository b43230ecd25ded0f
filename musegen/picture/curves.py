"""Learning curves: how much is still to learn after so many steps, as an SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .svg import document, text, text_width

_WIDTH, _HEIGHT = 720, 400
_LEFT, _TOP, _BOTTOM = 62, 56, 50
_LABEL_GAP = 15  # pixels that names at the ends of curves keep from each other
_STYLE = (
    ".curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
    ".name{stroke:none;fill:currentColor;font-weight:600}"
)


@dataclass(frozen=True)
class _Axis:
    """Round values along an edge, and where each value lies on it in pixels."""

    ticks: list[float]
    first_pixel: float
    last_pixel: float

    def at(self, value: float) -> float:
        share = (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])
        return round(self.first_pixel + share * (self.last_pixel - self.first_pixel), 2)


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
    curves = {
        name: [point for point in zip(steps, values, strict=True) if math.isfinite(point[1])]
        for name, values in series.items()
    }
    names = {name: f"{name} {points[-1][1]:.3g}" for name, points in curves.items() if points}
    right = _WIDTH - 24 - max(map(text_width, names.values()), default=0)
    across = _Axis(_nice_ticks([x for c in curves.values() for x, _ in c], 8), _LEFT, right)
    up = _Axis(_nice_ticks([y for c in curves.values() for _, y in c], 6), _HEIGHT - _BOTTOM, _TOP)
    body = [text(16, 26, title, "big")] if title else []
    body += _rulings(across, up, unit)
    for index, points in enumerate(curves.values()):
        line = " ".join(f"{across.at(x):g},{up.at(y):g}" for x, y in points)
        body.append(f'<polyline class="curve c{index}" points="{line}"/>')
        if len(points) == 1:
            body.append(f'<path class="curve c{index}" d="M{line}h0" stroke-width="5"/>')
    body += _end_names(curves, names, across, up)
    return document(_WIDTH, _HEIGHT, title or "Learning curves", body, len(curves), _STYLE)


def _rulings(across: _Axis, up: _Axis, unit: str) -> list[str]:
    """Grid lines, the values along both edges, and what they count."""
    body = [text(16, _TOP - 14, unit, "faint")]
    for value in up.ticks:
        y = up.at(value)
        body.append(f'<path class="line" d="M{_LEFT:g} {y:g}H{across.last_pixel:g}"/>')
        body.append(text(_LEFT - 8, y + 4, f"{value:g}", "faint", "end"))
    for value in across.ticks:
        x = across.at(value)
        body.append(f'<path class="line strong" d="M{x:g} {up.first_pixel:g}v5"/>')
        body.append(text(x, up.first_pixel + 19, f"{value:,g}", "faint", "middle"))
    body.append(text(across.last_pixel, _HEIGHT - 12, "steps", "faint", "end"))
    return body


def _end_names(
    curves: dict[str, list[tuple[float, float]]], names: dict[str, str], across: _Axis, up: _Axis
) -> list[str]:
    """Each curve's name right of its end, moved down where two would overlap."""
    index_of = {name: index for index, name in enumerate(curves)}
    ends = sorted((up.at(curves[name][-1][1]), name) for name in names)
    body, lowest = [], -math.inf
    for y, name in ends:
        lowest = max(y, lowest + _LABEL_GAP)
        x = across.at(curves[name][-1][0]) + 8
        body.append(text(x, lowest + 4, names[name], f"name c{index_of[name]}"))
    return body


def _nice_ticks(values: list[float], most: int) -> list[float]:
    """Round values (2 to about `most`) that span the given ones, in steps of 1, 2 or 5."""
    low, high = min(values, default=0), max(values, default=1)
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    coarse = (high - low) / (most - 1)
    power = 10 ** math.floor(math.log10(coarse))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= coarse)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(place * step, 12) for place in range(first, last + 1)]
