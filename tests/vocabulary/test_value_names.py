"""Words and the values of their fields are called what a musician calls them."""

from fractions import Fraction

import numpy as np
import pytest

from musegen.score.abc import read_book
from musegen.score.score import MODES, Notes, Part, Score
from musegen.vocabulary.abc import AbcVocabulary
from musegen.vocabulary.grid import GridVocabulary
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_layout import FIELDS, KIND, LONGER, NOTE, WAIT
from musegen.vocabulary.value_names import length_name, sounding_name, value_name, word_name
from musegen.vocabulary.vocabulary import Vocabulary


def names_of(vocabulary: Vocabulary, score: Score, fifths: int = 0) -> list[str]:
    """What each word of a score is called."""
    words = vocabulary.encode(score)
    rows = zip(words, vocabulary.features_of(words), strict=True)
    return [word_name(vocabulary, word, beside, fifths) for word, beside in rows]


@pytest.mark.parametrize(
    ("quarters", "name"),
    [
        (Fraction(4), "whole"),
        (Fraction(1), "quarter"),
        (Fraction(1, 16), "64th"),
        (Fraction(3), "dotted half"),
        (Fraction(3, 8), "dotted 16th"),
        (Fraction(1, 3), "triplet eighth"),
        (Fraction(5, 4), "5/4 quarters"),
        (Fraction(8), "8 quarters"),
    ],
)
def test_a_length_has_the_name_of_its_note(quarters: Fraction, name: str) -> None:
    assert length_name(quarters) == name


def test_words_of_notes_are_called_by_what_they_say() -> None:
    piano = Part("", 0, Notes.of([(0, 24, 61, 80)]), pedal=np.array([[0, 127], [36, 0]]))
    drums = Part("", 0, Notes.of([(24, 12, 42, 100)]), is_drums=True)
    score = Score(
        24,
        (piano, drums),
        tempo=np.array([[0, 500_000]]),
        metre=np.array([[0, 6, 8]]),
        key=np.array([[0, -1, MODES.index("minor"), 0]]),
        barlines=np.array([72]),
    )
    assert names_of(NotesVocabulary(24), score, -5) == [
        "metre 6/8",
        "key D minor",
        "tempo 120",
        "pedal down",
        "Db4",
        "drum 42",
        "pedal up",
        "barline",
        "end",
    ]
    assert names_of(NotesVocabulary(24), score, 2)[4] == "C#4"


def test_words_of_waiting_and_of_long_notes_have_no_value() -> None:
    held = Part("", 0, Notes.of([(0, 24 * 80, 60, 80), (24 * 70, 24, 60, 80)]))
    names = names_of(NotesVocabulary(24), Score(24, (held,)))
    assert {"longer", "wait"} <= set(names)


def test_a_pitch_has_the_name_of_its_key_and_a_drum_its_number() -> None:
    assert [sounding_name(61, fifths) for fifths in (-5, 2)] == ["Db4", "C#4"]
    assert sounding_name(61, 2, is_drum=True) == "drum 61"


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("kind", LONGER, "longer"),
        ("kind", WAIT, "wait"),
        ("beats", 1, "1 quarter"),
        ("beats", 2, "2 quarters"),
        ("ticks", 0, "0"),
        ("ticks", 12, "eighth"),
        ("instrument", 73, "Flute"),
        ("instrument", 128, "Drums"),
        ("desk", 0, "1"),
        ("pitch", 60, "C4"),
        ("length_beats", 3, "3 quarters"),
        ("length_ticks", 8, "triplet eighth"),
        ("velocity", 20, "82"),
    ],
)
def test_each_field_of_a_note_is_called_in_its_unit(field: str, value: int, name: str) -> None:
    vocabulary = NotesVocabulary(24)
    word = np.zeros(len(FIELDS), np.int16)
    word[KIND] = NOTE
    beside = np.zeros(len(vocabulary.features), np.int16)
    assert value_name(vocabulary, FIELDS.index(field), value, word, beside, 0) == name


def test_a_step_of_a_grid_is_called_voice_by_voice_in_the_order_of_the_score() -> None:
    lines = ([(0, 2, 66)], [(0, 1, 59), (1, 1, 57)], [(0, 2, 47)])
    parts = tuple(Part("", 0, Notes.of([(*note, 80) for note in line])) for line in lines)
    score = Score(4, parts, metre=np.array([[0, 3, 4]]))
    vocabulary = GridVocabulary.build([score, Score(4, parts, metre=np.array([[0, 2, 4]]))])
    names = names_of(vocabulary, score, -7)
    assert names == ["metre 3/4", "Gb4, Cb4, Cb3", "held, Bbb3, held", "end"]
    word, beside = np.zeros(3, np.int16), np.zeros(len(vocabulary.features), np.int16)
    rest = [
        value for value in range(130) if value_name(vocabulary, 0, value, word, beside, 0) == "rest"
    ]
    assert len(rest) == 1


TUNE = """X:1
M:6/8
L:1/8
K:D
"G"f3 [ce]2 z|=f6-|[M:3/8]f3|]
"""


def test_words_of_a_tune_are_called_in_the_key_that_stands_there() -> None:
    (tune,) = read_book(TUNE)
    vocabulary = AbcVocabulary.build([tune])
    assert names_of(vocabulary, tune) == [
        "M:6/8",
        "K:D",
        '"G"',
        "F#5 dotted quarter",
        "C#5 E5 quarter",
        "rest eighth",
        "|",
        "F5 dotted half tied",
        "|",
        "M:3/8",
        "F5 dotted quarter",
        "|]",
        "end",
    ]


def test_lexemes_never_seen_are_called_sign_by_sign() -> None:
    (tune,) = read_book(TUNE)
    names = names_of(AbcVocabulary(("M:6/8", "M:3/8", "K:D", "|")), tune)
    start = names.index("a rare lexeme")
    signs = [f"its sign {sign}" for sign in '"G"']
    assert names[start : start + 5] == ["a rare lexeme", *signs, "its end"]


def test_a_note_that_leaves_midi_in_a_key_is_called_as_it_is_written() -> None:
    vocabulary = AbcVocabulary(("M:4/4", "K:C", "K:Cb", "C,,,,,"))
    word = np.array([vocabulary.tables.index["C,,,,,"]], np.int16)
    features = np.zeros(len(vocabulary.features), np.int16)
    assert word_name(vocabulary, word, features) == "C-1 eighth"
    place = [feature.name for feature in vocabulary.features].index("key")
    features[place] = vocabulary.features_of(vocabulary.encode(read_book("X:1\nK:Cb\nC|]\n")[0]))[
        -1, place
    ]
    assert word_name(vocabulary, word, features) == "C,,,,,"
