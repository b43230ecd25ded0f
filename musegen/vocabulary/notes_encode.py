"""A score → the words of the `notes` vocabulary, on a grid of `steps` to the quarter."""

from __future__ import annotations

from typing import Any

import numpy as np

from musegen.score.instruments import DRUMS
from musegen.score.pedal import PEDAL_DOWN
from musegen.score.score import Ints, Part, Score, rescaled

from .notes_layout import (
    BARLINE,
    BEATS,
    COARSE,
    DESK,
    DESKS,
    END,
    FIELDS,
    INSTRUMENT,
    KEY,
    KIND,
    KINDS,
    LONGER,
    METRE,
    NOTE,
    PEDAL,
    PITCH,
    TEMPO,
    TICKS,
    VELOCITY_STEP,
    WAIT,
    key_value,
    metre_value,
    tempo_value,
)
from .vocabulary import Words

_COMMON_TIME = (4, 4)


def encode(score: Score, steps: int) -> Words:
    """A score → its words (T, 10), the last the end word."""
    table = np.concatenate([*_time_rows(score, steps), *_note_rows(score, steps)])
    place = table[:, 0]
    for column, size in ((KIND, len(KINDS)), (INSTRUMENT, DRUMS + 1), (DESK, DESKS), (PITCH, 128)):
        place = place * size + table[:, column + 1]
    words = _with_deltas(table[np.argsort(place, kind="stable")], steps)
    end = np.zeros((1, len(FIELDS)), np.int16)
    end[0, KIND] = END
    return np.concatenate([words, end])


def steps_of(score: Score, ticks: Ints, steps: int) -> Ints:
    """Ticks of the score → the nearest steps of the grid."""
    return rescaled(ticks, score.ticks_per_quarter, steps)


def longest_note(steps: int) -> int:
    """The longest note that words can say, in steps: 1,023 quarters."""
    return (COARSE * COARSE - 1) * steps


def desks(score: Score) -> list[tuple[int, int]]:
    """The instrument of each part, and its desk: how many of its kind stand before it.

    What exceeds the desks shares the last.
    """
    seen: dict[int, int] = {}
    found = []
    for part in score.parts:
        instrument = DRUMS if part.is_drums else part.program
        desk = seen.get(instrument, 0)
        seen[instrument] = desk + 1
        found.append((instrument, min(desk, DESKS - 1)))
    return found


def distinct_notes(score: Score, steps: int) -> Ints:
    """Instrument, desk, onset, length, pitch, velocity on the grid (N, 6), in order.

    Of notes that begin together in one part on one pitch, the longest stays.
    """
    parts = [part.notes for part in score.parts]
    if not parts:
        return np.zeros((0, 6), np.int64)
    places = np.repeat(np.array(desks(score)), [len(notes) for notes in parts], axis=0)
    onset, end, pitch, velocity = (
        np.concatenate([getattr(notes, name) for notes in parts])
        for name in ("onset", "end", "pitch", "velocity")
    )
    onset = steps_of(score, onset, steps)
    length = np.clip(steps_of(score, end, steps) - onset, 1, longest_note(steps))
    place = ((onset * (DRUMS + 1) + places[:, 0]) * DESKS + places[:, 1]) * 128 + pitch
    order = _loudest_longest(place, length, velocity)
    is_new = np.ones(len(order), bool)
    is_new[1:] = place[order[1:]] != place[order[:-1]]
    columns = (places[:, 0], places[:, 1], onset, length, pitch, velocity)
    return np.stack(columns, axis=1)[order[is_new]]


def _loudest_longest(place: Ints, length: Ints, velocity: Ints) -> Ints:
    """The order by place (N,), at each place the longest note first, of such the loudest.

    One sort where all three fit one number: places of 40 bits, lengths of 16, velocities of 7.
    """
    if place.max(initial=0) < 1 << 40:
        return np.argsort((place << 16 | 0xFFFF - length) << 7 | 127 - velocity)
    return np.lexsort((-velocity, -length, place))


def _rows(time: Ints, kind: int, **columns: Any) -> Ints:
    """Rows of time and word (N, 11) with the named fields filled in."""
    rows = np.zeros((len(time), len(FIELDS) + 1), np.int64)
    rows[:, 0], rows[:, KIND + 1] = time, kind
    for name, values in columns.items():
        rows[:, FIELDS.index(name) + 1] = values
    return rows


