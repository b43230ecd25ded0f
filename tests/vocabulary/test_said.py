"""The notes that words say are those of the score that the words decode to."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from musegen.score.abc import read_book
from musegen.score.score import Notes, Score
from musegen.vocabulary.abc import AbcVocabulary
from musegen.vocabulary.choose import build
from musegen.vocabulary.said import NOBODY, said
from musegen.vocabulary.vocabulary import Vocabulary

TUNE = """X:1
M:3/4
L:1/8
K:G
"G"d2|{/g}B2 [GB]2-[GB]2|G4-G2-|"D"G2 z2 (3FGA|.d4 F2-||M:6/8
"Em"F2 ^c z3:|
"""


def check(vocabulary: Vocabulary, score: Score) -> None:
    words = vocabulary.encode(score)
    found = said(vocabulary, words, vocabulary.features_of(words))
    again = vocabulary.decode(words)
    places = vocabulary.places(again)
    parts = [(0, part) if vocabulary.fixed_parts else places[part] for part in range(len(places))]
    expected = sorted(
        (*place, *row[:3])
        for place, part in zip(parts, again.parts, strict=True)
        for row in part.notes.rows.tolist()
    )
    columns = (*found.place.T, found.onset, found.duration, found.pitch)
    assert sorted(zip(*(column.tolist() for column in columns), strict=True)) == expected
    assert found.ticks_per_quarter == again.ticks_per_quarter
    assert (found.owner[found.word, found.field] == found.sound).all()
    assert (found.time[found.word] == found.onset).all()
    assert found.owner.shape == words.shape
    assert set(np.unique(found.owner)) - {NOBODY} == set(found.sound.tolist())
    asked = vocabulary.applies[words[:, 0]]
    assert (found.owner[~asked] == NOBODY).all()


@pytest.mark.parametrize("kind", ["abc", "grid", "notes"])
@pytest.mark.parametrize("number", range(4))
def test_small_pieces(make_score: Callable[..., Score], kind: str, number: int) -> None:
    score = make_score(kind, number)
    check(build([score], kind), score)


@pytest.mark.parametrize("spelled", [False, True])
def test_chords_ties_marks_and_spelled_lexemes_of_a_tune(spelled: bool) -> None:
    tune = read_book(TUNE)[0]
    assert isinstance(tune, Score)
    known = AbcVocabulary.build([tune])
    vocabulary = AbcVocabulary(known.words[: 12 if spelled else None])
    check(vocabulary, tune)
    words = vocabulary.encode(tune)
    found = said(vocabulary, words, vocabulary.features_of(words))
    texts = dict(vocabulary.tables.texts(words[:, 0].astype(np.int64)))
    by_sound: dict[int, list[str]] = {}
    for place, text in texts.items():
        by_sound.setdefault(int(found.owner[place, 0]), []).append(text)
    assert by_sound[0] == ['"G"', "d2"]
    assert by_sound[1] == ["{/g}", "B2"]
    assert len(by_sound[3]) == 3  # a G tied over two bar lines and a chord symbol
    assert "|" in by_sound[NOBODY]
    assert "z2" in by_sound[NOBODY]


def test_a_note_longer_than_its_word_can_say_has_both_words(
    make_score: Callable[..., Score],
) -> None:
    score = make_score("notes", 1, bars=40)
    held = replace(score.parts[0], notes=Notes.of([(0, 48 * 150, 60, 80), (96, 48 * 4, 62, 80)]))
    score = replace(score, parts=(held, *score.parts[1:]))
    check(build([score], "notes"), score)
