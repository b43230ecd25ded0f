"""Bars of several parts, as music21 has them, put side by side where they differ in length."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import Any

_MOST_TOLD = 5
_UNTOLD = Fraction(1, 16)  # of a quarter: what exporters lose in rounding
_FINEST = 64


def align_bars(stream: Any, names: list[str]) -> list[str]:
    """Let every bar begin in all parts where it begins in the one that has come furthest.

    Args:
        stream: a music21 score; its measures are moved.
        names: of its parts, to be told.

    Returns:
        A sentence for each bar that is shorter in one part than in another; after a few, how many.
    """
    bars = [list(part.getElementsByClass("Measure")) for part in stream.parts]
    lengths = [_lengths(measures) for measures in bars]
    told: list[str] = []
    start = Fraction(0)
    for index in range(max(map(len, bars), default=0)):
        having = [number for number, measures in enumerate(bars) if index < len(measures)]
        for number in having:
            stream.parts[number].setElementOffset(bars[number][index], _as_music21(start))
        playing = _playing({number: bars[number][index] for number in having}, index)
        found = {number: lengths[number][index] for number in playing}
        if max(found.values()) - min(found.values()) > _UNTOLD:
            told.append(_sentence(bars[having[0]][index].number, found, names))
        start += max(found.values())
    for part in stream.parts:
        part.coreElementsChanged()
    more = len(told) - _MOST_TOLD
    return told[:_MOST_TOLD] + ([f"{more} more bars differ between the parts"] if more > 0 else [])


def _lengths(measures: list[Any]) -> list[Fraction]:
    """How long each bar of a part is, in quarters."""
    starts = [Fraction(measure.offset) for measure in measures]
    lengths = [after - start for start, after in pairwise(starts)]
    return lengths + [Fraction(measure.highestTime) for measure in measures[-1:]]


def _playing(measures: dict[int, Any], index: int) -> list[int]:
    """The parts that say how long a bar is: in a pickup only those that play."""
    from music21.stream.enums import ShowNumber

    is_pickup = index == 0 or any(m.showNumber is ShowNumber.NEVER for m in measures.values())
    # music21 fills an empty bar with as much rest as its metre holds
    playing = [number for number, m in measures.items() if m.recurse().notes] if is_pickup else []
    return playing or list(measures)


def _as_music21(quarters: Fraction) -> Any:
    from music21.common.numberTools import opFrac

    return opFrac(quarters)


def _sentence(bar: int, lengths: dict[int, Fraction], names: list[str]) -> str:
    """Tell of the part that differs from most; of two alike, of the shorter."""
    common = Counter(lengths.values())
    usual = max(common, key=lambda length: (common[length], length))
    odd = min(number for number, length in lengths.items() if length != usual)
    return (
        f"bar {bar} of part {names[odd]} is {_text(lengths[odd])} long, others {_text(usual)}: "
        "silence fills it up to the longest"
    )


def _text(quarters: Fraction) -> str:
    """A length as a metre says it, in quarters or finer."""
    unit = 4
    while unit < _FINEST and (quarters * unit / 4).denominator > 1:
        unit *= 2
    return f"{round(quarters * unit / 4)}/{unit}"
