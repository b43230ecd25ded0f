"""Notes by hand: how far a piece moves, which words are whose, metres, and very long notes."""

from collections.abc import Callable

import numpy as np
import pytest

from musegen.score.score import Notes, Part, Score
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_layout import (
    DESK,
    DESKS,
    KIND,
    KINDS,
    NOTE,
    PART_ALIKE,
    PEDAL,
    VALUE,
)
from musegen.vocabulary.vocabulary import Words


def notes_of(*pitches: int) -> Score:
    rows = [(24 * k, 24, pitch, 80) for k, pitch in enumerate(pitches)]
    return Score(24, (Part("", 0, Notes.of(rows)),))


@pytest.mark.parametrize(
    ("pitches", "shifts"),
    [
        ((64, 67), (-4, 5)),
        ((60, 72), (0, 0)),
        ((66,), (-6, 6)),
        ((50, 55), (0, 6)),  # below all that is known
        ((80, 85), (-6, 0)),
        ((), (0, 0)),
    ],
)
def test_a_piece_moves_as_far_as_the_range_of_its_corpus_reaches(
    pitches: tuple[int, ...], shifts: tuple[int, int]
) -> None:
    vocabulary = NotesVocabulary.build([notes_of(60, 72)], 24)
    assert vocabulary.transpositions(vocabulary.encode(notes_of(*pitches))) == shifts


def test_each_part_has_a_place_and_so_have_more_than_there_are_desks() -> None:
    places = NotesVocabulary().places_of([40, *[0] * 18, 40])
    assert places[0] == (40, 0)
    assert places[-1] == (40, 1)
    assert [desk for _, desk in places[1:-1]] == [*range(DESKS), DESKS - 1, DESKS - 1]


def test_the_words_of_a_part_are_its_notes_and_pedals(make_score: Callable[..., Score]) -> None:
    score = make_score("notes", 2)
    vocabulary = NotesVocabulary.build([score])
    words = vocabulary.encode(score)
    rest = np.ones(len(words), bool)
    for number, place in enumerate(vocabulary.places(score)):
        its = vocabulary.rows_of(words, place)
        part = score.parts[number]
        assert its.sum() == len(part.notes) + len(part.pedal)
        alone = vocabulary.decode(vocabulary.of_parts(score, {number})).parts
        assert [p.instrument for p in alone] == [part.instrument]
        assert alone[0].notes.pitch.tolist() == part.notes.pitch.tolist()
        rest &= ~its
    assert {KINDS[kind] for kind in words[rest, KIND]} == {"metre", "tempo", "barline", "end"}


@pytest.mark.parametrize("metre", [(4, 4), (6, 8), (2, 2), (1, 1), (32, 128), (5, 16)])
def test_a_metre_comes_back(metre: tuple[int, int]) -> None:
    vocabulary = NotesVocabulary(96)
    bar = 4 * 96 * metre[0] // metre[1]
    score = Score(96, (), metre=np.array([[0, *metre]]), barlines=np.array([bar, 2 * bar]))
    again = vocabulary.decode(vocabulary.encode(score))
    assert again.metre.tolist() == [[0, *metre]]
    assert again.barlines.tolist() == [bar, 2 * bar]


def test_of_long_notes_that_begin_together_each_keeps_its_length() -> None:
    """Whatever their parts and pitches are."""
    parts = [
        Part("", program, Notes.of([(0, 24 * quarters, pitch, 80) for pitch, quarters in rows]))
        for program, rows in [
            (0, [(61, 100), (62, 40)]),
            (0, [(60, 70), (61, 10), (62, 500)]),
            (1, [(60, 200), (61, 33)]),
        ]
    ]
    score = Score(24, tuple(parts))
    vocabulary = NotesVocabulary(24)
    again = vocabulary.decode(vocabulary.encode(score))
    for part, before in zip(again.parts, parts, strict=True):
        assert part.notes.duration.tolist() == before.notes.duration.tolist()


def met(vocabulary: NotesVocabulary, words: Words) -> np.ndarray:
    """The features that stand beside each word once all its fields are drawn, word by word."""
    tracker, beside = vocabulary.start(1), []
    for word in words:
        beside.append(tracker.features(word[None])[0])
        tracker.advance(word[None])
    return np.stack(beside)


def column_of(vocabulary: NotesVocabulary, words: Words, name: str) -> np.ndarray:
    """One feature beside each word."""
    names = [feature.name for feature in vocabulary.features]
    return vocabulary.features_of(words)[:, names.index(name)]


def test_features_after_long_rests_and_notes_are_those_met_word_by_word() -> None:
    far = Notes.of([(0, 24 * 80, 60, 80), (24 * 70, 24, 64, 80), (24 * 71, 12, 65, 80)])
    score = Score(24, (Part("", 0, far),), barlines=np.array([96]))
    vocabulary = NotesVocabulary(24)
    words = vocabulary.encode(score)
    assert np.array_equal(met(vocabulary, words), vocabulary.features_of(words))


def test_the_first_note_of_a_part_comes_after_none_however_late_it_is() -> None:
    """Not even where it is as late as the next is after it: the first two are no echo yet."""
    rows = [(24 * k, 24, 60, 80) for k in range(1, 8)]
    vocabulary = NotesVocabulary(24)
    words = vocabulary.encode(Score(24, (Part("", 0, Notes.of(rows)),)))
    assert np.array_equal(met(vocabulary, words), vocabulary.features_of(words))
    alike = column_of(vocabulary, words, PART_ALIKE)
    assert alike[words[:, KIND] == NOTE].tolist() == [0, 0, 0, 0, 1, 1, 2]


def test_words_are_alike_however_loud_they_are_and_by_all_else_that_they_say() -> None:
    """A pedal goes down with every other note, and up with those between."""
    notes = Notes.of([(24 * k, 24, 60, 10 * k + 10) for k in range(8)])
    pedal = np.array([[24 * k + 12, 127 * (k % 2 == 0)] for k in range(8)])
    vocabulary = NotesVocabulary(24)
    words = vocabulary.encode(Score(24, (Part("", 0, notes, pedal=pedal),)))
    assert np.array_equal(met(vocabulary, words), vocabulary.features_of(words))
    pedals, value = words[:, KIND] == PEDAL, column_of(vocabulary, words, "echo value")
    assert words[pedals, VALUE].tolist() == [1, 0] * 4
    assert value[pedals].tolist() == [0, 0, 0, 1, 2, 1, 2, 1]


def test_chosen_pieces_keep_the_echoes_of_their_own_parts(assert_chosen_go_on: Callable) -> None:
    vocabulary = NotesVocabulary(24)
    lines = [Notes.of([(24 * k, 24, 60 + k % n, 80) for k in range(24)]) for n in (2, 3, 4)]
    pieces = [vocabulary.encode(Score(24, (Part("", 0, line),))) for line in lines]
    assert_chosen_go_on(vocabulary, pieces)
    for piece in pieces:
        assert (column_of(vocabulary, piece, PART_ALIKE)[12:-1] > 0).all()


def test_echoes_are_known_before_a_word_and_those_of_its_part_once_that_is_drawn() -> None:
    vocabulary = NotesVocabulary(24)
    known = {feature.name: feature.known_after for feature in vocabulary.features}
    for field in vocabulary.fields:
        assert known[field.echo] == known[field.alike]
        assert known[field.alike] == (DESK if field.alike == PART_ALIKE else -1)