def _time_rows(score: Score, steps: int) -> list[Ints]:
    """Barlines, metre, key and tempo: only what changes, the last where two meet."""
    barlines = np.unique(steps_of(score, score.barlines, steps))
    barlines = barlines[barlines > 0]
    values = {
        KEY: (score.key[:, 0], [key_value(*row) for row in score.key[:, 1:3].tolist()]),
        TEMPO: (score.tempo[:, 0], tempo_value(score.tempo[:, 1])),
    }
    if len(barlines):
        values[METRE] = _metres(score)
    rows = [_rows(barlines, BARLINE)]
    for kind, (ticks, value) in values.items():
        time, value = steps_of(score, ticks, steps), np.asarray(value, np.int64)
        new = _changes(np.zeros_like(time), time, value, before=-1)
        rows.append(_rows(time[new], kind, value=value[new]))
    return rows


def _metres(score: Score) -> tuple[Ints, list[int]]:
    """The metres that can be said, and their ticks; a piece begins in one."""
    known = [(tick, metre_value(n, d)) for tick, n, d in score.metre.tolist()]
    if known[0][1] is None:
        known[0] = (0, metre_value(*_COMMON_TIME))
    said = [(tick, value) for tick, value in known if value is not None]
    return np.array([tick for tick, _ in said]), [value for _, value in said]


def _note_rows(score: Score, steps: int) -> list[Ints]:
    """The notes and the pedals of all parts."""
    instrument, desk, onset, length, pitch, velocity = distinct_notes(score, steps).T
    times, rest = np.divmod(length, COARSE * steps)
    long = times > 0
    pedals = [_pedal_rows(score, part, steps) for part in score.parts]
    return [
        _rows(
            onset,
            NOTE,
            instrument=instrument,
            desk=desk,
            pitch=pitch,
            length_beats=rest // steps,
            length_ticks=rest % steps,
            velocity=velocity // VELOCITY_STEP,
        ),
        _rows(
            onset[long],
            LONGER,
            instrument=instrument[long],
            desk=desk[long],
            pitch=pitch[long],
            length_beats=times[long],
        ),
        _pedal_changes(pedals, desks(score)),
    ]


def _pedal_rows(score: Score, part: Part, steps: int) -> Ints:
    """Time and whether the pedal is down (P, 2)."""
    time = steps_of(score, part.pedal[:, 0], steps)
    return np.column_stack([time, part.pedal[:, 1] >= PEDAL_DOWN])


def _pedal_changes(pedals: list[Ints], places: list[tuple[int, int]]) -> Ints:
    """Words of the pedals of all parts, where they go down or up."""
    if not pedals:
        return _rows(np.zeros(0, np.int64), PEDAL)
    time, down = np.concatenate(pedals).T
    lengths = [len(pedal) for pedal in pedals]
    instrument, desk = np.repeat(np.array(places), lengths, axis=0).T
    new = _changes(instrument * DESKS + desk, time, down, before=0)
    return _rows(time[new], PEDAL, instrument=instrument[new], desk=desk[new], value=down[new])


def _changes(group: Ints, time: Ints, value: Ints, *, before: int) -> Ints:
    """Which rows change the value of their group (K,): the last at each time, where it is new."""
    order = np.lexsort((time, group))
    group, time, value = group[order], time[order], value[order]
    last = np.ones(len(order), bool)
    last[:-1] = (group[1:] != group[:-1]) | (time[1:] != time[:-1])
    group, value = group[last], value[last]
    former = np.full(len(value), before)
    former[1:] = np.where(group[1:] == group[:-1], value[:-1], before)
    changed: Ints = order[last][value != former]
    return changed


def _with_deltas(table: Ints, steps: int) -> Words:
    """Sorted rows of time and word → words whose onsets count from the word before."""
    delta = np.diff(table[:, 0], prepend=0)
    n_waits, delta = np.divmod(delta, COARSE * steps)
    words = np.repeat(table[:, 1:], n_waits + 1, axis=0)
    last = np.cumsum(n_waits + 1) - 1
    waits = np.ones(len(words), bool)
    waits[last] = False
    words[waits] = 0
    words[waits, KIND] = WAIT
    words[last, BEATS], words[last, TICKS] = np.divmod(delta, steps)
    return words.astype(np.int16)
