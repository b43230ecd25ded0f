"""How a Score lies on staves: bars, clefs, voices, and at which note each mark is written.

Knows nothing of XML or of music21; time is in units of `notatable`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from musegen.score.musicxml_clefs import guessed_clef
from musegen.score.musicxml_rhythm import Bars, Piece, bars_of, voices, voices_of_drums
from musegen.score.notatable import UNITS, Grid, Tone, tones
from musegen.score.score import (
    STRUCTURE,
    Mark,
    Part,
    Score,
    bar_ticks,
    barlines_of_metre,
)

_OF_A_NOTE = ("grace", "ornament", "lyric")

_KEYBOARDS = frozenset([*range(9), *range(16, 22), 46])  # and the harp
_SPLIT = 60  # where the right hand's staff begins
_BELOW, _ABOVE = 57, 64  # a keyboard part that goes beyond both has two staves
_BELOW_OF_A_LINE = 55  # a single line, as the tune of a fiddle, stays on one staff down to its G


@dataclass(frozen=True)
class Bar:
    """A bar: where it begins and ends in units, its number, and the metre that stands there."""

    start: int
    end: int
    number: int
    metre: tuple[int, int]

    @property
    def is_whole(self) -> bool:
        """Whether the bar is as long as its metre says."""
        return self.end - self.start == bar_ticks(*self.metre, UNITS)


@dataclass(frozen=True)
class Voice:
    """A voice: its pieces bar by bar, and the marks at the places where pieces begin."""

    bars: list[list[Piece]]
    marks: dict[int, list[Mark]]

    def sounds_in(self, bar: int) -> bool:
        """Whether a note sounds in a bar."""
        return any(piece.sounds for piece in self.bars[bar])


@dataclass(frozen=True)
class Staff:
    """A staff: the number of its part, the clef that suits it, as ABC names it, and its voices."""

    part: int
    clef: str
    voices: list[Voice]


@dataclass(frozen=True)
class Layout:
    """A score laid out: its bars, the staves of each instrument, and the grid that it was put on.

    An instrument is a part of the score, or several that are written as one, on a staff each.
    """

    score: Score
    grid: Grid
    bars: list[Bar]
    instruments: list[list[Staff]]

    @classmethod
    def of(cls, score: Score) -> Layout:
        """Lay a score out."""
        grid, places = _grid(score)
        bars = _bars(score, grid)
        frame = Bars([0, *(bar.end for bar in bars)], [_beat(bar.metre) for bar in bars])
        instruments = [
            [
                staff
                for number in braced
                for staff in _staves(score, number, places[number], frame, len(braced))
            ]
            for braced in _braced(score.parts)
        ]
        return cls(score, grid, bars, instruments)

    def bar_at(self, place: int) -> int:
        """The index of the bar that holds a place in units; the last one for its very end."""
        return min(bisect_right(self.bars, place, key=lambda bar: bar.start), len(self.bars)) - 1


def _grid(score: Score) -> tuple[Grid, list[dict[int, int]]]:
    """The grid, and the places in units of each part's ticks.

    It has a bar more where notes would be moved to the end of the last.
    """
    last = max([1, *(m.tick for m in score.marks if m.kind in STRUCTURE), score.end])

    def until(end: int) -> tuple[Grid, list[dict[int, int]]]:
        grid = Grid(_line_ticks(score, end), score.ticks_per_quarter)
        return grid, [_places(score, number, grid) for number in range(len(score.parts))]

    grid, places = until(last)
    both = zip(places, score.parts, strict=True)
    starts = [place[tick] for place, part in both for tick in part.notes.onset.tolist()]
    return (grid, places) if max(starts, default=0) < grid.lines[-1] else until(last + 1)


def _places(score: Score, number: int, grid: Grid) -> dict[int, int]:
    """Where a part's notes begin and end and its marks stand, in units by tick."""
    notes = score.parts[number].notes
    marks = [mark.tick for mark in _marks_of_notes(score, number)]
    onsets = notes.onset.tolist()
    return grid.snapped([*onsets, *notes.end.tolist(), *marks], beginnings=onsets)


def _marks_of_notes(score: Score, number: int) -> list[Mark]:
    return [mark for mark in score.marks if mark.part == number and mark.kind in _OF_A_NOTE]


def _line_ticks(score: Score, end: int) -> list[int]:
    """Where bars begin and end: also where a metre or a sign falls into one."""
    lines = score.barlines.tolist()
    if not lines or lines[-1] < end:
        rest = barlines_of_metre(score.metre, end, score.ticks_per_quarter).tolist()
        lines += [line for line in rest if not lines or line > lines[-1]]
    inside = [m.tick for m in score.marks if m.kind in STRUCTURE] + score.metre[:, 0].tolist()
    return sorted({0, *lines, *(tick for tick in inside if tick < lines[-1])})


