"""What the past of a `notes` sequence implies, for a whole piece at once.

`NotesTracker` gives the same word by word.
"""

from __future__ import annotations

import numpy as np

from musegen.score.instruments import DRUMS
from musegen.score.score import Ints

from .notes_echo import echo_columns, notes_echoes
from .notes_layout import (
    APPLIES,
    BARLINE,
    BEATS,
    CLASSES,
    COARSE,
    DESK,
    DESKS,
    INSTRUMENT,
    KEY,
    KIND,
    LENGTH_BEATS,
    LENGTH_TICKS,
    METRE,
    METRES,
    NOTE,
    PITCH,
    SOUNDING,
    TEMPO,
    TEMPOS,
    TICKS,
    VALUE,
    VELOCITY,
    WAIT,
    bar_steps,
)
from .vocabulary import Feature, Features, Words

BARS = 16
CHORD = 11  # the column of the first pitch class that may sound
ECHO = CHORD + CLASSES  # of the first echo
PART_GAP = 8  # the column of the steps since the part's last note, plus one


def notes_features(steps: int) -> tuple[Feature, ...]:
    """The features; 0 stands for none where there may be none. Echoes are the last ones."""
    bar, gap = 8 * steps, 4 * steps
    return (
        Feature("place", bar + 1),
        Feature("to_go", bar + 1),
        Feature("bars", BARS),
        Feature("metre", METRES + 1),
        Feature("key", 106),
        Feature("tempo", TEMPOS + 1),
        Feature("onset_place", bar + 1, TICKS),
        Feature("part_pitch", 129, DESK),
        Feature("part_gap", gap + 2, DESK),
        Feature("part_length", bar + 1, DESK),
        Feature("part_velocity", 33, DESK),
        *(Feature(name, 2, TICKS) for name in SOUNDING),
        *notes_echoes(steps),
    )


def bar_lengths(steps: int) -> Ints:
    """The bar of each metre feature in steps (METRES + 1,); 0 where no metre is known."""
    return np.array([0, *(bar_steps(v, steps) for v in range(METRES))], dtype=np.int64)


def features_of(words: Words, steps: int) -> Features:
    """Words of a whole piece (T, 10) → features (T, G)."""
    rows: Ints = words.astype(np.int64)
    kind = rows[:, KIND]
    delta = rows[:, BEATS] * steps + rows[:, TICKS]
    after = np.cumsum(np.where(kind == WAIT, COARSE * steps, delta))
    before = np.concatenate([[0], after[:-1]])
    bar_start = np.maximum.accumulate(np.concatenate([[0], np.where(kind == BARLINE, after, 0)]))
    place = before - bar_start[:-1]
    metre = _standing(rows, METRE)
    bars = np.concatenate([[0], np.cumsum(kind == BARLINE)[:-1]]) % BARS
    bar = 8 * steps
    columns = [
        np.clip(place, 0, bar),
        np.clip(bar_lengths(steps)[metre] - place, 0, bar),
        bars,
        metre,
        _standing(rows, KEY),
        _standing(rows, TEMPO),
        np.clip(place + delta, 0, bar),
        *_part_features(rows, before + delta, steps),
        *_sounding(rows, before + delta, steps),
    ]
    known = np.stack(columns, axis=1)
    return np.concatenate([known, echo_columns(rows, known[:, PART_GAP])], axis=1).astype(np.int16)


def _standing(words: Ints, kind: int) -> Ints:
    """One more than the value of the last word of `kind` before each word (T,); 0 if none."""
    index = np.where(words[:, KIND] == kind, np.arange(len(words)), -1)
    last = np.concatenate([[-1], np.maximum.accumulate(index)[:-1]])
    return np.where(last >= 0, words[last, VALUE] + 1, 0)


def _sounding(words: Ints, onset: Ints, steps: int) -> list[Ints]:
    """Whether each pitch class sounds where a word stands, by the notes before it: 12 of (T,).

    Drums have none, and a note of more than 32 quarters is taken for one of so many.
    """
    melodic = (words[:, KIND] == NOTE) & (words[:, INSTRUMENT] != DRUMS)
    end = onset + words[:, LENGTH_BEATS] * steps + words[:, LENGTH_TICKS]
    columns = []
    for pitch_class in range(CLASSES):
        its = np.where(melodic & (words[:, PITCH] % CLASSES == pitch_class), end, 0)
        until = np.concatenate([[0], np.maximum.accumulate(its)[:-1]])
        columns.append((until > onset).astype(np.int64))
    return columns


def _part_features(words: Ints, onset: Ints, steps: int) -> list[Ints]:
    """Pitch, gap, length and velocity of the last note of the same part: four columns (T,)."""
    rows = np.flatnonzero(APPLIES[words[:, KIND], DESK])
    part = words[rows, INSTRUMENT] * DESKS + words[rows, DESK]
    order = np.argsort(part, kind="stable")
    rows, part = rows[order], part[order]
    index = np.where(words[rows, KIND] == NOTE, np.arange(len(rows)), -1)
    last = np.concatenate([[-1], np.maximum.accumulate(index)[:-1]]) if len(rows) else index
    known = (last >= 0) & (part[last] == part)
    note = rows[last[known]]
    length = words[note, LENGTH_BEATS] * steps + words[note, LENGTH_TICKS]
    values = (
        words[note, PITCH] + 1,
        np.clip(onset[rows[known]] - onset[note], 0, 4 * steps) + 1,
        np.clip(length, 0, 8 * steps),
        words[note, VELOCITY] + 1,
    )
    columns = [np.zeros(len(words), np.int64) for _ in values]
    for column, value in zip(columns, values, strict=True):
        column[rows[known]] = value
    return columns
