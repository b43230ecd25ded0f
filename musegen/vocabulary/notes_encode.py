"""A score → the words of the `notes` vocabulary, on a grid of `steps` to the quarter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musegen.score.instruments import DRUMS
from musegen.score.pedal import PEDAL_DOWN
from musegen.score.score import Ints, Score, changes, rescaled

from .notes_layout import (
    BARLINE,
    BEATS,
    COARSE,
    DESK,
    DESKS,
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

_Rows = tuple[Ints, Words]  # times, and words whose onsets are not said yet


def encode(score: Score, steps: int) -> Words:
    """A score → its words (T, 10), the last the end word."""
    rows = [*_time_rows(score, steps), *_note_rows(score, steps)]
    time, words = (np.concatenate(columns) for columns in zip(*rows, strict=True))
    place = time
    for column, size in ((KIND, len(KINDS)), (INSTRUMENT, DRUMS + 1), (DESK, DESKS), (PITCH, 128)):
        place = place * size + words[:, column]
    order = np.argsort(place, kind="stable")
    time, words = time[order], words[order]
    delta = time - np.append(0, time[:-1])
    beats = delta // steps
    n_waits = beats // COARSE
    words[:, BEATS], words[:, TICKS] = beats - n_waits * COARSE, delta - beats * steps
    return _with_waits(words, n_waits)


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
        instrument = part.instrument
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
    instrument, desk = np.repeat(np.array(desks(score)).T, [len(notes) for notes in parts], axis=1)
    onset, end, pitch, velocity = (
        np.concatenate([getattr(notes, name) for notes in parts])
        for name in ("onset", "end", "pitch", "velocity")
    )
    onset = steps_of(score, onset, steps)
    length = np.maximum(steps_of(score, end, steps) - onset, 1)
    length = np.minimum(length, longest_note(steps))
    place = ((onset * (DRUMS + 1) + instrument) * DESKS + desk) * 128 + pitch
    order = _loudest_longest(place, length, velocity)
    place = place[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = place[1:] != place[:-1]
    table = np.array([instrument, desk, onset, length, pitch, velocity])
    distinct: Ints = table.take(order[is_new], axis=1).T
    return distinct


def _loudest_longest(place: Ints, length: Ints, velocity: Ints) -> Ints:
    """The order by place (N,), at each place the longest note first, of such the loudest.

    One sort where all three fit one number: places of 40 bits, lengths of 16, velocities of 7.
    """
    if place.max(initial=0) < 1 << 40:
        one = (place << 16 | 0xFFFF - length) << 7 | 127 - velocity
        return np.argsort(one, kind="stable")  # fast where they nearly are in order
    return np.lexsort((-velocity, -length, place))


def _rows(time: Ints, kind: int, **columns: Any) -> _Rows:
    """Words with the named fields filled in, and their times."""
    words = np.zeros((len(time), len(FIELDS)), np.int16)
    words[:, KIND] = kind
    for name, values in columns.items():
        words[:, FIELDS.index(name)] = values
    return time, words


def _time_rows(score: Score, steps: int) -> Iterator[_Rows]:
    """Barlines, metre, key and tempo: only what changes, the last where two meet."""
    barlines = steps_of(score, score.barlines, steps)
    barlines = barlines[barlines > np.append(0, barlines[:-1])]
    yield _rows(barlines, BARLINE)
    told = {
        KEY: [(tick, key_value(*key)) for tick, *key in score.key[:, :3].tolist()],
        TEMPO: zip(
            score.tempo[:, 0].tolist(), tempo_value(score.tempo[:, 1]).tolist(), strict=True
        ),
    }
    if len(barlines):
        told[METRE] = _metres(score)
    for kind, rows in told.items():
        of_step = {rescaled(tick, score.ticks_per_quarter, steps): value for tick, value in rows}
        new = np.array(changes(of_step.items()), np.int64).reshape(-1, 2)
        yield _rows(new[:, 0], kind, value=new[:, 1])


def _metres(score: Score) -> list[tuple[int, int]]:
    """The ticks of the metres that can be said, and their values; a piece begins in one."""
    known = [(tick, metre_value(n, d)) for tick, n, d in score.metre.tolist()]
    if known[0][1] is None:
        known[0] = (0, metre_value(*_COMMON_TIME))
    return [(tick, value) for tick, value in known if value is not None]


def _note_rows(score: Score, steps: int) -> Iterator[_Rows]:
    """The notes and the pedals of all parts."""
    instrument, desk, onset, length, pitch, velocity = distinct_notes(score, steps).T
    beats = length // steps
    times = beats // COARSE
    yield _rows(
        onset,
        NOTE,
        instrument=instrument,
        desk=desk,
        pitch=pitch,
        length_beats=beats - times * COARSE,
        length_ticks=length - beats * steps,
        velocity=velocity // VELOCITY_STEP,
    )
    long = np.flatnonzero(times)
    yield _rows(
        onset[long],
        LONGER,
        instrument=instrument[long],
        desk=desk[long],
        pitch=pitch[long],
        length_beats=times[long],
    )
    if any(len(part.pedal) for part in score.parts):
        yield _pedal_rows(score, steps)


def _pedal_rows(score: Score, steps: int) -> _Rows:
    """The pedals of all parts, where they go down or up."""
    ticks, values = np.concatenate([part.pedal for part in score.parts]).T
    lengths = [len(part.pedal) for part in score.parts]
    instrument, desk = np.repeat(np.array(desks(score)).T, lengths, axis=1)
    time, down = steps_of(score, ticks, steps), values >= PEDAL_DOWN
    new = _changes(instrument * DESKS + desk, time, down)
    return _rows(time[new], PEDAL, instrument=instrument[new], desk=desk[new], value=down[new])


def _changes(group: Ints, time: Ints, is_down: NDArray[np.bool_]) -> Ints:
    """Which rows change the state of their group (K,): the last at each time, where it is new."""
    order = np.lexsort((time, group))
    group, time = group[order], time[order]
    last = np.ones(len(order), bool)
    last[:-1] = (group[1:] != group[:-1]) | (time[1:] != time[:-1])
    order, group = order[last], group[last]
    state = is_down[order]
    former = np.zeros(len(state), bool)  # up at first
    former[1:] = state[:-1] & (group[1:] == group[:-1])
    changed: Ints = order[state != former]
    return changed


def _with_waits(words: Words, n_waits: Ints) -> Words:
    """The words (N, 10), before each as many waits as are told, and the end word (T, 10)."""
    last = np.arange(len(words)) + np.cumsum(n_waits)
    out = np.zeros((last[-1] + 2, len(FIELDS)), np.int16)  # the end word is all 0
    out[:-1, KIND] = WAIT
    out[last] = words
    return out
