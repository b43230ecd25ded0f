"""Which words of a piece say which of its notes.

What one note costs is what its words cost:

- `notes`: its word, and the word that says how much longer it is. Bar lines, pedals, waits, and
  changes of tempo, metre and key are no note's.
- `grid`: in its voice, the step at which it begins and the steps that hold it on. Rests, the metre
  and the end are no note's. That a note ends is told by what begins after it, or by a rest.
- `abc`: its lexeme, or the characters that spell it; those that go on with it over a bar line or a
  mark, to which it is tied; and right before it its chord symbol, grace notes and ornaments. Bar
  lines, endings, rests, metre, key and end are no note's. The notes of a chord are one lexeme, so
  they share its cost alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musegen.score.instruments import DRUMS
from musegen.score.score import Ints

from .abc import AbcVocabulary
from .abc_features import KEY
from .abc_lexicon import Kind, read_lexeme
from .abc_tables import signature_row
from .grid import GridVocabulary
from .grid_features import HOLD
from .notes import NotesVocabulary
from .notes_decode import lengths_of, times_of
from .notes_layout import (
    DESK,
    DESKS,
    INSTRUMENT,
    KIND,
    LONGER,
    NOTE,
    PITCH,
)
from .vocabulary import Features, Vocabulary, Words, before

NOBODY = -1
_BEFORE_A_NOTE = (Kind.CHORD, Kind.GRACE, Kind.ORNAMENT)


@dataclass(frozen=True)
class Said:
    """The N notes that words (T, F) say, in the order of their words.

    Attributes:
        ticks_per_quarter: of all its times, as in the score that the words decode to.
        sound: of each note the number of its sound (N,): the notes of a chord in ABC are one sound.
        place: instrument and desk, or voice and 0, as `Vocabulary.places` tells of parts (N, 2).
        onset, duration: in ticks (N,).
        pitch: of MIDI (N,).
        word, field: where it is said that it begins, and its pitch (N,).
        owner: for each field of each word the sound that it is of, or NOBODY (T, F).
        time: of each word, in ticks (T,).
    """

    ticks_per_quarter: int
    sound: Ints
    place: Ints
    onset: Ints
    duration: Ints
    pitch: Ints
    word: Ints
    field: Ints
    owner: Ints
    time: Ints

    def __len__(self) -> int:
        return len(self.sound)


def said(vocabulary: Vocabulary, words: Words, features: Features) -> Said:
    """The notes of a whole piece, words (T, F) with their features (T, G)."""
    wide = words.astype(np.int64)
    if isinstance(vocabulary, GridVocabulary):
        return _of_grid(vocabulary, wide)
    if isinstance(vocabulary, AbcVocabulary):
        return _of_tune(vocabulary, words, features)
    assert isinstance(vocabulary, NotesVocabulary)
    return _of_notes(vocabulary, wide)


def _of_notes(vocabulary: NotesVocabulary, words: Ints) -> Said:
    time = times_of(words, vocabulary.steps)
    mine = np.flatnonzero(words[:, KIND] == NOTE)
    owner = np.full(len(words), NOBODY)
    owner[mine] = np.arange(len(mine))
    columns = words[:, [INSTRUMENT, DESK, PITCH]].T
    where = ((time * (DRUMS + 1) + columns[0]) * DESKS + columns[1]) * 128 + columns[2]
    longer = np.flatnonzero(words[:, KIND] == LONGER)
    _, note, added = np.intersect1d(where[mine], where[longer], return_indices=True)
    owner[longer[added]] = note
    return Said(
        vocabulary.steps,
        sound=np.arange(len(mine)),
        place=words[mine][:, [INSTRUMENT, DESK]],
        onset=time[mine],
        duration=lengths_of(words, time, vocabulary.steps)[mine],
        pitch=words[mine, PITCH],
        word=mine,
        field=np.full(len(mine), PITCH),
        owner=np.where(vocabulary.applies[words[:, KIND]], owner[:, None], NOBODY),
        time=time,
    )


def _of_grid(vocabulary: GridVocabulary, words: Ints) -> Said:
    is_step = words[:, 0] < vocabulary.end_value
    begins = is_step[:, None] & (words < HOLD)
    speaks = is_step[:, None] & (words != HOLD)
    word, field = np.nonzero(begins)
    number = np.full(words.shape, NOBODY)
    number[word, field] = np.arange(len(word))
    rows = np.arange(len(words))[:, None]
    last = np.maximum.accumulate(np.where(speaks, rows, 0))
    owner = np.where(is_step[:, None], np.take_along_axis(number, last, 0), NOBODY)
    time = before(np.cumsum(is_step))
    voice = np.array(vocabulary.order)[field]
    return Said(
        vocabulary.steps,
        sound=np.arange(len(word)),
        place=np.stack([0 * voice, voice], axis=1),
        onset=time[word],
        duration=np.bincount(owner[owner >= 0], minlength=len(word)),
        pitch=words[word, field],
        word=word,
        field=field,
        owner=owner,
        time=time,
    )


def _of_tune(vocabulary: AbcVocabulary, words: Words, features: Features) -> Said:
    column, keys = words[:, 0].astype(np.int64), features[:, KEY].astype(np.int64)
    fifths = (signature_row(keys) - 7).tolist()
    ticks_per_quarter = vocabulary.decode(words).ticks_per_quarter
    owner, time = np.full(len(words), NOBODY), np.zeros(len(words), np.int64)
    rows: list[list[int]] = []  # sound, onset, duration, pitch, word
    clock, sound, first, begun = 0, NOBODY, 0, 0  # the first word of a lexeme, and of its marks
    held: tuple[int, ...] = ()  # what is tied to the next note
    for place, text in vocabulary.tables.texts(column):
        lexeme = read_lexeme(text)
        time[first : place + 1] = clock
        length = int(lexeme.units * ticks_per_quarter / 2)
        if lexeme.kind == Kind.NOTE:
            pitches = lexeme.pitches(fifths[place])
            if pitches == held:
                for row in rows[-len(pitches) :]:
                    row[2] += length
            else:
                sound += 1
                rows += [[sound, clock, length, pitch, first] for pitch in pitches]
            owner[begun : place + 1] = sound
        if lexeme.kind in (Kind.NOTE, Kind.REST):
            held = lexeme.pitches(fifths[place]) if lexeme.tied else ()
        clock, first = clock + length, place + 1
        begun = begun if lexeme.kind in _BEFORE_A_NOTE else first
    time[first:] = clock
    sounds, onset, duration, pitch, word = np.array(rows, np.int64).reshape(-1, 5).T
    return Said(
        ticks_per_quarter,
        sound=sounds,
        place=np.zeros((len(rows), 2), np.int64),
        onset=onset,
        duration=duration,
        pitch=pitch,
        word=word,
        field=np.zeros(len(rows), np.int64),
        owner=owner[:, None],
        time=time,
    )
