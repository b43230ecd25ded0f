"""Music in memory: parts of notes as columns, and the time they stand in.

Time is an integer tick, `ticks_per_quarter` to the quarter note. Values are frozen: make another
with `dataclasses.replace`. Nothing here knows of files or of learning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .instruments import DRUMS

Ints = NDArray[np.int64]
_Ticks = TypeVar("_Ticks", int, Ints)

DEFAULT_TEMPO_US = 500_000
MODES = ("major", "dorian", "phrygian", "lydian", "mixolydian", "minor", "locrian")
MODE_DEGREE = {mode: degree for degree, mode in enumerate(MODES)}
STRUCTURE = ("repeat", "ending", "bar")  # marks that stand at bar lines, for all parts
TONIC_FIFTHS = (0, 2, 4, -1, 1, 3, 5)  # of each mode's tonic, from its signature's major tonic


def _column(values: ArrayLike, width: int = 0) -> Ints:
    """A read-only int64 array, (N,) or (N, width)."""
    array = np.array(values, dtype=np.int64)
    array = array.reshape(-1, width) if width else array.reshape(-1)
    array.setflags(write=False)
    return array


def _order_of_notes(table: Ints, latest: int, longest: int) -> Ints:
    """The order of notes (4, N) by onset, pitch, duration, velocity (N,).

    One sort where they fit one number: onsets up to `latest`, durations up to `longest`.
    """
    onset, duration, pitch, velocity = table
    if latest < 1 << 27 and longest < 1 << 22:
        one = ((onset << 7 | pitch) << 22 | duration) << 7 | velocity  # 63 bits
        return np.argsort(one, kind="stable")  # fast where they nearly are in order
    return np.lexsort((velocity, duration, pitch, onset))


@dataclass(frozen=True, eq=False)
class Notes:
    """Notes as columns (N,), sorted by onset, pitch, duration, velocity.

    Onset and duration are in ticks (≥ 0), pitch is 0–127 (60 is middle C), velocity 1–127.

    Raises:
        ValueError: the columns differ in length or a value is out of range.
    """

    onset: Ints
    duration: Ints
    pitch: Ints
    velocity: Ints

    def __post_init__(self) -> None:
        given = [self.onset, self.duration, self.pitch, self.velocity]
        if len({len(column) for column in given}) > 1:
            raise ValueError(f"columns of unequal length: {[len(column) for column in given]}")
        table = np.array(given, dtype=np.int64)
        if table.size:
            earliest, shortest, lowest, softest = table.min(axis=1).tolist()
            latest, longest, highest, loudest = table.max(axis=1).tolist()
            if earliest < 0 or shortest < 0:
                raise ValueError("onset and duration must not be negative")
            if lowest < 0 or highest > 127:
                raise ValueError("pitch must be 0 to 127")
            if softest < 1 or loudest > 127:
                raise ValueError("velocity must be 1 to 127")
            table = table.take(_order_of_notes(table, latest, longest), axis=1)
        table.setflags(write=False)
        for name, column in zip(("onset", "duration", "pitch", "velocity"), table, strict=True):
            object.__setattr__(self, name, column)

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int, int]] | Ints) -> Notes:
        """Notes from rows of (onset, duration, pitch, velocity)."""
        table = np.asarray(rows if isinstance(rows, np.ndarray) else list(rows), dtype=np.int64)
        return cls(*table.reshape(-1, 4).T)

    @property
    def end(self) -> Ints:
        """The tick at which each note ends (N,)."""
        return self.onset + self.duration

    @property
    def rows(self) -> Ints:
        """The notes as rows of onset, duration, pitch, velocity (N, 4)."""
        return np.stack([self.onset, self.duration, self.pitch, self.velocity], axis=1)

    def __len__(self) -> int:
        return len(self.onset)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Notes) and np.array_equal(self.rows, other.rows)

    __hash__ = None  # type: ignore[assignment]  # arrays have no hash


class Event(NamedTuple):
    """What is not modelled, kept to be written back: a MIDI message at a tick.

    `message` is its bytes, a channel message with channel 0, or `ff`, type and data of a meta
    event (no length).
    """

    tick: int
    message: bytes


@dataclass(frozen=True, order=True)
class Mark:
    """Written structure at a tick.

    Kinds and texts: `repeat` (`start`, `end`), `ending` (`1`, `2`, `1,3`, …), `bar` (`||`, `|]`),
    `chord` (a chord symbol), `grace` and `ornament` (ABC text, `!p!` too), `lyric` (a syllable; one
    that its word goes on after ends in a hyphen), `metre` (`free`, or `strict` where that ends),
    `jump` (a term of `jumps`, for all parts; an order stands at the end of its bar), `clef` (as ABC
    names it, where it is not the one that the range of the part suggests).
    """

    tick: int
    kind: str
    text: str
    part: int = 0


@dataclass(frozen=True, eq=False)
class Part:
    """One line of a score.

    `program` is General MIDI's, 0–127; for drums it is the kit. `pedal` holds rows of tick and
    value 0–127 of the sustain pedal (P, 2). `events` is what is kept unread. `channel` is the MIDI
    channel, 0–15, that it came on; None where one is yet to be given out. Two parts that differ in
    it alone are equal.

    Raises:
        ValueError: the program is out of range.
    """

    name: str
    program: int
    notes: Notes
    is_drums: bool = False
    pedal: Ints = field(default_factory=lambda: _column([], 2))
    events: tuple[Event, ...] = ()
    channel: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.program <= 127:
            raise ValueError(f"program must be 0 to 127, not {self.program}")
        object.__setattr__(self, "pedal", _column(self.pedal, 2))

    @property
    def instrument(self) -> int:
        """Its program, or 128 for drums."""
        return DRUMS if self.is_drums else self.program

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Part)
            and (self.name, self.program, self.is_drums, self.events)
            == (other.name, other.program, other.is_drums, other.events)
            and self.notes == other.notes
            and np.array_equal(self.pedal, other.pedal)
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class Score:
    """A piece: its parts, and the time they stand in.

    tempo: rows of tick, microseconds a quarter (K, 2); the first at tick 0.
    metre: rows of tick, numerator, denominator (K, 3); the first at tick 0.
    key: rows of tick, fifths −7–7, mode (an index into MODES), estimated 0/1 (K, 4); may be empty.
    barlines: ticks at which a bar ends (K,); the first bar begins at 0. Empty for a performance
        without bars. A pickup is a short first bar.
    marks: written structure; `unfold` plays its repeats.
    events: meta events of the whole piece that are kept unread.
    characters: the length of the music as it stood in an ABC file; 0 from elsewhere.
    faults: what was damaged in the file and how it was mended, a sentence each.
    unread: how many things of each kind the file holds that a Score has no place for.
    number: that of the tune in its book, from its X: field; 0 from elsewhere.
    says_tempo: whether the file says the tempo that it begins with, be it the usual one.

    The last five tell of the file: scores that differ in them alone are equal.

    Raises:
        ValueError: a column is out of order or a value out of range.
    """

    ticks_per_quarter: int
    parts: tuple[Part, ...]
    tempo: Ints = field(default_factory=lambda: _column([[0, DEFAULT_TEMPO_US]], 2))
    metre: Ints = field(default_factory=lambda: _column([[0, 4, 4]], 3))
    key: Ints = field(default_factory=lambda: _column([], 4))
    barlines: Ints = field(default_factory=lambda: _column([]))
    marks: tuple[Mark, ...] = ()
    events: tuple[Event, ...] = ()
    title: str = ""
    characters: int = 0
    faults: tuple[str, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    number: int = 0
    says_tempo: bool = False

    def __post_init__(self) -> None:
        if self.ticks_per_quarter < 1:
            raise ValueError(f"ticks a quarter must be positive, not {self.ticks_per_quarter}")
        for name, width in (("tempo", 2), ("metre", 3), ("key", 4), ("barlines", 0)):
            column = _column(getattr(self, name), width)
            ticks = column[:, 0] if width else column
            if len(ticks) and (ticks[0] < 0 or (ticks[1:] <= ticks[:-1]).any()):
                raise ValueError(f"the ticks of {name} must rise")
            object.__setattr__(self, name, column)
        for name in ("tempo", "metre"):
            column = getattr(self, name)
            if not len(column) or column[0, 0] != 0 or (column[:, 1:] < 1).any():
                raise ValueError(f"{name} must begin at tick 0 and be positive")
        if len(self.key) and (abs(self.key[:, 1]) > 7).any():
            raise ValueError("a key has at most seven sharps or flats")
        object.__setattr__(self, "marks", tuple(sorted(self.marks)))

    @property
    def n_notes(self) -> int:
        """How many notes all parts hold."""
        return sum(len(part.notes) for part in self.parts)

    @property
    def end(self) -> int:
        """The tick at which the piece ends: its last barline, or its last note if that is later."""
        ends = [int(part.notes.end.max()) for part in self.parts if len(part.notes)]
        lines: list[int] = self.barlines[-1:].tolist()
        return max([*ends, *lines, 0])

    @property
    def n_bars(self) -> int:
        """How many bars the piece has; 0 without bars."""
        return len(self.barlines)

    def __eq__(self, other: object) -> bool:
        columns = ("tempo", "metre", "key", "barlines")
        return (
            isinstance(other, Score)
            and (self.ticks_per_quarter, self.parts, self.marks, self.events, self.title)
            == (other.ticks_per_quarter, other.parts, other.marks, other.events, other.title)
            and all(np.array_equal(getattr(self, c), getattr(other, c)) for c in columns)
        )

    __hash__ = None  # type: ignore[assignment]


def bar_ticks(numerator: int, denominator: int, ticks_per_quarter: int) -> int:
    """The length in ticks of a bar of the metre (at least 1)."""
    return max(1, numerator * 4 * ticks_per_quarter // denominator)


def barlines_of_metre(metre: Ints, end: int, ticks_per_quarter: int) -> Ints:
    """The barlines (K,) that a metre implies, until the bar that holds tick `end` is closed.

    A change of metre begins a bar: the one before it may be short.
    """
    lines: list[Ints] = []
    stops = [*metre[1:, 0].tolist(), None]
    for (start, numerator, denominator), stop in zip(metre.tolist(), stops, strict=True):
        length = bar_ticks(numerator, denominator, ticks_per_quarter)
        last = end if stop is None else min(stop, end)
        if last <= start:
            break
        bars = np.arange(start + length, last + length, length, dtype=np.int64)
        if stop is not None:
            bars = np.minimum(bars, stop)
        lines.append(bars)
    return np.concatenate(lines) if lines else _column([])


def rescaled(ticks: _Ticks, of: int, to: int) -> _Ticks:
    """Ticks, `of` to the quarter → the nearest of `to` to the quarter, halves upward."""
    return (ticks * (2 * to) + of) // (2 * of)


def changes(rows: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Of rows of tick and values, in their order, those whose values are not the former's."""
    kept: list[tuple[int, ...]] = []
    for row in rows:
        if not kept or kept[-1][1:] != row[1:]:
            kept.append(row)
    return kept


def standing(column: Ints, tick: int) -> tuple[int, ...]:
    """The row of a tempo, metre or key column in force at `tick`, less its tick; () if none."""
    index = int(np.searchsorted(column[:, 0], tick, side="right")) - 1
    return tuple(column[index, 1:].tolist()) if index >= 0 else ()


def tonic(fifths: int, mode: int) -> int:
    """The pitch class (0 is C) of the tonic of a key."""
    return int(7 * (fifths + TONIC_FIFTHS[mode])) % 12
