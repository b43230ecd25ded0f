"""Curves over axes, as SVG elements: what learning curves and the page of a comparison share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .svg import text, text_width

STYLE = (
    ".curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.lone{stroke-width:6}"
    ".dashed{stroke-dasharray:6 4}.name{stroke:none;fill:currentColor;font-weight:600}"
)
_LABEL_GAP = 15  # pixels that names at the ends of curves keep from each other
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """Points from left to right.

    Attributes:
        label: stands at the end.
        points: across and up.
        kind: its classes: `c0`, `c1`, … for a colour, `dashed`.
    """

    label: str
    points: Sequence[Point]
    kind: str


@dataclass(frozen=True)
class Frame:
    """Where curves are drawn, in pixels, and what is counted along its sides.

    Attributes:
        width: of the whole.
        height: of the whole.
        across: what is counted from left to right.
        up: what is counted upwards.
        across_base: 0 for even steps, else the base of a logarithmic axis.
        up_base: the same.
        left: of the room, kept for the values.
        top: kept for what is counted.
        bottom: kept for the values.
        tick_counts: about how many values stand along each side.
    """

    width: float
    height: float
    across: str
    up: str
    across_base: int = 0
    up_base: int = 0
    left: float = 62
    top: float = 34
    bottom: float = 50
    tick_counts: tuple[int, int] = (8, 6)


@dataclass(frozen=True)
class Axis:
    """Round values along an edge, and where each value lies on it in pixels."""

    ticks: list[float]
    first_pixel: float
    last_pixel: float
    base: int = 0

    def at(self, value: float) -> float:
        """The pixel of a value."""
        first, last, here = (
            math.log(v) if self.base else v for v in (self.ticks[0], self.ticks[-1], value)
        )
        share = (here - first) / (last - first)
        return round(self.first_pixel + share * (self.last_pixel - self.first_pixel), 2)

    def written(self, value: float) -> str:
        """A value for a reader; far ones of a logarithmic axis as powers, or in thousands."""
        if self.base == 10 and not 0.01 <= value <= 1000:
            return f"10{str(round(math.log10(value))).translate(_RAISED)}"
        if self.base and value >= 10_000:
            return f"{value / 1e6:.3g}M" if value >= 1e6 else f"{value / 1e3:.3g}k"
        return f"{value:,g}"


def chart(curves: Sequence[Curve], frame: Frame) -> list[str]:
    """The curves with both axes, each named at its end."""
    points = [point for curve in curves for point in curve.points]
    labels = (text_width(curve.label) for curve in curves if curve.points)
    right = frame.width - 24 - max(labels, default=0)
    bottom = frame.height - frame.bottom
    many_across, many_up = frame.tick_counts
    across = _axis([x for x, _ in points], frame.across_base, many_across, frame.left, right)
    up = _axis([y for _, y in points], frame.up_base, many_up, bottom, frame.top)
    body = _rulings(across, up, frame)
    for curve in curves:
        line = " ".join(f"{across.at(x):g},{up.at(y):g}" for x, y in curve.points)
        body.append(f'<polyline class="curve {curve.kind}" points="{line}"/>')
        if len(curve.points) == 1:
            body.append(f'<path class="curve lone {curve.kind}" d="M{line}h0"/>')
    return body + _end_names(curves, across, up)


def even_ticks(values: Sequence[float], most: int) -> list[float]:
    """Round values (2 to about `most`) that span the given ones, in steps of 1, 2 or 5."""
    low, high = min(values, default=0), max(values, default=1)
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    coarse = (high - low) / (most - 1)
    power = 10 ** math.floor(math.log10(coarse))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= coarse)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(place * step, 12) for place in range(first, last + 1)]


def log_ticks(values: Sequence[float], base: int, most: int) -> list[float]:
    """Powers of the base (2 to about `most`) that span the given values, which are above 0."""
    low, high = min(values, default=1), max(values, default=base)
    first = math.floor(math.log(low, base) + 1e-9)
    last = max(math.ceil(math.log(high, base) - 1e-9), first + 1)
    step = -(-(last - first) // (most - 1))
    last = first + step * -(-(last - first) // step)
    return [float(base) ** power for power in range(first, last + 1, step)]


def _axis(values: Sequence[float], base: int, most: int, first: float, last: float) -> Axis:
    ticks = log_ticks(values, base, most) if base else even_ticks(values, most)
    return Axis(ticks, first, last, base)


def _rulings(across: Axis, up: Axis, frame: Frame) -> list[str]:
    """Grid lines, the values along both edges, and what they count."""
    body = [text(16, frame.top - 14, frame.up, "faint")]
    for value in up.ticks:
        y = up.at(value)
        body.append(f'<path class="line" d="M{frame.left:g} {y:g}H{across.last_pixel:g}"/>')
        body.append(text(frame.left - 8, y + 4, up.written(value), "faint", "end"))
    for value in across.ticks:
        x = across.at(value)
        body.append(f'<path class="line strong" d="M{x:g} {up.first_pixel:g}v5"/>')
        body.append(text(x, up.first_pixel + 19, across.written(value), "faint", "middle"))
    body.append(text(across.last_pixel, frame.height - 12, frame.across, "faint", "end"))
    return body


def _end_names(curves: Iterable[Curve], across: Axis, up: Axis) -> list[str]:
    """The curves' names beside the last end of all, apart where their own ends are not."""
    shown = sorted(
        (curve for curve in curves if curve.points), key=lambda curve: up.at(curve.points[-1][1])
    )
    x = max((across.at(curve.points[-1][0]) for curve in shown), default=0) + 8
    places, lowest = [], -math.inf
    for curve in shown:
        lowest = max(up.at(curve.points[-1][1]), lowest + _LABEL_GAP)
        places.append(lowest)
    highest = up.first_pixel + _LABEL_GAP
    for index in range(len(places) - 1, -1, -1):
        highest = places[index] = min(places[index], highest - _LABEL_GAP)
    return [
        text(x, y + 4, curve.label, f"name {curve.kind.split()[0]}")
        for curve, y in zip(shown, places, strict=True)
    ]
