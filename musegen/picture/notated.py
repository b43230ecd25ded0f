"""A performance in the lengths that one would write: for the eye alone, as files keep every length.

Onsets off every grid go to the nearest 16th or triplet that keeps them apart. Where many notes of a
bar or a part end off the grid, ends go on to the part's next onset, or else to the next eighth (in
a beat of triplets to its next third), and no shorter rest is left; a note that sounds for three
fifths of its written length or less has a staccato dot. Drums last to the next stroke of the same
hands or feet, a beat at most.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from musegen.score.drum_kit import FEET
from musegen.score.instruments import instrument_name
from musegen.score.score import Mark, Notes, Part, Score, barlines_of_metre, standing

_PLAYED = 0.1  # of the notes end off the grid: their lengths are those of a performance
_GRID = 12  # to the quarter: 16ths and their triplets
_EXACT = (16, 24, 10, 14)  # to the quarter, where onsets stay: 64ths, tuplets of 32nds
_ROUNDED = ((4, 6), (8, 12))  # to the quarter, where onsets may go; the finer if the coarse fail
_LATE = Fraction(1, 8)  # of a quarter, by which a note may outlast what it is written to
_CHORD = Fraction(1, 16)  # of a quarter, within which notes begin together
_HELD = Fraction(3, 4)  # of the way to the next onset: beyond, a note is held until there
_SHORT = Fraction(3, 5)  # of the written length: up to there it is staccato
_OF_A_NOTE = ("grace", "ornament", "lyric")
# Plucked and struck: their notes end by themselves.
_STRUCK = frozenset([*range(8, 16), 45, 46, 47, *range(112, 120)])


def notated(score: Score) -> Score:
    """The score with what was performed as it would be written.

    Bars, metre, repeats, pitches and loudness stay, and so do parts that keep to a grid. Parts
    without a name have that of their instrument, unless all have the same.
    """
    bars = _Bars.of(score)
    parts, marks, names = [], set(score.marks), _names(score)
    for number, played in enumerate(score.parts):
        place = _onsets(played.notes, bars)
        own = {mark for mark in marks if mark.part == number and mark.kind in _OF_A_NOTE}
        marks -= own
        marks |= {replace(mark, tick=place.get(mark.tick, mark.tick)) for mark in own}
        part = _begun(played, place)
        if part.is_drums:
            part = _struck(part, bars)
        else:
            part, short = _held(part, bars)
            marks |= {Mark(tick, "ornament", ".", number) for tick in short}
        parts.append(replace(part, name=part.name.strip() or names[number]))
    return replace(score, parts=tuple(parts), marks=tuple(marks))


def _names(score: Score) -> list[str]:
    """What to call the parts without a name: by their instruments, where these differ."""
    instruments = [part.instrument for part in score.parts]
    return [instrument_name(i) if len({*instruments}) > 1 else "" for i in instruments]


@dataclass(frozen=True)
class _Bars:
    """Where bars begin, in ticks, `per` to the quarter; `beats` are those of each, in quarters."""

    per: int
    starts: list[int]
    beats: list[Fraction]

    @classmethod
    def of(cls, score: Score) -> _Bars:
        per = score.ticks_per_quarter
        lines = score.barlines.tolist() or barlines_of_metre(score.metre, score.end, per).tolist()
        starts = [0, *lines]
        beats = []
        for numerator, denominator in (standing(score.metre, start) for start in starts):
            is_compound = denominator >= 8 and numerator % 3 == 0 and numerator > 3
            beats.append(Fraction(12, denominator) if is_compound else Fraction(1))
        return cls(per, starts, beats)

    def within(self, tick: int) -> Fraction:
        """How far into its bar a tick is, in quarters."""
        return Fraction(tick - self.start(tick), self.per)

    def after(self, tick: int, step: Fraction) -> int:
        """The first multiple of a step into the bar that comes after a tick."""
        return self.start(tick) + round((self.within(tick) // step + 1) * step * self.per)

    def beat(self, tick: int) -> Fraction:
        """How long a beat is in the bar of a tick, in quarters."""
        return self.beats[bisect_right(self.starts, tick) - 1]

    def quarter(self, tick: int) -> int:
        """The tick at which the quarter of its bar begins that holds a tick."""
        return self.start(tick) + int(self.within(tick)) * self.per

    def start(self, tick: int) -> int:
        """Where the bar begins that holds a tick."""
        return self.starts[bisect_right(self.starts, tick) - 1]


def _onsets(notes: Notes, bars: _Bars) -> dict[int, int]:
    """Where each onset is written, by its tick."""
    beats: dict[int, list[int]] = defaultdict(list)
    for tick in sorted({*notes.onset.tolist()}):
        beats[bars.quarter(tick)].append(tick)
    found: dict[int, int] = {}
    for start, ticks in beats.items():
        is_exact = any(all((t - start) * n % bars.per == 0 for t in ticks) for n in _EXACT)
        found |= {t: t for t in ticks} if is_exact else _rounded(ticks, start, bars.per)
    for a, b in pairwise(found):
        if found[a] == found[b] and b - a > _CHORD * bars.per:  # over the end of a beat
            found |= {a: a, b: b}
    return found


def _rounded(ticks: list[int], start: int, per: int) -> dict[int, int]:
    """Ticks of a quarter on its division that moves them least; as they are if none will do."""
    for divisions in _ROUNDED:
        ways = []
        for n in divisions:
            steps = [round(Fraction((tick - start) * n, per)) for tick in ticks]
            apart = (b - a > _CHORD * per for a, b in pairwise(ticks))
            if all(b > a for (a, b), its in zip(pairwise(steps), apart, strict=True) if its):
                ways.append([start + round(Fraction(step * per, n)) for step in steps])
        if ways:
            best = min(ways, key=lambda way: sum(map(abs, _differences(way, ticks))))
            return dict(zip(ticks, best, strict=True))
    return {tick: tick for tick in ticks}


def _differences(some: Iterable[int], others: Iterable[int]) -> Iterator[int]:
    return (a - b for a, b in zip(some, others, strict=True))


def _begun(part: Part, place: Mapping[int, int]) -> Part:
    """A part whose notes begin at their places and end where they did."""
    rows = [
        (place[onset], max(1, onset + duration - place[onset]), pitch, velocity)
        for onset, duration, pitch, velocity in part.notes.rows.tolist()
    ]
    return replace(part, notes=Notes.of(rows))


def _played(part: Part, bars: _Bars) -> frozenset[int]:
    """The bars, by their ticks, in which many notes end neither on the grid nor at another.

    All of a part's bars where that holds for the part as a whole. In a part that has some, notes
    before a rest shorter than an eighth count too: they may be staccato by chance of their values.
    """
    onsets = sorted({*part.notes.onset.tolist()})
    notes, off, short = Counter[int](), Counter[int](), Counter[int]()
    for onset, duration, *_ in part.notes.rows.tolist():
        end, bar = onset + duration, bars.start(onset)
        following = [*onsets[(at := bisect_left(onsets, end)) : at + 1], end + bars.per][0]
        notes[bar] += 1
        off[bar] += end < following and (end - bars.start(end)) * _GRID % bars.per > 0
        short[bar] += 0 < 2 * (following - end) < bars.per
    if off.total() > _PLAYED * notes.total():
        return frozenset(notes)
    if any(off[bar] > _PLAYED * notes[bar] for bar in notes):
        off |= short
    return frozenset(bar for bar in notes if off[bar] > _PLAYED * notes[bar])


def _held(part: Part, bars: _Bars) -> tuple[Part, list[int]]:
    """A part with the lengths one would write, and the ticks at which all notes are staccato."""
    played = _played(part, bars)
    onsets = sorted({*part.notes.onset.tolist()})
    steps = _steps(onsets, bars)
    rows = []
    is_short: dict[int, bool] = {}
    for onset, duration, pitch, velocity in part.notes.rows.tolist():
        end = onset + duration
        if bars.start(onset) in played:
            end = _written_end(onset, end, onsets, steps, bars)
        rows.append((onset, end - onset, pitch, velocity))
        short = duration <= _SHORT * (end - onset) and end - onset <= bars.per
        is_short[onset] = short and is_short.get(onset, True)
    may_dot = part.program not in _STRUCK and not len(part.pedal)
    return replace(part, notes=Notes.of(rows)), [
        t for t, its in is_short.items() if its and may_dot
    ]


def _steps(onsets: list[int], bars: _Bars) -> dict[int, Fraction]:
    """The quarters of a part that are divided by three, with a third of a quarter each."""
    votes: Counter[int] = Counter()
    for tick in onsets:
        twelfth = round(bars.within(tick) % 1 * 12)
        votes[bars.quarter(tick)] += (twelfth in (4, 8)) - (twelfth in (3, 6, 9))
    return {start: Fraction(1, 3) for start, count in votes.items() if count > 0}


def _written_end(
    onset: int, end: int, onsets: list[int], steps: Mapping[int, Fraction], bars: _Bars
) -> int:
    """Where a note ends that was played from tick to tick."""
    late, chord = round(_LATE * bars.per), round(_CHORD * bars.per)
    reached = max(end - late, onset + late)  # what is later than this may be its end
    step = steps.get(bars.quarter(reached), Fraction(1, 2))
    written = bars.after(reached - 1, step)
    place = bisect_left(onsets, max(end - late, onset + chord + 1))
    if place == len(onsets):
        return written
    following = onsets[place]
    into = bars.within(end)
    is_on_quarter = abs(into - round(into)) <= _LATE
    is_held = end - onset > _HELD * (following - onset) and not is_on_quarter
    if following <= written or is_held or following - written < step * bars.per - chord:
        return following
    return written


def _limbs(notes: Notes) -> dict[bool, list[int]]:
    """The ticks at which the hands (False) and the feet (True) strike, rising."""
    strokes = zip(notes.onset.tolist(), notes.pitch.tolist(), strict=True)
    found: dict[bool, set[int]] = {False: set(), True: set()}
    for onset, drum in strokes:
        found[drum in FEET].add(onset)
    return {are_feet: sorted(ticks) for are_feet, ticks in found.items()}


def _rings_on(part: Part, limbs: Mapping[bool, list[int]]) -> bool:
    """Whether many strokes last beyond the next of the same limbs, as no drummer writes them."""
    ringing = 0
    for onset, duration, drum, _ in part.notes.rows.tolist():
        own = limbs[drum in FEET]
        ringing += any(tick < onset + duration for tick in own[bisect_right(own, onset) :][:1])
    return ringing > _PLAYED * len(part.notes)


def _struck(part: Part, bars: _Bars) -> Part:
    """A part of drums whose strokes last to the next of the same limbs, a beat at most."""
    limbs, played = _limbs(part.notes), _played(part, bars)
    ring_on = _rings_on(part, limbs)
    rows = []
    for onset, duration, drum, velocity in part.notes.rows.tolist():
        end = onset + duration
        if ring_on or bars.start(onset) in played:
            own = limbs[drum in FEET]
            following = own[bisect_right(own, onset) :][:1]
            end = min([bars.after(onset, bars.beat(onset)), *following])
        rows.append((onset, end - onset, drum, velocity))
    return replace(part, notes=Notes.of(rows))
