"""The same music written down another way is the same words: finer ticks, other orders of parts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.abc import read_book
from musegen.score.files import read, write
from musegen.score.fingerprint import melody_hash, passages
from musegen.score.score import Notes, Part, Score
from musegen.vocabulary.abc import AbcVocabulary
from musegen.vocabulary.choose import build
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_layout import DESK, DESKS
from musegen.vocabulary.vocabulary import Vocabulary, Words
from tests.vocabulary.test_abc import TUNES
from tests.vocabulary.test_laws import GIVEN, suited


def finer(score: Score, times: int) -> Score:
    """The score with so many ticks in place of each."""

    def moved(column: np.ndarray) -> np.ndarray:
        rows = column.copy()
        rows[:, 0] *= times
        return rows

    parts = [
        replace(
            part,
            notes=Notes.of(part.notes.rows * [times, times, 1, 1]),
            pedal=moved(part.pedal),
        )
        for part in score.parts
    ]
    return replace(
        score,
        ticks_per_quarter=score.ticks_per_quarter * times,
        parts=tuple(parts),
        barlines=score.barlines * times,
        marks=tuple(replace(mark, tick=mark.tick * times) for mark in score.marks),
        **{name: moved(getattr(score, name)) for name in ("tempo", "metre", "key")},
    )


def ordered(score: Score, order: list[int]) -> Score:
    return replace(score, parts=tuple(score.parts[place] for place in order))


def in_file(path: Path, order: list[int]) -> None:
    """Put the tracks of a MIDI file after its first in another order."""
    data, chunks = path.read_bytes(), []
    at = 14
    while at < len(data):
        size = 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        chunks.append(data[at : at + size])
        at += size
    first, *rest = chunks
    assert sorted(order) == list(range(len(rest)))
    path.write_bytes(data[:14] + first + b"".join(rest[place] for place in order))


def less_desk(words: Words) -> list[tuple[int, ...]]:
    """The words in any order, whichever of its kind a part is."""
    kept = np.delete(words, DESK, axis=1)
    return sorted(map(tuple, kept.tolist()))


@pytest.mark.parametrize("vocabulary", GIVEN)
@given(st.from_type(Score), st.sampled_from((2, 3, 5)))
def test_finer_ticks_change_no_word_and_lose_nothing_else(
    vocabulary: Vocabulary, score: Score, times: int
) -> None:
    score = suited(vocabulary, score)
    other = finer(score, times)
    np.testing.assert_array_equal(vocabulary.encode(other), vocabulary.encode(score))
    assert vocabulary.lost(other) == vocabulary.lost(score)
    assert melody_hash(other) == melody_hash(score)


@pytest.mark.parametrize("times", [2, 3])
def test_finer_ticks_change_no_word_of_a_tune(times: int) -> None:
    tunes = read_book(TUNES)
    vocabulary = AbcVocabulary.build(tunes)
    for tune in tunes:
        words = vocabulary.encode(tune)
        np.testing.assert_array_equal(vocabulary.encode(finer(tune, times)), words)


@given(st.from_type(Score), st.data())
def test_the_order_of_parts_of_different_instruments_is_no_matter(
    score: Score, data: st.DataObject
) -> None:
    """Parts of one instrument keep their order, by which their desks are told."""
    vocabulary = NotesVocabulary(24)
    places = list(range(len(score.parts)))
    shuffled = data.draw(st.permutations(places))
    its = {number: iter([]) for number in range(129)} | {
        part.instrument: iter([p for p in places if score.parts[p].instrument == part.instrument])
        for part in score.parts
    }
    order = [next(its[score.parts[place].instrument]) for place in shuffled]
    other = ordered(score, order)
    np.testing.assert_array_equal(vocabulary.encode(other), vocabulary.encode(score))
    assert vocabulary.lost(other) == vocabulary.lost(score)


@given(st.from_type(Score).filter(lambda score: len(score.parts) <= DESKS), st.data())
def test_parts_of_one_instrument_that_change_places_change_their_desks_alone(
    score: Score, data: st.DataObject
) -> None:
    vocabulary = NotesVocabulary(24)
    other = ordered(score, data.draw(st.permutations(range(len(score.parts)))))
    words, changed = vocabulary.encode(score), vocabulary.encode(other)
    assert vocabulary.units(other, changed) == vocabulary.units(score, words)
    assert vocabulary.lost(other) == vocabulary.lost(score)
    sounds = [sounding(vocabulary.decode(each)) for each in (words, changed)]
    assert sounds[0] == sounds[1]
    assert melody_hash(other) == melody_hash(score)
    assert np.array_equal(passages(other), passages(score))


def sounding(score: Score) -> list[tuple[int, ...]]:
    """All notes and pedals with their instruments, in any order."""
    notes = [(p.instrument, *row) for p in score.parts for row in p.notes.rows.tolist()]
    pedals = [(p.instrument, *row) for p in score.parts for row in p.pedal.tolist()]
    return sorted([*notes, *pedals])


def test_the_order_of_tracks_in_a_file_is_no_matter(
    tmp_path: Path, make_score: Callable[..., Score]
) -> None:
    """Not at all for different instruments; for two of one kind only in which is first."""
    band = make_score("notes", 3)
    fourth = Part("Second flute", 73, make_score("grid", 4).parts[0].notes)
    band = replace(band, parts=(*band.parts, fourth))
    vocabulary = build([band], "notes")
    file = tmp_path / "a.mid"
    write(band, file)
    words = vocabulary.encode(read(file))
    for order, same in [([0, 3, 2, 1, 4], True), ([2, 0, 4, 3, 1], True), ([4, 1, 2, 3, 0], False)]:
        write(band, file, force=True)
        in_file(file, order)
        again = vocabulary.encode(read(file))
        assert np.array_equal(again, words) == same
        assert less_desk(again) == less_desk(words)
