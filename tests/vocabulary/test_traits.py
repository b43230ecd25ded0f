"""What a vocabulary is chosen by: of many scores it is what a look at all at once would find."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.score import Score
from musegen.vocabulary.choose import build, build_of
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.traits import Traits, notes_changed, onsets_off, traits

SCORES = st.lists(st.from_type(Score), min_size=1, max_size=5)


@given(SCORES)
def test_of_many_scores_they_are_those_of_a_look_at_all(scores: list[Score]) -> None:
    found = traits(scores)
    melodic = [
        pitch
        for score in scores
        for part in score.parts
        for pitch in part.notes.pitch.tolist()
        if not part.is_drums
    ]
    assert found.scores == len(scores)
    assert found.notes == sum(score.n_notes for score in scores)
    assert found.off_coarse == sum(onsets_off(score, 24) for score in scores)
    assert found.off_fine == sum(onsets_off(score, 48) for score in scores)
    assert found.off_voices == sum(notes_changed(score, 4) for score in scores)
    assert found.n_parts == {len(score.parts) for score in scores}
    assert found.metres == {tuple(score.metre[0, 1:].tolist()) for score in scores}
    assert found.drummed == sum(any(p.is_drums for p in score.parts) for score in scores)
    assert found.unsteady == sum(len(s.metre) > 1 or not s.n_bars for s in scores)
    assert found.voices == tuple((part.name, part.program) for part in scores[0].parts)
    assert (found.low, found.high) == (min(melodic, default=128), max(melodic, default=-1))
    for voice, (low, high) in enumerate(found.ranges):
        pitches = [p for s in scores for p in s.parts[voice].notes.pitch.tolist()]
        assert (low, high) == (min(pitches, default=128), max(pitches, default=-1))
    assert NotesVocabulary.of(found, 24) == build(scores, "notes", 24)


@given(SCORES, SCORES, SCORES)
def test_they_add_up_in_any_parts(one: list[Score], two: list[Score], three: list[Score]) -> None:
    whole = traits([*one, *two, *three])
    assert traits(one) + (traits(two) + traits(three)) == whole
    assert (traits(one) + traits(two)) + traits(three) == whole
    assert Traits() + whole == whole + Traits() == whole


@pytest.mark.parametrize("kind", ["abc", "grid", "notes"])
def test_a_vocabulary_of_traits_is_that_of_their_scores(kind: str, make_score: object) -> None:
    scores = [make_score(kind, number) for number in range(6)]  # type: ignore[operator]
    parts = traits(scores[:2]) + traits(scores[2:])
    assert build_of(parts, kind) == build(scores, kind) == build(iter(scores), kind)
