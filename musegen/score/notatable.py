"""Notes moved off no grid, as in a performance, to where notation can put them.

Time is counted in units, `UNITS` to the quarter: as many as twofold, threefold, fivefold and
sevenfold divisions need.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from musegen.score.score import Notes

UNITS = 3360
FINEST = 96  # divisions of a quarter: on these a notation program lets a bar line stand
EXACT = (16, 12, 32, 24, 40, 56)  # those that a beat may keep as it is

_ROUNDED = (16, 12)  # those that others are rounded to, a beat the nearer of the two
_STEPS = (210, 280, 105, 140, 84, 60, 35)  # the shortest notes of these divisions


class Grid:
    """Ticks → units: bars and notes moved to where notation can put them.

    A beat stays as it is where it divides into 32nds, 24ths, 40ths or 56ths: so far do 128th notes,
    triplets, quintuplets and septuplets go. Otherwise, as in a performance, its notes end where
    such a division is nearest on which all begin; and failing that, its notes begin and end on its
    nearest 16ths or 12ths, whichever moves them less.
    """

    def __init__(self, lines: Iterable[int], ticks_per_quarter: int, finest: int = FINEST) -> None:
        """`lines` are the ticks at which bars begin and end, the first 0.

        They are put on the `finest` divisions of a quarter, and what stands by one that moves.
        """
        self._per_quarter = ticks_per_quarter
        self._starts = sorted(set(lines))
        self._finest = finest
        step = UNITS // finest
        places = [Fraction(tick * finest, ticks_per_quarter) for tick in self._starts]
        self._units = [round(place) * step for place in places]
        self._is_moved = [place.denominator > 1 for place in places]

    @property
    def lines(self) -> list[int]:
        """The bar lines in units, rising."""
        return sorted(set(self._units))

    def snapped(self, ticks: Iterable[int], beginnings: Iterable[int] = ()) -> dict[int, int]:
        """The place in units of each tick; ticks that share a beat are moved together.

        `beginnings` are those of the ticks that are best kept.
        """
        beats: dict[tuple[int, int], list[int]] = defaultdict(list)
        for tick in set(ticks):
            bar = max(0, bisect_right(self._starts, tick) - 1)
            beats[bar, (tick - self._starts[bar]) // self._per_quarter].append(tick)
        kept = frozenset(beginnings)
        found: dict[int, int] = {}
        for (bar, _), members in beats.items():
            start = self._starts[bar]
            begin = [tick - start for tick in members if tick in kept]
            division = self._division([tick - start for tick in members], begin)
            if any(self._is_moved[bar : bar + 2]):
                division = self._finest
            found |= {tick: self.nearest(tick, division) for tick in members}
        return found

    def nearest(self, tick: int, division: int) -> int:
        """The place in units that is nearest to a tick on the divisions of its bar's quarters."""
        bar = max(0, bisect_right(self._starts, tick) - 1)
        steps = self._nearest(tick - self._starts[bar], division)
        place = self._units[bar] + steps * (UNITS // division)
        return min([place, *self._units[bar + 1 : bar + 2]])

    def _nearest(self, offset: int, division: int) -> int:
        return (2 * offset * division + self._per_quarter) // (2 * self._per_quarter)

    def _division(self, offsets: list[int], beginnings: list[int]) -> int:
        for wanted in (offsets, beginnings):
            for division in EXACT if wanted else ():
                if all(offset * division % self._per_quarter == 0 for offset in wanted):
                    return division
        return min(_ROUNDED, key=lambda division: self._error(offsets, division))

    def _error(self, offsets: list[int], division: int) -> float:
        per = self._per_quarter
        return sum(abs(o / per - self._nearest(o, division) / division) for o in offsets)


@dataclass(frozen=True, order=True)
class Tone:
    """A note in units."""

    start: int
    end: int
    pitch: int
    velocity: int


def tones(notes: Notes, place: Mapping[int, int]) -> list[Tone]:
    """Notes at the places in units of their ticks; none is without length."""
    found = []
    for onset, duration, pitch, velocity in notes.rows.tolist():
        start, end = place[onset], place[onset + duration]
        if end <= start:
            end = start + next(step for step in (*_STEPS, 1) if start % step == 0)
        found.append(Tone(start, end, pitch, velocity))
    return found
