"""Stretches of a score, cut at its barlines."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from musegen.errors import UsageError

from .bars import first_number, last_number
from .jumps import ORDERS
from .pedal import PEDAL_DOWN
from .score import STRUCTURE, Event, Ints, Mark, Notes, Part, Score, standing

JOIN = b"\xff\x06composed from here"  # a MIDI marker


def until_bar(score: Score, bar: int) -> Score:
    """The first `bar` bars of a score; notes that sound over the last barline keep their length.

    Raises:
        UsageError: the score has no such bar.
    """
    if not 1 <= bar <= score.n_bars:
        first, last = first_number(score), last_number(score)
        raise UsageError(
            f"the seed has {last} bars; it cannot be continued from bar {bar + first}",
            hint=f"Take a bar from {first + 1} to {last + 1}.",
        )
    end = int(score.barlines[bar - 1])
    parts = tuple(
        replace(
            part,
            notes=Notes.of(part.notes.rows[part.notes.onset < end]),
            pedal=part.pedal[part.pedal[:, 0] < end],
            events=tuple(event for event in part.events if event.tick < end),
        )
        for part in score.parts
    )
    return replace(
        score,
        parts=parts,
        tempo=score.tempo[score.tempo[:, 0] < end],
        metre=score.metre[score.metre[:, 0] < end],
        key=score.key[score.key[:, 0] < end],
        barlines=score.barlines[:bar],
        marks=tuple(m for m in score.marks if m.tick < end + _closes(m)),
        events=tuple(event for event in score.events if event.tick < end),
        characters=0,
    )


def from_bar(score: Score, bar: int) -> Score:
    """A score without its first `bar` bars, with the tempo, metre and key that stand there."""
    start = int(score.barlines[bar - 1])

    def shifted(column: Ints) -> Ints:
        now, later = standing(column, start), column[column[:, 0] > start].tolist()
        rows = [[0, *now]] if now else []
        return np.array([*rows, *([tick - start, *row] for tick, *row in later)])

    parts = tuple(
        replace(
            part,
            notes=_moved(part.notes.rows[part.notes.onset >= start], -start),
            pedal=part.pedal[part.pedal[:, 0] >= start] - np.array([start, 0]),
            events=_events_from(part.events, start),
        )
        for part in score.parts
    )
    return replace(
        score,
        parts=parts,
        tempo=shifted(score.tempo),
        metre=shifted(score.metre),
        key=shifted(score.key),
        barlines=score.barlines[bar:] - start,
        marks=tuple(
            replace(m, tick=m.tick - start) for m in score.marks if m.tick >= start + _closes(m)
        ),
        events=(),
        characters=0,
    )


def silenced(score: Score, first: int, last: int) -> Score:
    """The score without the notes, pedals and signs that begin in bars `first` to `last`, from 0.

    Bar lines, repeats and endings stay. Notes that began before keep their length, and of those
    that sound on after the bars what follows stays: see `held_over`.
    """
    start = int(score.barlines[first - 1]) if first else 0
    end = int(score.barlines[last])

    def outside(ticks: Ints) -> NDArray[np.bool_]:
        return np.asarray((ticks < start) | (ticks >= end))

    def notes(part: Part) -> Notes:
        tails = held_over(score, part, start, end)
        return Notes.of(np.concatenate([part.notes.rows[outside(part.notes.onset)], tails]))

    parts = tuple(
        replace(part, notes=notes(part), pedal=part.pedal[outside(part.pedal[:, 0])])
        for part in score.parts
    )
    kept = tuple(m for m in score.marks if not start <= m.tick < end or m.kind in STRUCTURE)
    return replace(score, parts=parts, marks=kept, characters=0)


def held_over(score: Score, part: Part, start: int, end: int) -> Ints:
    """What is left at barline `end` of the notes of a part that begin from `start` on (N, 4).

    Nothing is at the last barline. Drums do not last, and less than a sixteenth is how a player
    joins two notes.
    """
    rows = part.notes.rows
    onset, left = rows[:, 0], rows[:, 0] + rows[:, 1] - end
    lasts = (start <= onset) & (onset < end) & (left >= max(1, score.ticks_per_quarter // 4))
    lasts &= not part.is_drums and end < score.barlines[-1]
    columns = [np.full(np.count_nonzero(lasts), end), left[lasts], *rows[lasts, 2:].T]
    return np.stack(columns, axis=1)


def without_parts(score: Score, parts: Collection[int]) -> Score:
    """The score with these parts silent."""
    silent, no_pedal = Notes.of([]), np.zeros((0, 2), np.int64)
    return replace(
        score,
        parts=tuple(
            replace(part, notes=silent, pedal=no_pedal) if place in parts else part
            for place, part in enumerate(score.parts)
        ),
    )


def with_join(score: Score, tick: int) -> Score:
    """The score with a marker where its seed ends and what was composed begins."""
    return replace(score, events=(*score.events, Event(tick, JOIN)))


def without_join(score: Score) -> Score:
    """The score without any such marker."""
    return replace(score, events=tuple(e for e in score.events if e.message != JOIN))


def join_of(score: Score) -> int | None:
    """The tick of that marker, the last if there are several; None without one."""
    return max((e.tick for e in score.events if e.message == JOIN), default=None)


def closed(score: Score) -> Score:
    """The score up to its last barline: later notes are dropped, and longer ones cut."""
    end = int(score.barlines[-1]) if score.n_bars else 0
    parts = []
    for part in score.parts:
        rows = part.notes.rows[part.notes.onset < end]
        rows[:, 1] = np.minimum(rows[:, 1], end - rows[:, 0])
        pedal = part.pedal[part.pedal[:, 0] < end]
        if len(pedal) and pedal[-1, 1] >= PEDAL_DOWN:
            pedal = np.concatenate([pedal, [[end, 0]]])
        parts.append(replace(part, notes=Notes.of(rows), pedal=pedal))
    return replace(score, parts=tuple(parts))


def _closes(mark: Mark) -> bool:
    """Whether a mark belongs to the bar that ends at its tick."""
    orders = {("repeat", "end"), *(("jump", term) for term in ORDERS)}
    return mark.kind == "bar" or (mark.kind, mark.text) in orders


def _events_from(events: Iterable[Event], start: int) -> tuple[Event, ...]:
    """Events from a tick on, which becomes 0, and the controls and bends that stand there."""
    standing_there: dict[bytes, Event] = {}
    later: list[Event] = []
    for event in events:
        status = event.message[0]
        if event.tick >= start:
            later.append(event._replace(tick=event.tick - start))
        elif status < 0xF0:
            control = event.message[: 2 if status >> 4 == 0xB else 1]
            standing_there[control] = event._replace(tick=0)
    return (*standing_there.values(), *later)


def _moved(rows: Ints, ticks: int) -> Notes:
    return Notes.of(rows + np.array([ticks, 0, 0, 0]))
