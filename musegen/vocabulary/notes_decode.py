"""The words of the `notes` vocabulary → a score, on a grid of `steps` to the quarter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from musegen.score.instruments import DRUMS, instrument_name
from musegen.score.score import DEFAULT_TEMPO_US, Ints, Notes, Part, Score

from .notes_layout import (
    BARLINE,
    BEATS,
    COARSE,
    DESK,
    DESKS,
    END,
    INSTRUMENT,
    KEY,
    KIND,
    LENGTH_BEATS,
    LENGTH_TICKS,
    LONGER,
    METRE,
    NOTE,
    PEDAL,
    PITCH,
    TEMPO,
    TICKS,
    VALUE,
    VELOCITY,
    VELOCITY_STEP,
    WAIT,
    tempo_of_value,
)
from .vocabulary import Words


def decode(words: Words, steps: int) -> Score:
    """Words (T, 10), with or without the end word → a score of `steps` ticks a quarter."""
    rows: Ints = np.asarray(words, dtype=np.int64)
    ends = np.flatnonzero(rows[:, KIND] == END)
    rows = rows[: ends[0]] if len(ends) else rows
    time = times_of(rows, steps)
    tempo = _column(rows, time, TEMPO, lambda value: [tempo_of_value(value)])
    metre = _column(rows, time, METRE, lambda value: [value // 8 + 1, 1 << (value % 8)])
    return Score(
        steps,
        _parts(rows, time, steps),
        tempo=_from_zero(tempo, [0, DEFAULT_TEMPO_US]),
        metre=_from_zero(metre, [0, 4, 4]),
        key=_column(rows, time, KEY, lambda value: [value // 7 - 7, value % 7, 0]),
        barlines=np.unique(time[rows[:, KIND] == BARLINE]),
    )


def times_of(words: Ints, steps: int) -> Ints:
    """The step at which each word stands (T,)."""
    delta = words[:, BEATS] * steps + words[:, TICKS]
    time: Ints = np.cumsum(np.where(words[:, KIND] == WAIT, COARSE * steps, delta))
    return time


def _column(words: Ints, time: Ints, kind: int, said: Callable[[int], list[int]]) -> Ints:
    """Rows of time and what one kind of word says (K, …), the last where two meet."""
    mine = words[:, KIND] == kind
    values = dict(zip(time[mine].tolist(), words[mine, VALUE].tolist(), strict=True))
    return np.array([[tick, *said(value)] for tick, value in values.items()], dtype=np.int64)


def _from_zero(column: Ints, first: list[int]) -> Ints:
    """A column that begins at tick 0, with `first` where it did not."""
    if len(column) and column[0, 0] == 0:
        return column
    return np.array([first, *column.tolist()], dtype=np.int64)


def _parts(words: Ints, time: Ints, steps: int) -> tuple[Part, ...]:
    """One part for each desk up to the highest of each instrument, in order of instruments."""
    mine = np.flatnonzero(np.isin(words[:, KIND], (NOTE, PEDAL)))
    length = lengths_of(words, time, steps)
    desk_of = words[mine, INSTRUMENT] * DESKS + words[mine, DESK]
    order = np.argsort(desk_of, kind="stable")
    desk_of, mine = desk_of[order], mine[order]
    highest: dict[int, int] = {}
    for desk in np.unique(desk_of).tolist():
        highest[desk // DESKS] = desk % DESKS
    parts = []
    for instrument, last in highest.items():
        for desk in range(last + 1):
            first = instrument * DESKS + desk
            start, stop = np.searchsorted(desk_of, [first, first + 1])
            here = mine[start:stop]
            name = instrument_name(instrument) + (f" {desk + 1}" if last else "")
            parts.append(_part(name, instrument, words[here], time[here], length[here]))
    return tuple(parts)


def _part(name: str, instrument: int, words: Ints, time: Ints, length: Ints) -> Part:
    """A part of its own words (N, 10), their times and the lengths of its notes."""
    note, pedal = words[:, KIND] == NOTE, words[:, KIND] == PEDAL
    velocity = words[note, VELOCITY] * VELOCITY_STEP + VELOCITY_STEP // 2
    return Part(
        name,
        0 if instrument == DRUMS else instrument,
        Notes(time[note], length[note], words[note, PITCH], velocity),
        is_drums=instrument == DRUMS,
        pedal=np.column_stack([time[pedal], words[pedal, VALUE] * 127]),
    )


def lengths_of(words: Ints, time: Ints, steps: int) -> Ints:
    """The length of each note in steps (T,), what a later word adds included."""
    length: Ints = words[:, LENGTH_BEATS] * steps + words[:, LENGTH_TICKS]
    longer = np.flatnonzero(words[:, KIND] == LONGER)
    if len(longer):
        where = ((time * (DRUMS + 1) + words[:, INSTRUMENT]) * DESKS + words[:, DESK]) * 128
        where = where + words[:, PITCH]
        notes = np.flatnonzero(words[:, KIND] == NOTE)
        _, note, added = np.intersect1d(where[notes], where[longer], return_indices=True)
        length[notes[note]] += COARSE * steps * words[longer[added], LENGTH_BEATS]
    return length
