"""What lexemes have in common: the degree of the scale, the pitch and the length of their notes.

To a network a word is a number: that `g`, `g2` and `^f` in another key are one pitch, or the tonic,
it would have to find out for each by itself.
"""

from __future__ import annotations

import numpy as np

from musegen.score.score import MODES, Ints, tonic

from .abc_tables import FIFTHS, FIRST_LEXEME, KEYS, Tables

_DEGREES = 13  # none, and semitones from the tonic up
_PITCHES = 129  # none, and all there are


def aspects_of(tables: Tables) -> tuple[tuple[int, ...], Ints]:
    """How many degrees, pitches and lengths there are; and those of each word (KEYS, V, 3).

    Degree and pitch are those of its lowest note, 0 for what is none, or no pitch of MIDI.
    """
    lengths, length = np.unique(tables.ticks, return_inverse=True)
    table = np.zeros((KEYS, tables.size, 3), np.int64)
    table[:, :, 2] = length
    for word, lexeme in enumerate(tables.lexemes, start=FIRST_LEXEME):
        for row in range(FIFTHS if lexeme.notes else 0):
            try:
                pitch = min(lexeme.pitches(row - 7))
            except ValueError:  # it leaves the range of MIDI in this key
                continue
            keys = 2 + row * len(MODES) + np.arange(len(MODES))
            tonics = np.array([tonic(row - 7, mode) for mode in range(len(MODES))])
            table[keys, word, 0] = 1 + (pitch - tonics) % 12
            table[keys, word, 1] = 1 + pitch
    table[:2, :, 1] = table[2 + 7 * len(MODES), :, 1]  # without a key, as in C
    return (_DEGREES, _PITCHES, len(lengths)), table
