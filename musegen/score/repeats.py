"""Repeats and endings played out, for listening: what is learnt from stays as written."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

import numpy as np

from musegen.score.score import STRUCTURE, Event, Ints, Mark, Notes, Part, Score

_FAR = 2**60
_MOST_TURNS = 32  # of a section: a number in a file must not make the music grow

Stretch: TypeAlias = tuple[int, int]
_Timed = TypeVar("_Timed", Mark, Event)
Move: TypeAlias = tuple[int, int, int]  # a stretch, and the ticks that it moves by


def unfold(score: Score) -> Score:
    """The score as it is played: repeats written out, and their signs gone.

    A repeat without a beginning goes back to where the last one ended, or to a double bar, or to
    the start. A section is played twice, or as often as its endings are numbered.
    """
    has_signs = any(mark.kind in ("repeat", "ending") for mark in score.marks)
    stretches = _stretches(score) if has_signs else []
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
            if mark.kind not in STRUCTURE
        ),
        events=_events(score.events, moves),
    )


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


@dataclass(frozen=True)
class _Sign:
    """What is written at one tick, where playing may turn."""

    tick: int
    closes: bool = False
    opens: bool = False
    double_bar: bool = False
    ending: frozenset[int] = frozenset()  # the turns in which it is played; empty where none begins

    @property
    def parts_sections(self) -> bool:
        """Whether a section ends here, and no other ending follows."""
        return (self.closes or self.double_bar) and not self.ending


def _signs(score: Score) -> list[_Sign]:
    """The signs of a score, with one at its start and one at its end."""
    found: dict[int, dict[str, set[str]]] = {0: {}, score.end: {}}
    for mark in score.marks:
        if mark.kind in STRUCTURE and mark.tick <= score.end:
            found.setdefault(mark.tick, {}).setdefault(mark.kind, set()).add(mark.text)
    return [
        _Sign(
            tick,
            closes="end" in texts.get("repeat", ()),
            opens="start" in texts.get("repeat", ()),
            double_bar="bar" in texts,
            ending=frozenset(
                min(int(turn[:4]), _MOST_TURNS)
                for text in texts.get("ending", ())
                for turn in re.findall(r"\d+", text)
            ),
        )
        for tick, texts in sorted(found.items())
    ]


def _stretches(score: Score) -> list[Stretch]:
    """The stretches of a score in the order in which they are played."""
    signs = _signs(score)
    played: list[Stretch] = []
    place, section, turn, in_ending = 0, 0, 1, False
    while place < len(signs) - 1:
        sign = signs[place]
        if sign.ending and turn not in sign.ending:
            place = _next_ending(signs, place, turn)
            if not signs[place].ending:
                section, turn, in_ending = place, 1, False
            continue
        in_ending = in_ending or bool(sign.ending)
        place += 1
        played.append((sign.tick, signs[place].tick))
        here = signs[place]
        closes = here.closes or (in_ending and bool(here.ending))
        if closes and turn < _turns(signs, section):
            place, turn, in_ending = section, turn + 1, False
        elif closes or here.opens or (here.double_bar and (in_ending or not signs[section].opens)):
            section, turn, in_ending = place, 1, False
    return played


def _next_ending(signs: list[_Sign], place: int, turn: int) -> int:
    """Where playing goes on when the ending at `place` is not for this turn."""
    for later in range(place + 1, len(signs) - 1):
        if turn in signs[later].ending or signs[later].parts_sections:
            return later
    return len(signs) - 1


def _turns(signs: list[_Sign], section: int) -> int:
    """How often the section that begins at sign number `section` is played."""
    turns: set[int] = set()
    for sign in signs[section:]:
        if (sign.opens and sign is not signs[section]) or 1 in sign.ending & turns:
            break
        turns |= sign.ending
        over = sign.parts_sections if turns else sign.closes
        if over and not sign.ending and sign is not signs[section]:
            break
    return max(turns, default=2) if turns != {1} else 2


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
    return tuple(
        event._replace(tick=event.tick + by)
        for start, stop, by in moves
        for event in _between(in_time, start, stop)
    )


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
