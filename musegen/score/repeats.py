"""Repeats, endings and jumps played out, for listening: what is learnt from stays as written."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

import numpy as np

from musegen.score.bars import first_number
from musegen.score.excerpt import JOIN
from musegen.score.play_order import Stretch, stretches_of
from musegen.score.score import (
    STRUCTURE,
    Event,
    Ints,
    Mark,
    Notes,
    Part,
    Score,
    barlines_of_metre,
)

_FAR = 2**60
_SIGNS = (*STRUCTURE, "jump")
_Timed = TypeVar("_Timed", Mark, Event)
Move: TypeAlias = tuple[int, int, int]  # a stretch, and the ticks that it moves by


def unfold(score: Score) -> Score:
    """The score as it is played, see `stretches_of`: written out, and its signs gone."""
    stretches = _stretches(score)
    if not stretches:
        return score
    moves = _moves(stretches, score.end)
    return replace(
        score,
        parts=tuple(_part(part, moves) for part in score.parts),
        tempo=_standing(score.tempo, moves),
        metre=_standing(score.metre, moves),
        key=_standing(score.key, moves),
        barlines=np.concatenate([_within(score.barlines, a + 1, b + 1) + by for a, b, by in moves]),
        marks=tuple(
            replace(mark, tick=mark.tick + by)
            for start, stop, by in moves
            for mark in _between(score.marks, start, stop)
            if mark.kind not in _SIGNS
        ),
        events=_events(score.events, moves),
    )


def played_bars(score: Score) -> list[tuple[int, int]]:
    """Where each bar begins as `unfold` plays it: ticks, and the number that it is written with."""
    lines = score.barlines
    if not score.n_bars:
        lines = barlines_of_metre(score.metre, score.end, score.ticks_per_quarter)
    starts = [0, *lines[:-1].tolist()]
    stretches, number = _stretches(score), first_number(score)
    moves = _moves(stretches, score.end) if stretches else [(0, _FAR, 0)]
    return [
        (max(starts[place], start) + by, number + place)
        for start, stop, by in moves
        for place in range(bisect_right(starts, start) - 1, bisect_left(starts, stop))
    ]


def _stretches(score: Score) -> list[Stretch]:
    """See `stretches_of`; none where the piece is played as it stands."""
    has_signs = any(mark.kind in ("repeat", "ending", "jump") for mark in score.marks)
    return stretches_of(score) if has_signs else []


def _moves(stretches: list[Stretch], score_end: int) -> list[Move]:
    """Stretches in playing order → stretches and by how much they move; neighbours are joined."""
    moves: list[Move] = []
    end = 0
    for start, stop in stretches:
        if moves and moves[-1][1] == start:
            moves[-1] = (moves[-1][0], stop, moves[-1][2])
        else:
            moves.append((start, stop, end - start))
        end += stop - start
    start, stop, by = moves[-1]
    if stop == score_end:
        moves[-1] = (start, _FAR, by)  # what stands after the last note stays there
    return moves


def _within(column: Ints, start: int, stop: int) -> Ints:
    """The rows of a column, in the order of their ticks, whose tick is in [start, stop)."""
    ticks = column if column.ndim == 1 else column[:, 0]
    rows: Ints = column[slice(*np.searchsorted(ticks, [start, stop]))]
    return rows


def _between(things: Sequence[_Timed], start: int, stop: int) -> Sequence[_Timed]:
    """The marks or events, in the order of their ticks, whose tick is in [start, stop)."""
    first, last = (
        bisect_left(things, tick, key=lambda thing: thing.tick) for tick in (start, stop)
    )
    return things[first:last]


def _shifted(column: Ints, by: int) -> Ints:
    """Rows (N, K) whose first value, a tick, is moved."""
    moved: Ints = column.copy()
    moved[:, 0] += by
    return moved


def _part(part: Part, moves: list[Move]) -> Part:
    """A part played out; a note is cut short where playing turns away."""
    rows, table = [], part.notes.rows
    by_tick = part.pedal[np.argsort(part.pedal[:, 0], kind="stable")]
    for start, stop, by in moves:
        notes = _within(table, start, stop).copy()
        notes[:, 1] = np.minimum(notes[:, 1], stop - notes[:, 0])
        rows.append(_shifted(notes, by))
    pedal = [_shifted(_within(by_tick, start, stop), by) for start, stop, by in moves]
    return replace(
        part,
        notes=Notes.of(np.concatenate(rows)),
        pedal=np.concatenate(pedal),
        events=_events(part.events, moves),
    )


def _events(events: tuple[Event, ...], moves: list[Move]) -> tuple[Event, ...]:
    in_time = sorted(events, key=lambda event: event.tick)
    played: list[Event] = []
    joins: set[int] = set()  # all after a join is new, however often it is played
    for start, stop, by in moves:
        for event in _between(in_time, start, stop):
            if event.message == JOIN and event.tick in joins:
                continue
            if event.message == JOIN:
                joins.add(event.tick)
            played.append(event._replace(tick=event.tick + by))
    return tuple(played)


def _standing(column: Ints, moves: list[Move]) -> Ints:
    """A tempo, metre or key column played out: what stands where playing turns to stands again."""
    rows: list[list[int]] = []
    for start, stop, by in moves:
        place = int(np.searchsorted(column[:, 0], start))
        before = column[max(0, place - 1) : place].copy()
        before[:, 0] = start
        inside = _within(column, start, stop)
        if len(inside) and inside[0, 0] == start:
            before = before[:0]
        for tick, *values in np.concatenate([before, inside]).tolist():
            if not rows or rows[-1][1:] != values:
                rows.append([tick + by, *values])
    return np.array(rows, dtype=np.int64).reshape(len(rows), column.shape[1])
