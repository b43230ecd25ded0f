"""Echoes in `notes`: where all goes as before, and where a part plays what it played before."""

from __future__ import annotations

from collections import defaultdict
from copy import copy

import numpy as np

from musegen.score.score import Ints

from .echo import Echoes, Hashes, Line, echo_features, echoed, mixed
from .notes_layout import (
    APPLIES,
    DESK,
    DESKS,
    ECHOED,
    INSTRUMENT,
    KIND,
    LENGTH_BEATS,
    LENGTH_TICKS,
    NOTE,
    PART_ALIKE,
    PART_ECHOED,
    PITCH,
    VELOCITY,
    notes_fields,
)
from .vocabulary import ALIKE, Feature, Mask

N_ALL, N_PART = len(ECHOED), len(PART_ECHOED)


def notes_echoes(steps: int) -> tuple[Feature, ...]:
    """The features: of all words, and once the part of a note is drawn, of that part's notes."""
    fields = notes_fields(steps)

    def of(which: tuple[int, ...], alike: str, after: int) -> tuple[Feature, ...]:
        names, sizes = [fields[f].name for f in which], [fields[f].size for f in which]
        return echo_features(names, sizes, alike, after)

    return of(ECHOED, ALIKE, -1) + of(PART_ECHOED, PART_ALIKE, DESK)


def echo_columns(words: Ints, part_gap: Ints) -> Ints:
    """Those features of a whole piece (T, G), from its words (T, 10) and `part_gap` (T,)."""
    part = np.zeros((len(words), 1 + N_PART), np.int64)
    rows = np.flatnonzero(words[:, KIND] == NOTE)
    desk = words[rows, INSTRUMENT] * DESKS + words[rows, DESK]
    order = np.argsort(desk, kind="stable")
    rows, desk = rows[order], desk[order]
    keys = mixed(np.column_stack([note_keys(words[rows], part_gap[rows]), desk]))
    goes_on = desk == np.concatenate([desk[:1] - 1, desk[:-1]])  # nothing went before its first
    part[rows] = echoed(keys, values_of(words[rows], PART_ECHOED)) * goes_on[:, None]
    return np.concatenate([echoed(word_keys(words), values_of(words, ECHOED)), part], axis=1)


def values_of(words: Ints, fields: tuple[int, ...]) -> Ints:
    """What an echo of words (N, 10) says of some fields (N, K)."""
    which = list(fields)
    return (words[:, which] + 1) * APPLIES[words[:, KIND]][:, which]


def word_keys(words: Ints) -> Hashes:
    """What makes words (N, 10) alike (N,): all but how loud they are."""
    return mixed(np.delete(words, VELOCITY, axis=1))


def note_keys(words: Ints, gap: Ints) -> Hashes:
    """What makes notes of a part (N, 10) alike (N,): pitch, length and steps since the last."""
    return mixed(np.column_stack([words[:, [PITCH, LENGTH_BEATS, LENGTH_TICKS]], gap]))


class NotesEchoes:
    """The same word by word, for B pieces."""

    def __init__(self, batch: int) -> None:
        self._all = Echoes(batch, N_ALL)
        self._parts: dict[tuple[int, int], Line] = {}
        self._nothing = (0,) * (1 + N_PART)

    def chosen(self, rows: Ints) -> NotesEchoes:
        """A copy for some of the pieces, see Tracker."""
        new, new_rows = copy(self), defaultdict(list)
        for new_row, row in enumerate(rows.tolist()):
            new_rows[row].append(new_row)
        new._all = self._all.chosen(rows)
        new._parts = {
            (new_row, part): line.copy()
            for (row, part), line in self._parts.items()
            for new_row in new_rows[row]
        }
        return new

    @property
    def columns(self) -> Ints:
        """The features of the next word that are known before it (B, G)."""
        return self._all.columns

    def of_parts(self, parts: Ints) -> Ints:
        """Those of its note in the part of each piece (B, G)."""
        lines = (self._parts.get(place) for place in enumerate(parts.tolist()))
        return np.array([self._nothing if line is None else line.echo for line in lines], np.int64)

    def take(self, words: Ints, parts: Ints, gap: Ints, live: Mask) -> None:
        """One more word of each piece (B, 10), its part (B,) and `part_gap` (B,)."""
        rows = words.tolist()
        self._all.take([_word_key(row) for row in rows], values_of(words, ECHOED))
        notes = np.flatnonzero(live & (words[:, KIND] == NOTE)).tolist()
        for row in notes:
            word, place = rows[row], (row, int(parts[row]))
            line = self._parts.get(place)
            if line is None:
                line = self._parts[place] = Line(N_PART)
            line.take(_note_key(word, int(gap[row])), tuple(word[f] + 1 for f in PART_ECHOED))


def _word_key(word: list[int]) -> int:
    """As word_keys; for one word a hash of Python's own is far quicker."""
    return hash((*word[:VELOCITY], *word[VELOCITY + 1 :]))


def _note_key(word: list[int], gap: int) -> int:
    """As note_keys."""
    return hash((word[PITCH], word[LENGTH_BEATS], word[LENGTH_TICKS], gap))
