"""Fingerprints: the same music has the same one, other music another."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from musegen.score.fingerprint import melody_hash, passage_hashes
from musegen.score.score import Notes, Part, Score

note = st.tuples(
    st.integers(0, 16).map(lambda step: step * 12),
    st.sampled_from([6, 12, 18, 24, 48]),
    st.integers(40, 80),
    st.integers(1, 127),
)
melodies = st.lists(note, min_size=2, max_size=20).map(Notes.of)


def piece(*parts, per_quarter=24, **columns):
    return Score(per_quarter, tuple(Part("", 0, notes) for notes in parts), **columns)


def changed(notes, transposed=0, times=1, later=0):
    onset, duration = notes.onset * times + later, notes.duration * times
    return Notes(onset, duration, notes.pitch + transposed, np.full(len(notes), 80))


@given(melodies, st.integers(-40, 40), st.integers(1, 40), st.integers(0, 99))
def test_key_ticks_tempo_velocity_and_silence_leave_a_piece_the_same(notes, up, times, later):
    other = piece(
        changed(notes, up, times, later), per_quarter=24 * times, tempo=[(0, 400_000)], title="b"
    )
    assert melody_hash(other) == melody_hash(piece(notes))


@given(melodies, melodies)
def test_how_the_notes_are_shared_out_leaves_a_piece_the_same(upper, lower):
    together = Notes.of([*upper.rows.tolist(), *lower.rows.tolist()])
    assert melody_hash(piece(upper, lower)) == melody_hash(piece(together))


@given(melodies, st.data())
def test_a_changed_note_makes_another_piece(notes, data):
    rows = notes.rows.copy()
    which = data.draw(st.integers(0, len(rows) - 1))
    rows[which, 2] += data.draw(st.sampled_from([-3, -1, 1, 5]))

    def pattern(table):
        """The onsets and pitches as sets in the plainest way, up to where they begin."""
        first, lowest = table[:, 0].min(), table[:, 2].min()
        return {(t - first, p - lowest) for t, _, p, _ in table.tolist()}

    assume(pattern(rows) != pattern(notes.rows))
    assert melody_hash(piece(Notes.of(rows))) != melody_hash(piece(notes))


def test_drums_count_only_where_there_is_nothing_else():
    beat = Part("", 0, Notes.of([(0, 12, 36, 90), (12, 12, 38, 90)]), is_drums=True)
    other = replace(beat, notes=Notes.of([(0, 12, 36, 90), (12, 12, 39, 90)]))
    tune = Part("", 0, Notes.of([(0, 12, 60, 90)]))
    assert melody_hash(Score(24, (tune, beat))) == melody_hash(Score(24, (tune, other)))
    assert melody_hash(Score(24, (beat,))) != melody_hash(Score(24, (other,)))


@given(melodies, st.integers(2, 6), st.integers(-40, 40), st.integers(1, 40), st.integers(0, 99))
def test_passages_are_the_same_in_any_key_and_any_ticks(notes, n, up, times, later):
    same = passage_hashes(changed(notes, up, times, later), n)
    assert np.array_equal(same, passage_hashes(notes, n))
    assert len(same) == max(0, len(notes) - n + 1)


@given(melodies, st.integers(2, 4))
def test_two_passages_have_one_number_exactly_where_their_steps_are_equal(notes, n):
    def steps(i):
        rows = notes.rows[i : i + n].tolist()
        return [
            (b[2] - a[2], a[0] == b[0], round(4 * np.log2(b[1] / a[1])))
            for a, b in itertools.pairwise(rows)
        ]

    numbers = passage_hashes(notes, n)
    for i in range(len(numbers)):
        for j in range(i):
            assert (numbers[i] == numbers[j]) == (steps(i) == steps(j))


def test_notes_without_length_are_passages_too():
    rows = [(0, 0, 60, 1), (10, 0, 62, 1), (20, 10, 64, 1)]
    assert len(passage_hashes(Notes.of(rows), 2)) == 2


def test_a_passage_of_one_note_is_none():
    with pytest.raises(ValueError, match="at least two notes"):
        passage_hashes(Notes.of([(0, 1, 60, 1)]), 1)
