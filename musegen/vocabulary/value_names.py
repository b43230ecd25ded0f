"""What the values of a word's fields are called, as a musician would say them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from musegen.score.counts import counted
from musegen.score.instruments import DRUMS, instrument_name
from musegen.score.key import key_name, pitch_name
from musegen.score.score import MODES

from .abc import AbcVocabulary
from .abc_features import KEY
from .abc_lexicon import Kind
from .abc_tables import CLOSE, END, FIRST_LEXEME, OPEN, character, signature_row
from .grid import GridVocabulary
from .grid_features import HOLD, REST
from .notes import NotesVocabulary
from .notes_layout import (
    DESK,
    INSTRUMENT,
    KIND,
    KINDS,
    LENGTH_TICKS,
    NOTE,
    PEDAL,
    PITCH,
    TEMPO,
    TICKS,
    VALUE,
    VELOCITY,
    VELOCITY_STEP,
    tempo_of_value,
)
from .notes_layout import KEY as KEY_KIND
from .vocabulary import Features, Vocabulary, Words

_LENGTH_NAMES = ("whole", "half", "quarter", "eighth", "16th", "32nd", "64th")
_LENGTHS = {Fraction(4, 2**power): name for power, name in enumerate(_LENGTH_NAMES)}


def length_name(quarters: Fraction) -> str:
    """A length of a note: `quarter`, `dotted half`, `triplet eighth`, else `5/4 quarters`."""
    for factor, kind in ((1, ""), (Fraction(3, 2), "dotted "), (Fraction(2, 3), "triplet ")):
        if quarters / factor in _LENGTHS:
            return kind + _LENGTHS[quarters / factor]
    return f"{quarters} quarters"


def sounding_name(pitch: int, fifths: int, *, is_drum: bool = False) -> str:
    """A pitch as it is called in a signature; of drums it is a number of General MIDI."""
    return f"drum {pitch}" if is_drum else pitch_name(pitch, fifths)


def value_name(
    vocabulary: Vocabulary, field: int, value: int, word: Words, features: Features, fifths: int
) -> str:
    """What a value of a field is called, in the place of that of a word.

    Args:
        vocabulary: what words mean.
        field: which of its fields.
        value: of that field.
        word: the word that stands there (F,); the fields before count.
        features: beside it (G,).
        fifths: of the signature that stands there, by which pitches are spelled; a tune in ABC
            says its own.
    """
    if isinstance(vocabulary, GridVocabulary):
        return _of_grid(vocabulary, value, fifths)
    if isinstance(vocabulary, AbcVocabulary):
        return _of_lexeme(vocabulary, value, int(features[KEY]))
    assert isinstance(vocabulary, NotesVocabulary)
    return _of_notes(field, value, word, vocabulary.steps, fifths)


def word_name(vocabulary: Vocabulary, word: Words, features: Features, fifths: int = 0) -> str:
    """What a whole word is called where a signature of so many fifths stands."""
    if isinstance(vocabulary, NotesVocabulary):
        kind = int(word[KIND])
        if kind == NOTE:
            return value_name(vocabulary, PITCH, int(word[PITCH]), word, features, fifths)
        valued = vocabulary.applies[kind, VALUE]
        return KINDS[kind] + (f" {_of_value(kind, int(word[VALUE]))}" if valued else "")
    asked = np.flatnonzero(vocabulary.applies[word[0]]).tolist()
    order = vocabulary.order if isinstance(vocabulary, GridVocabulary) else (0,)
    said = {
        order[k]: value_name(vocabulary, k, int(word[k]), word, features, fifths) for k in asked
    }
    return ", ".join(said[place] for place in sorted(said))


def _of_grid(vocabulary: GridVocabulary, value: int, fifths: int) -> str:
    if value > vocabulary.end_value:
        return "metre {}/{}".format(*vocabulary.metres[value - vocabulary.end_value - 1])
    others = {HOLD: "held", REST: "rest", vocabulary.end_value: "end"}
    return others.get(value) or pitch_name(value, fifths)


def _of_lexeme(vocabulary: AbcVocabulary, value: int, key: int) -> str:
    if value < FIRST_LEXEME:
        signs = {END: "end", OPEN: "a rare lexeme", CLOSE: "its end"}
        return signs.get(value) or f"its sign {character(value)}"
    lexeme = vocabulary.tables.lexemes[value - FIRST_LEXEME]
    if lexeme.kind not in (Kind.NOTE, Kind.REST):
        return lexeme.text
    fifths = int(signature_row(np.array(key))) - 7
    try:
        pitches = lexeme.pitches(fifths)
    except ValueError:  # it leaves the range of MIDI in this key
        return lexeme.text
    sounds = " ".join(pitch_name(pitch, fifths) for pitch in pitches) or "rest"
    return f"{sounds} {length_name(lexeme.units / 2)}{' tied' * lexeme.tied}"


def _of_notes(field: int, value: int, word: Words, steps: int, fifths: int) -> str:
    if field == KIND:
        return KINDS[value]
    if field in (TICKS, LENGTH_TICKS):
        part = Fraction(value, steps)
        return length_name(part) if part else "0"
    if field == INSTRUMENT:
        return instrument_name(value)
    if field == PITCH:
        return sounding_name(value, fifths, is_drum=int(word[INSTRUMENT]) == DRUMS)
    if field == VALUE:
        return _of_value(int(word[KIND]), value)
    if field == VELOCITY:
        return str(value * VELOCITY_STEP + VELOCITY_STEP // 2)
    return str(value + 1) if field == DESK else counted(value, "quarters")


def _of_value(kind: int, value: int) -> str:
    """What a metre, key, tempo or pedal says."""
    if kind == KEY_KIND:
        return key_name(value // len(MODES) - 7, value % len(MODES))
    if kind == TEMPO:
        return f"{60e6 / tempo_of_value(value):.0f}"
    if kind == PEDAL:
        return "down" if value else "up"
    return f"{value // 8 + 1}/{1 << value % 8}"
