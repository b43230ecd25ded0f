"""Bars as music21 has them: of several parts put side by side; those of odd lengths are told."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

_MOST_TOLD = 5
_UNTOLD = Fraction(1, 16)  # of a quarter: what exporters lose in rounding


def align_bars(stream: Any, names: list[str]) -> list[str]:
    """Let every bar begin in all parts where it begins in the one that has come furthest.

    Args:
        stream: a music21 score; its measures are moved.
        names: of its parts, to be told.

    Returns:
        A sentence for each bar that differs in length between the parts, or is not as long as the
        metre says and no pickup; after a few of either, how many.
    """
    parts = list(stream.parts)
    bars = [list(part.getElementsByClass("Measure")) for part in parts]
    lengths = [_lengths(measures) for measures in bars]
    unequal: list[str] = []
    shapes: list[_Shape] = []
    start, metre = Fraction(0), ""
    for index in range(max(map(len, bars), default=0)):
        bar = {number: measures[index] for number, measures in enumerate(bars) if measures[index:]}
        for number, measure in bar.items():
            parts[number].setElementOffset(measure, _as_music21(start))
            metre = _metre(measure, metre)
        # a file without numbers has nought in every bar
        label = bar[min(bar)].number or (index + 1 if index else 0)
        found = {number: lengths[number][index] for number in _telling(bar, index)}
        if max(found.values()) - min(found.values()) > _UNTOLD:
            unequal.append(_sentence(label, found, names))
            # rests alone beyond the metre are a mistake that nobody should wait for
            full = _quarters(metre) if metre else Fraction(4)
            found = {n: max(_sounding(bar[n]), min(found[n], full)) for n in found}
        else:
            shapes.append(_Shape.of(bar[min(bar)], label, max(found.values()), metre))
        start += max(found.values())
    for part in parts:
        part.coreElementsChanged()
    return [
        *_few(unequal, "differ between the parts"),
        *_few(_odd(shapes), "are not as long as the metre says"),
    ]


class _Shape(NamedTuple):
    """A bar: its number, its length in quarters, its metre, and whether it may well be short."""

    number: int
    length: Fraction
    metre: str
    may_be_short: bool

    @classmethod
    def of(cls, measure: Any, label: int, length: Fraction, metre: str) -> _Shape:
        """A measure so told of; repeats and double bars may stand within a bar."""
        from music21.stream.enums import ShowNumber

        lines = (measure.leftBarline, measure.rightBarline)
        has_sign = any(line is not None and line.type != "regular" for line in lines)
        is_implicit = measure.showNumber is ShowNumber.NEVER
        return cls(label, length, metre, has_sign or is_implicit)

    @property
    def lacks(self) -> Fraction:
        """How many quarters the bar is shorter than its metre; 0 where that is free."""
        return _quarters(self.metre) - self.length if self.metre else Fraction(0)


def _odd(bars: list[_Shape]) -> list[str]:
    """The bars that are longer than the metre says, or shorter without a reason."""
    told = []
    for place, bar in enumerate(bars):
        near = bars[max(0, place - 1) : place + 2]
        is_excused = (
            len(near) < 3
            or any(other.may_be_short for other in near)
            or bar.lacks in (near[0].length, near[2].length)  # a line of verse ends within a bar
        )
        if bar.lacks < -_UNTOLD or (bar.lacks > _UNTOLD and not is_excused):
            length = _text(bar.length)
            told.append(f"bar {bar.number} is {length} long, the metre says {bar.metre}")
    return told


def _few(told: list[str], what: str) -> list[str]:
    """The first sentences, and how many more there are."""
    more = len(told) - _MOST_TOLD
    return told[:_MOST_TOLD] + ([f"{more} more bars {what}"] if more > 0 else [])


def _metre(measure: Any, before: str) -> str:
    """The metre of a bar, that before it if it says none; empty where it is free."""
    for sign in measure.getElementsByClass("TimeSignatureBase"):
        is_free = "TimeSignature" not in sign.classes
        before = "" if is_free else f"{sign.numerator}/{sign.denominator}"
    return before


def _quarters(metre: str) -> Fraction:
    return 4 * Fraction(metre)


def _lengths(measures: list[Any]) -> list[Fraction]:
    """How long each bar of a part is, in quarters."""
    starts = [Fraction(measure.offset) for measure in measures]
    lengths = [after - start for start, after in pairwise(starts)]
    return lengths + [Fraction(measure.highestTime) for measure in measures[-1:]]


def _telling(bar: dict[int, Any], index: int) -> list[int]:
    """The parts that say how long a bar is: of a pickup only those that play in it."""
    from music21.stream.enums import ShowNumber

    is_pickup = index == 0 or any(m.showNumber is ShowNumber.NEVER for m in bar.values())
    # music21 fills an empty bar with as much rest as its metre holds
    playing = [number for number, m in bar.items() if m.recurse().notes] if is_pickup else []
    return playing or list(bar)


def _sounding(measure: Any) -> Fraction:
    """How far the notes of a bar reach, in quarters."""
    notes = measure.recurse().notes
    ends = (Fraction(n.getOffsetInHierarchy(measure)) + Fraction(n.quarterLength) for n in notes)
    return max(ends, default=Fraction(0))


def _as_music21(quarters: Fraction) -> Any:
    from music21.common.numberTools import opFrac

    return opFrac(quarters)


def _sentence(bar: int, lengths: dict[int, Fraction], names: list[str]) -> str:
    """Tell of the part that differs from most; of two alike, of the shorter."""
    common = Counter(lengths.values())
    usual = max(common, key=lambda length: (common[length], length))
    odd = max(lengths, key=lambda number: abs(lengths[number] - usual))
    return (
        f"bar {bar} of part {names[odd]} is {_text(lengths[odd])} long, others {_text(usual)}: "
        "the next bar begins in all at once"
    )


def _text(quarters: Fraction) -> str:
    """A length as a metre says it, in quarters or finer."""
    for unit in (4, 8, 16, 32, 64):
        if (quarters * unit / 4).denominator == 1:
            return f"{quarters * unit / 4}/{unit}"
    return f"about {round(quarters * 4)}/16"
