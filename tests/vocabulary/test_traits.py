"""What a vocabulary is chosen by: of many scores it is what a look at all at once would find."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.errors import UsageError
from musegen.score.score import Notes, Part, Score
from musegen.vocabulary.choose import build, build_of, choice
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


CHORALES = Traits(
    scores=1000, notes=1000, n_parts=frozenset({4}), voices=(("", 0),) * 4, ranges=((48, 72),) * 4
)


@pytest.mark.parametrize(
    ("found", "name", "why"),
    [
        ({"lines": 1000, "tunes": 980}, "abc", "980 of the 1000 pieces"),
        ({"lines": 1000, "tunes": 979}, "grid", "4 voices"),
        ({"tunes": 979, "drummed": 1}, "notes", "979 of the pieces to learn from are ABC tunes"),
        ({}, "grid", "all pieces have 4 voices, and sixteenths keep 100 %"),
        ({"off_voices": 5}, "grid", "keep 99.5 % of the notes"),
        ({"off_voices": 6}, "notes", "would change 0.6 % of the notes"),
        ({"n_parts": frozenset({2})}, "grid", "2 voices"),
        ({"n_parts": frozenset({8})}, "grid", "8 voices"),
        ({"n_parts": frozenset({9})}, "notes", "none of the pieces to learn from are ABC tunes"),
        ({"n_parts": frozenset({9})}, "notes", "they have 9 parts (grid asks for 2 to 8)"),
        ({"n_parts": frozenset({1})}, "notes", "they have 1 part (grid asks for 2 to 8)"),
        ({"n_parts": frozenset({3, 4})}, "notes", "they have from 3 to 4 parts"),
        ({"drummed": 1}, "notes", "1 of them have drums"),
        ({"unsteady": 2}, "notes", "in 2 of them the metre changes"),
        ({"notes": 0}, "grid", "keep 100 %"),
    ],
)
def test_a_few_odd_pieces_are_no_hindrance_and_what_is_one_is_told(
    found: dict, name: str, why: str
) -> None:
    chosen, told = choice(replace(CHORALES, **found))
    assert chosen == name
    assert why in told
    if name != "abc":
        assert build_of(replace(CHORALES, **found)).name == name


def test_of_nothing_notes_are_made_and_of_an_unknown_name_none() -> None:
    assert choice(Traits())[0] == "notes"
    with pytest.raises(UsageError, match="choir"):
        build_of(CHORALES, "choir")


@pytest.mark.parametrize(
    ("off_coarse", "off_fine", "steps"), [(50, 0, 24), (52, 26, 48), (52, 27, 24), (51, 25, 48)]
)
def test_a_fine_grid_is_taken_where_it_moves_half_as_many_of_many(
    off_coarse: int, off_fine: int, steps: int
) -> None:
    found = replace(CHORALES, off_coarse=off_coarse, off_fine=off_fine)
    vocabulary = build_of(found, "notes")
    assert vocabulary.grid == f"{steps} ticks a quarter"


@pytest.mark.parametrize(
    ("rows", "off"),
    [
        ([(0, 12, 60), (12, 12, 62)], 0),
        ([(1, 11, 60), (12, 12, 62)], 1),  # begins between sixteenths
        ([(0, 11, 60), (12, 12, 62)], 1),  # ends there
        ([(0, 0, 60), (12, 12, 62)], 1),  # has no length
        ([(0, 24, 60), (12, 12, 62)], 1),  # sounds on beneath the next
        ([(0, 12, 60), (0, 12, 64)], 1),  # begins with another
    ],
)
def test_notes_that_one_voice_on_a_grid_would_change_are_counted(
    rows: list[tuple[int, int, int]], off: int
) -> None:
    part = Part("", 0, Notes.of([(*row, 80) for row in rows]))
    assert traits([Score(48, (part, part))]).off_voices == 2 * off


def test_only_what_sounds_and_comes_from_abc_counts_as_such() -> None:
    line = Notes.of([(0, 12, 60, 80), (12, 12, 67, 80)])
    score = Score(48, (Part("", 3, line), Part("", 5, Notes.of([]))))
    assert traits([score]).instruments == {3}
    drums = Score(48, (Part("", 3, line, is_drums=True),))
    assert traits([score, drums]).instruments == {3, 128}
    assert traits([score]).lines == 0
    tune = Score(48, (Part("", 3, line),))
    assert (traits([tune]).lines, traits([tune]).tunes) == (1, 0)
    assert traits([replace(tune, characters=1)]).tunes == 1


def test_where_all_is_drums_any_pitch_may_come() -> None:
    drums = Part("", 0, Notes.of([(0, 12, 36, 80)]), is_drums=True)
    vocabulary = NotesVocabulary.build([Score(48, (drums,))])
    assert (vocabulary.pitch_low, vocabulary.pitch_high) == (0, 127)
