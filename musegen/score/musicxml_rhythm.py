"""Notes as notation must put them: on a notatable grid, in voices, in bars, in written lengths.

Time is counted in units, `UNITS` to the quarter: as many as twofold, threefold, fivefold and
sevenfold divisions need.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from musegen.score.score import Notes

UNITS = 3360
MAX_VOICES = 4  # what notation programs have on a staff

_FINEST = 96  # divisions of a quarter, on which bar lines stand
_EXACT = (16, 12, 32, 24, 40, 56)  # those that a beat may keep as it is
_ROUNDED = (16, 12)  # those that others are rounded to, a beat the nearer of the two
_BINARY = UNITS // 32
_STEPS = (210, 280, 84, 60, 35)  # the shortest notes of these divisions


@dataclass(frozen=True)
class Length:
    """A written length: units, music21's type and dots, and `actual` in the time of `normal`."""

    units: int
    type: str
    dots: int = 0
    actual: int = 1
    normal: int = 1


def _lengths() -> dict[int, Length]:
    """All lengths that one note can have, by units; the plainest where two are equally long."""
    types = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th")
    found: dict[int, Length] = {}
    for actual, normal in ((1, 1), (3, 2), (5, 4), (7, 4)):
        for place, name in enumerate((*types, "256th")):
            for dots in (0, 1):
                total = 8 * UNITS * normal * (2 + dots)
                units, rest = divmod(total, 2 * actual * 2**place)
                if not rest:
                    found.setdefault(units, Length(units, name, dots, actual, normal))
    return found


LENGTHS = _lengths()
_LONGEST_FIRST = sorted(LENGTHS, reverse=True)


class Grid:
    """Ticks → units: bars and notes moved to where notation can put them.

    A beat stays as it is where it divides into 32nds, 24ths, 40ths or 56ths: so far do 128th notes,
    triplets, quintuplets and septuplets go. Otherwise, as in a performance, its notes end where
    such a division is nearest on which all begin; and failing that, its notes begin and end on its
    nearest 16ths or 12ths, whichever moves them less.
    """

    def __init__(self, lines: Iterable[int], ticks_per_quarter: int) -> None:
        """`lines` are the ticks at which bars begin and end, the first 0."""
        self._per_quarter = ticks_per_quarter
        self._starts = sorted(set(lines))
        step = UNITS // _FINEST
        places = [Fraction(tick * _FINEST, ticks_per_quarter) for tick in self._starts]
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
        kept, found = frozenset(beginnings), {}
        for (bar, _), members in beats.items():
            start, first = self._starts[bar], self._units[bar]
            last = self._units[bar + 1] if bar + 1 < len(self._units) else None
            is_moved = any(self._is_moved[bar : bar + 2])
            begin = [tick - start for tick in members if tick in kept]
            division = _FINEST if is_moved else self._division([t - start for t in members], begin)
            for tick in members:
                place = first + self._nearest(tick - start, division) * (UNITS // division)
                found[tick] = place if last is None else min(place, last)
        return found

    def _nearest(self, offset: int, division: int) -> int:
        return (2 * offset * division + self._per_quarter) // (2 * self._per_quarter)

    def _division(self, offsets: list[int], beginnings: list[int]) -> int:
        for wanted in (offsets, beginnings):
            for division in _EXACT if wanted else ():
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


def voices(notes: Iterable[Tone]) -> list[list[Tone]]:
    """Notes in voices: within one, notes begin and end together or follow each other.

    The higher of two that begin together takes the lower number. The last of `MAX_VOICES` takes
    all that find no other place.
    """
    found: list[list[Tone]] = []
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch, note.end)):
        for voice in found:
            latest = voice[-1]
            is_chord = (latest.start, latest.end) == (note.start, note.end)
            if latest.end <= note.start or (is_chord and latest.pitch != note.pitch):
                voice.append(note)
                break
        else:
            if len(found) < MAX_VOICES:
                found.append([note])
            else:
                found[-1].append(note)
    return found


@dataclass(frozen=True)
class Sound:
    """One note of a piece of a bar: whether it is tied to what was before and to what follows."""

    pitch: int
    velocity: int
    tied_back: bool
    tied_on: bool


@dataclass(frozen=True)
class Piece:
    """A stretch of one written length, in which the same notes sound, or none."""

    start: int
    length: Length
    sounds: tuple[Sound, ...] = field(default=())


def bars_of(voice: Iterable[Tone], cuts: Iterable[int], bars: Bars) -> list[list[Piece]]:
    """The pieces of a voice, bar by bar.

    Args:
        voice: its notes.
        cuts: where else a piece must begin, in units.
        bars: the bars of the piece.
    """
    notes = sorted(voice)
    edges = {*cuts, *bars.lines, *(n.start for n in notes), *(n.end for n in notes)}
    ticks = sorted(edge for edge in edges if edge <= bars.lines[-1])
    written: list[list[Piece]] = [[] for _ in bars.beats]
    following, sounding, bar = 0, [], 0
    for start, end in itertools.pairwise(ticks):
        while following < len(notes) and notes[following].start <= start:
            sounding.append(notes[following])
            following += 1
        sounding = [note for note in sounding if note.end > start]
        bar += start >= bars.lines[bar + 1]
        for place, length in split(start, end, bars.lines[bar], bars.beats[bar]):
            until = place + length.units
            sounds = (Sound(n.pitch, n.velocity, n.start < place, n.end > until) for n in sounding)
            written[bar].append(Piece(place, length, tuple(sounds)))
    return written


@dataclass(frozen=True)
class Bars:
    """The bars of a piece: their lines in units, the first 0, and the length of a beat in each."""

    lines: list[int]
    beats: list[int]


def split(start: int, end: int, bar: int, beat: int) -> list[tuple[int, Length]]:
    """A stretch as pieces of one written length each, cut at beats where it must be cut.

    Args:
        start: where it begins, in units.
        end: where it ends.
        bar: where its bar begins.
        beat: how many units a beat lasts.
    """
    pieces = []
    while start < end:
        units = _first_length(start - bar, end - bar, beat)
        pieces.append((start, LENGTHS[units]))
        start += units
    return pieces


def _first_length(start: int, end: int, beat: int) -> int:
    """How long the first piece is of a stretch that begins and ends so far into its bar."""
    units = end - start
    if units in LENGTHS and (LENGTHS[units].actual > 1 or start % _BINARY == 0):
        return units
    room = units
    for pulse in (beat, UNITS):  # where a beat is left half-way, its quarters may be divided unlike
        into, whole = start % pulse, units // pulse * pulse
        room = min(units, pulse - into) if into or not whole else whole
        if _is_on_grid(room):
            break
    return next(units for units in _LONGEST_FIRST if units <= room and _is_on_grid(room - units))


def _is_on_grid(units: int) -> bool:
    """Whether lengths can be put together to so many units."""
    return any(units % (UNITS // division) == 0 for division in (_FINEST, *_EXACT))