def _bars(score: Score, grid: Grid) -> list[Bar]:
    """The bars, numbered from 0 where the first is a pickup, else from 1."""
    changes = grid.snapped(score.metre[:, 0].tolist())
    metres = sorted((changes[tick], (n, _power_of_two(d))) for tick, n, d in score.metre.tolist())
    bars: list[Bar] = []
    for start, end in pairwise(grid.lines):
        metre = metres[bisect_right(metres, start, key=lambda change: change[0]) - 1][1]
        is_short = end - start < bar_ticks(*metre, UNITS)
        first = 0 if is_short and len(grid.lines) > 2 else 1
        number = bars[-1].number + 1 if bars else first
        bars.append(Bar(start, end, number, metre))
    return bars


def _power_of_two(denominator: int) -> int:
    """The denominator that notation can write; others are rounded down."""
    return min(1 << (denominator.bit_length() - 1), 128)


def _beat(metre: tuple[int, int]) -> int:
    """How many units a beat lasts: three of the denominator's in compound metres, half a 4/4."""
    numerator, denominator = metre
    if metre == (4, 4):
        return 2 * UNITS
    is_compound = denominator >= 8 and numerator % 3 == 0 and numerator > 3
    beat = 4 * UNITS // denominator * (3 if is_compound else 1)
    return beat if is_compound else max(beat, UNITS)


def _braced(parts: Sequence[Part]) -> Iterator[list[int]]:
    """The numbers of the parts that are written as one: a keyboard's neighbours of one name.

    They come in threes or pairs; more than three without a name are voices, each alone.
    """

    def instrument(number: int) -> object:
        part = parts[number]
        return (part.name, part.program) if _is_keyboard(part) else number

    for _, neighbours in groupby(range(len(parts)), instrument):
        numbers = list(neighbours)
        size = len(numbers) if len(numbers) <= 3 else 2 if parts[numbers[0]].name else 1
        for first in range(0, len(numbers), size):
            yield numbers[first : first + size]


def _is_keyboard(part: Part) -> bool:
    return part.program in _KEYBOARDS and not part.is_drums


def _staves(
    score: Score, number: int, place: dict[int, int], frame: Bars, braced: int
) -> list[Staff]:
    """The staves of a part that is one of so many `braced`.

    Alone, a wide keyboard part has two, unless it says its clef.
    """
    part = score.parts[number]
    marks = _marks_of_notes(score, number)
    notes = tones(part.notes, place)
    has_clef = any(m.kind == "clef" and m.part == number for m in score.marks)
    hands = [notes] if has_clef or braced > 1 else _hands(part, notes)
    sort = voices_of_drums if part.is_drums else voices
    sorted_voices = [sort(hand) or [[]] for hand in hands]
    bearers = _bearers(sorted_voices)
    at: dict[tuple[int, int], dict[int, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for mark in marks:
        if place[mark.tick] < frame.lines[-1]:
            at[bearers.get(place[mark.tick], (0, 0))][place[mark.tick]].append(mark)
    return [
        Staff(
            number,
            guessed_clef(
                part, (note.pitch for note in hand), is_upper=len(hands) > 1 and staff == 0
            ),
            [
                Voice(bars_of(voice, at[staff, v], frame), dict(at[staff, v]))
                for v, voice in enumerate(sorted_voices[staff])
            ],
        )
        for staff, hand in enumerate(hands)
    ]


def _hands(part: Part, notes: list[Tone]) -> list[list[Tone]]:
    """The notes by staff."""
    pitches = [note.pitch for note in notes]
    is_line = all(a.end <= b.start for a, b in pairwise(sorted(notes)))
    lowest = _BELOW_OF_A_LINE if is_line else _BELOW
    is_wide = bool(pitches) and min(pitches) < lowest and max(pitches) > _ABOVE
    if not _is_keyboard(part) or not is_wide:
        return [notes]
    right = [note for note in notes if note.pitch >= _SPLIT]
    left = [note for note in notes if note.pitch < _SPLIT]
    return [right, left]


def _bearers(staves: list[list[list[Tone]]]) -> dict[int, tuple[int, int]]:
    """The staff and voice, the first, in which a note begins at a place, by place."""
    found: dict[int, tuple[int, int]] = {}
    for staff, sorted_voices in enumerate(staves):
        for voice, notes in enumerate(sorted_voices):
            for note in notes:
                found.setdefault(note.start, (staff, voice))
    return found
