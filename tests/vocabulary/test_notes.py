"""Any score as notes: what is kept, what a grid costs, and how keys move."""

from collections.abc import Callable
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from music21.corpus import getWork

from musegen.errors import ModelError
from musegen.score.files import read
from musegen.score.pedal import fold
from musegen.score.score import Notes, Part, Score, barlines_of_metre, standing, tonic
from musegen.vocabulary.choose import build, from_dict
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_layout import (
    DESKS,
    KIND,
    PEDAL,
    key_value,
    metre_value,
    tempo_of_value,
    tempo_value,
)

DRUMS = 128
Place = tuple[int, int]


def nearest(tick: int, ticks_per_quarter: int, steps: int) -> int:
    """The nearest step to a tick, the later of two."""
    return floor(Fraction(tick * steps, ticks_per_quarter) + Fraction(1, 2))


def places_of(score: Score) -> list[Place]:
    """Instrument and desk of each part, counted by hand."""
    kinds = [DRUMS if part.is_drums else part.program for part in score.parts]
    return [(kind, min(kinds[:i].count(kind), DESKS - 1)) for i, kind in enumerate(kinds)]


def told_notes(score: Score, steps: int) -> dict[Place, set[tuple[int, int, int, int]]]:
    """Onset, pitch, length and loudness that words should keep, note by note."""
    kept: dict[Place, dict[tuple[int, int], tuple[int, int]]] = {}
    tpq = score.ticks_per_quarter
    for part, place in zip(score.parts, places_of(score), strict=True):
        its = kept.setdefault(place, {})
        for onset, duration, pitch, velocity in part.notes.rows.tolist():
            start = nearest(onset, tpq, steps)
            length = min(max(1, nearest(onset + duration, tpq, steps) - start), 1023 * steps)
            its[start, pitch] = max(its.get((start, pitch), (0, 0)), (length, velocity))
    return {
        place: {(*where, length, velocity // 4) for where, (length, velocity) in its.items()}
        for place, its in kept.items()
        if its
    }


@pytest.mark.parametrize("steps", [24, 48])
@given(st.from_type(Score))
def test_notes_keep_their_part_onset_pitch_length_and_loudness(steps: int, score: Score) -> None:
    vocabulary = NotesVocabulary(steps)
    words = vocabulary.encode(score)
    decoded = vocabulary.decode(words)
    found = {
        place: {(on, pitch, length, v // 4) for on, length, pitch, v in part.notes.rows.tolist()}
        for part, place in zip(decoded.parts, places_of(decoded), strict=True)
        if len(part.notes)
    }
    expected = told_notes(score, steps)
    assert found == expected
    assert decoded.n_notes == vocabulary.units(score, words) == sum(map(len, expected.values()))
    doubled = vocabulary.lost(score).get("notes doubled", 0)
    assert score.n_notes - doubled == decoded.n_notes
    assert vocabulary.places(decoded) == places_of(decoded)


@given(st.from_type(Score))
def test_bars_tempo_metre_and_key_stand_where_they_stood(score: Score) -> None:
    steps = 24
    decoded = NotesVocabulary(steps).decode(NotesVocabulary(steps).encode(score))

    def step(tick: int) -> int:
        return nearest(tick, score.ticks_per_quarter, steps)

    assert decoded.barlines.tolist() == sorted({step(t) for t in score.barlines.tolist()} - {0})
    for tick in last_of_each_step(score.tempo, step):
        (before,), (after,) = standing(score.tempo, tick), standing(decoded.tempo, step(tick))
        assert after == pytest.approx(before, rel=0.0151)
    for tick in last_of_each_step(score.key, step):
        assert standing(score.key, tick)[:2] == standing(decoded.key, step(tick))[:2]
    sayable = [row for row in score.metre.tolist() if row[1:] != [33, 8]]
    if len(decoded.barlines):
        for tick in last_of_each_step(np.array(sayable).reshape(-1, 3), step):
            assert standing(score.metre, tick) == standing(decoded.metre, step(tick))


def last_of_each_step(column: np.ndarray, step: Callable[[int], int]) -> list[int]:
    """The ticks of the rows that count: of those that fall on one step the last."""
    return list({step(tick): tick for tick in column[:, 0].tolist()}.values())


@given(st.from_type(Score))
def test_pedals_are_down_when_they_were_down(score: Score) -> None:
    decoded = NotesVocabulary(24).decode(NotesVocabulary(24).encode(score))
    found = dict(zip(places_of(decoded), decoded.parts, strict=True))
    expected: dict[Place, list[tuple[int, int]]] = {}
    for part, place in zip(score.parts, places_of(score), strict=True):
        expected.setdefault(place, []).extend(
            (nearest(t, score.ticks_per_quarter, 24), 127 * (v >= 64))
            for t, v in part.pedal.tolist()
        )
    for place, rows in expected.items():
        last, value = dict(sorted(rows, key=lambda row: row[0])), 0
        its = dict(found[place].pedal.tolist()) if place in found else {}
        for tick, now in last.items():
            assert (tick in its) == (now != value)
            assert its.get(tick, now) == now
            value = now
        assert set(its) <= set(last)


@given(st.from_type(Score))
def test_a_folded_pedal_lengthens_notes_and_says_no_word_of_its_own(score: Score) -> None:
    folding = NotesVocabulary(pedal="fold")
    words = folding.encode(score)
    assert not (words[:, KIND] == PEDAL).any()
    assert np.array_equal(words, NotesVocabulary().encode(fold(score)))
    n_pedals = sum(len(part.pedal) for part in score.parts)
    assert folding.lost(score).get("pedals", 0) == n_pedals
    assert from_dict(folding.to_dict()) == folding


def solo(*rows: tuple[int, int, int, int], program: int = 0) -> Part:
    return Part("", program, Notes.of(rows))


@pytest.mark.parametrize("velocity", [1, 3, 4, 63, 64, 127])
def test_loudness_moves_by_two_at_most(velocity: int) -> None:
    vocabulary = NotesVocabulary(24)
    decoded = vocabulary.decode(vocabulary.encode(Score(24, (solo((0, 24, 60, velocity)),))))
    assert abs(int(decoded.parts[0].notes.velocity[0]) - velocity) <= 2


def test_of_changes_that_meet_on_one_step_the_last_counts() -> None:
    """At 480 ticks a quarter, ticks 0 to 9 are the first step of 24."""
    part = Part("", 0, Notes.of([]), pedal=np.array([[0, 127], [9, 0], [480, 0], [485, 127]]))
    score = Score(
        480,
        (part,),
        tempo=np.array([[0, 500_000], [9, 1_000_000]]),
        metre=np.array([[0, 4, 4], [5, 3, 4]]),
        key=np.array([[0, 1, 0, 0], [5, -2, 0, 0], [9, 3, 5, 0]]),
        barlines=np.array([1440]),
    )
    decoded = NotesVocabulary(24).decode(NotesVocabulary(24).encode(score))
    assert decoded.parts[0].pedal.tolist() == [[24, 127]]
    assert decoded.tempo[:, 1].tolist() == [pytest.approx(1_000_000, rel=0.0151)]
    assert decoded.metre.tolist() == [[0, 3, 4]]
    assert decoded.key.tolist() == [[0, 3, 5, 0]]


def test_a_bass_held_for_hundreds_of_quarters_and_a_rest_as_long_are_kept() -> None:
    vocabulary = NotesVocabulary(24)
    held = solo((0, 24 * 999, 40, 80), (24 * 2000, 24 * 32, 40, 80), (24 * 2000, 1, 41, 80))
    bars = barlines_of_metre(np.array([[0, 4, 4]]), 24 * 2032, 24)
    score = Score(24, (held,), barlines=bars)
    decoded = vocabulary.decode(vocabulary.encode(score))
    np.testing.assert_array_equal(decoded.parts[0].notes.rows[:, :3], held.notes.rows[:, :3])
    assert vocabulary.lost(score) == {}
    longer = Score(24, (solo((0, 24 * 1024, 40, 80)),))
    assert vocabulary.lost(longer) == {"notes off the grid": 1}


@pytest.mark.parametrize(("quarters", "kept"), [(1022, 1022), (1023, 1023), (1024, 1023)])
def test_the_longest_note_has_1023_quarters(quarters: int, kept: int) -> None:
    vocabulary = NotesVocabulary(24)
    score = Score(24, (solo((0, 24 * quarters, 40, 80)),))
    decoded = vocabulary.decode(vocabulary.encode(score))
    assert decoded.parts[0].notes.duration.tolist() == [24 * kept]
    assert bool(vocabulary.lost(score)) == (quarters > kept)


@pytest.mark.parametrize("start", [0, 48 * 200_000])
def test_of_notes_on_one_place_the_longest_stays_and_of_such_the_loudest(start: int) -> None:
    """However late: the number of a late place does not fit the quick way to sort."""
    rows = [(start, 24, 60, 127), (start, 48, 60, 50), (start, 48, 60, 90), (start, 48, 60, 70)]
    vocabulary = NotesVocabulary(48)
    score = Score(48, (solo((0, 48, 61, 80), *rows),))
    decoded = vocabulary.decode(vocabulary.encode(score)).parts[0].notes.rows
    ((onset, duration, _, velocity),) = decoded[decoded[:, 2] == 60].tolist()
    assert (onset, duration) == (start, 48)
    assert abs(velocity - 90) <= 2
    assert vocabulary.lost(score) == {"notes doubled": 3}


def test_every_tempo_metre_and_key_has_a_number_of_its_own() -> None:
    values = np.arange(160)
    tempos = np.array([tempo_of_value(value) for value in values.tolist()])
    np.testing.assert_array_equal(tempo_value(tempos), values)
    assert tempo_value(np.array([1, 10**9])).tolist() == [159, 0]
    keys = {key_value(fifths, mode) for fifths in range(-7, 8) for mode in range(7)}
    assert keys == set(range(105))
    metres = {metre_value(n, 1 << power) for n in range(1, 33) for power in range(8)}
    assert metres == set(range(256))
    assert [metre_value(*m) for m in ((33, 8), (4, 3), (4, 256))] == [None] * 3


def test_what_words_cannot_say_is_counted() -> None:
    parts = [solo((k, 96, 60, 80)) for k in range(18)]
    kit = Part("", 8, Notes.of([(0, 0, 36, 80), (48, 24, 36, 80)]), is_drums=True)
    score = Score(
        96,
        (*parts, kit, solo((0, 96, 60, 80), (1, 90, 60, 70), program=9)),
        metre=np.array([[0, 4, 3]]),
        barlines=np.array([384]),
    )
    lost = NotesVocabulary(24).lost(score)
    assert lost == {
        "notes off the grid": 14,  # those that begin on no fourth tick
        "notes doubled": 3,  # two at the last desk, which three parts share
        "parts merged": 2,
        "drum kits": 1,
        "metres": 1,
    }


def share_on(grid: int, n: int = 200) -> Score:
    """A piece of 480 ticks a quarter, all of whose onsets lie on that grid alone."""
    ticks = np.arange(n) * 480 // grid
    return Score(480, (solo(*((int(t), 60, 60, 80) for t in ticks)),))


@pytest.mark.parametrize(
    ("grids", "steps"),
    [
        ([4], 24),
        ([12, 24], 24),
        ([48, 4], 48),
        ([16], 48),
        ([480, 480, 4], 24),  # a performance: 48 would help no more than 24
        ([], 24),
    ],
)
def test_the_grid_is_fine_where_that_helps(grids: list[int], steps: int) -> None:
    scores = [share_on(grid) for grid in grids]
    assert NotesVocabulary.build(scores).steps == steps
    assert NotesVocabulary.build(scores, 12).steps == 12
    if scores:
        assert build(scores, "notes").grid == f"{steps} ticks a quarter"


def test_few_onsets_off_the_grid_do_not_make_it_finer() -> None:
    coarse, fine = share_on(4, 190), share_on(16, 12)
    assert NotesVocabulary.build([coarse, fine]).steps == 24


def test_keys_are_transposed_around_the_circle() -> None:
    vocabulary = NotesVocabulary(24)
    for fifths, semitones, expected in [(0, 1, -5), (-5, 1, 2), (6, 1, 1), (0, 6, 6), (7, 0, 7)]:
        key = np.array([[0, fifths, 5, 0]])
        words = vocabulary.encode(Score(24, (), key=key))
        moved, features = vocabulary.transpose(words, vocabulary.features_of(words), semitones)
        assert vocabulary.decode(moved).key.tolist() == [[0, expected, 5, 0]]
        np.testing.assert_array_equal(features, vocabulary.features_of(moved))


@given(st.integers(-7, 7), st.integers(0, 6), st.integers(-6, 6))
def test_the_tonic_moves_with_the_notes(fifths: int, mode: int, semitones: int) -> None:
    """No key gets more than six sharps or five flats, and its mode stays."""
    vocabulary = NotesVocabulary(24)
    words = vocabulary.encode(Score(24, (), key=np.array([[0, fifths, mode, 0]])))
    moved, _ = vocabulary.transpose(words, vocabulary.features_of(words), semitones)
    ((_, new_fifths, new_mode, _),) = vocabulary.decode(moved).key.tolist()
    assert new_mode == mode
    assert tonic(new_fifths, mode) == (tonic(fifths, mode) + semitones) % 12
    assert new_fifths == fifths if semitones == 0 else -5 <= new_fifths <= 6


def test_a_model_of_another_kind_is_refused() -> None:
    for settings in ({"name": "notes", "stepps": 1}, {"name": "choir"}, {}):
        with pytest.raises(ModelError):
            from_dict(settings)


PRINTED = ("bach/bwv66.6.mxl", "bach/bwv269.mxl", "haydn/opus1no1/movement1.mxl")
REAL = (
    "ensemble/train/pop/*.mid",
    "ensemble/train/game/*.mid",
    "orchestra/*.mid",
    "unfinished/*.mid",
)


def assert_nothing_is_lost_unsaid(score: Score, steps: int) -> None:
    """Note for note, what is heard again is what the grid was to keep."""
    vocabulary = NotesVocabulary(steps)
    decoded = vocabulary.decode(vocabulary.encode(score))
    assert told_notes(decoded, steps) == told_notes(score, steps) != {}


@pytest.mark.parametrize("steps", [24, 48])
@pytest.mark.parametrize("name", PRINTED)
def test_a_printed_score_keeps_every_note(name: str, steps: int) -> None:
    assert_nothing_is_lost_unsaid(read(Path(getWork(name))), steps)


@pytest.mark.parametrize("pattern", REAL)
def test_the_longest_real_music_keeps_every_note_that_a_grid_can_tell(
    pattern: str, shared: Path
) -> None:
    path = max(shared.glob(pattern), key=lambda path: path.stat().st_size)
    assert_nothing_is_lost_unsaid(read(path), 24)
