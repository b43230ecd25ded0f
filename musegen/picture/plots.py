"""Counts as bars, for a page: SVG elements without a paper of their own.

They take the page's colours by the classes `bar`, `ink`, `faint` and `line`. Each bar tells its
count at the pointer, and the whole is read out from its title.
"""

from __future__ import annotations

from collections.abc import Sequence

from .svg import safe, text, text_width

_WIDTH, _HEIGHT = 380, 170
_SIDE = 14  # pixels beside the outermost bars, for what stands below them
_TOP, _BOTTOM = 16, 24
_ROW = 21  # pixels of a line of `rows_plot`


def columns_plot(
    counts: Sequence[float], labels: dict[int, str], names: Sequence[str], title: str
) -> str:
    """Upright bars side by side, for what has an order.

    Args:
        counts: of each place (N,).
        labels: what stands below some places.
        names: of every place (N,), told at the pointer.
        title: what is counted, read out by screen readers.
    """
    most, floor = max(counts, default=0) or 1, _HEIGHT - _BOTTOM
    step = (_WIDTH - 2 * _SIDE) / max(1, len(counts))
    body = [f'<path class="line" d="M0 {floor}H{_WIDTH}"/>']
    for place, count in enumerate(counts):
        height = (floor - _TOP) * count / most
        shown = max(height, 1.5) if count else 0
        x = _SIDE + (place + 0.08) * step
        body.append(
            f'<rect class="bar" x="{x:.2f}" y="{floor - shown:.2f}" '
            f'width="{step * 0.84:.2f}" height="{shown:.2f}">{_tip(names[place], count)}</rect>'
        )
    for place, label in labels.items():
        body.append(text(_SIDE + (place + 0.5) * step, _HEIGHT - 8, label, "faint", "middle"))
    body.append(text(0, 10, f"most: {most:,}", "faint"))
    return _plot(_HEIGHT, title, names, counts, body)


def rows_plot(counts: dict[str, int], title: str, most_rows: int = 12) -> str:
    """Lying bars below each other, the largest first, for what has names; the rest as one."""
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    if len(ranked) > most_rows:
        rest = ranked[most_rows - 1 :]
        ranked = [*ranked[: most_rows - 1], (f"{len(rest)} others", sum(n for _, n in rest))]
    names = [name for name, _ in ranked]
    total = sum(counts.values()) or 1
    told = [f"{count:,} · {100 * count / total:.3g} %" for _, count in ranked]
    left = min(max(map(text_width, names), default=0) + 12, 170)
    wide = _WIDTH - left - 8 - max(map(text_width, told), default=0)
    largest = max((count for _, count in ranked), default=1) or 1
    body = []
    for row, ((name, count), says) in enumerate(zip(ranked, told, strict=True)):
        y, length = row * _ROW, max(1.5, wide * count / largest)
        body.append(text(left - 8, y + 14, _shortened(name, left), "ink", "end"))
        kind = "bar" if name in counts else "bar rest"
        body.append(
            f'<rect class="{kind}" x="{left:.2f}" y="{y + 3}" width="{length:.2f}" '
            f'height="{_ROW - 6}" rx="2">{_tip(name, count)}</rect>'
        )
        body.append(text(left + length + 8, y + 14, says, "faint"))
    return _plot(_ROW * len(ranked) + 2, title, names, [count for _, count in ranked], body)


def classes(values: Sequence[float], bounds: Sequence[float]) -> list[int]:
    """How many values lie below the first bound, between the first and second, …, above all."""
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[sum(value >= bound for bound in bounds)] += 1
    return counts


def _plot(
    height: float, title: str, names: Sequence[str], counts: Sequence[float], body: list[str]
) -> str:
    told = ", ".join(f"{n}: {c:,}" for n, c in zip(names, counts, strict=True) if c)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{safe(title)}. '
        f'{safe(told)}">{"".join(body)}</svg>'
    )


def _tip(name: str, count: float) -> str:
    return f"<title>{safe(name)}: {count:,}</title>"


def _shortened(name: str, width: float) -> str:
    most = int(width / text_width("x")) - 1
    return name if len(name) <= most else f"{name[: most - 1]}…"
