"""What a file could not hold: a note is missing, moved, in another part or changed, never two."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.files import read, write_and_tell
from musegen.score.losses import missing_in
from musegen.score.score import Mark, Notes, Part, Score

TICKS = 480
notes = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 4), st.integers(60, 64), st.just(80)), max_size=9
)


def score_of(*parts: list[tuple[int, int, int, int]]) -> Score:
    return Score(TICKS, tuple(Part("", 0, Notes.of(rows)) for rows in parts))


def line(pitch: int, n: int, velocity: int = 80) -> list[tuple[int, int, int, int]]:
    return [(k * TICKS, TICKS, pitch, velocity) for k in range(n)]


@given(st.lists(notes, max_size=4), st.randoms(use_true_random=False))
def test_nothing_is_missing_in_the_same_parts_in_any_order_and_division(parts, chance):
    score = score_of(*parts)
    mixed = chance.sample(score.parts, len(parts))
    finer = [replace(part, notes=Notes.of(part.notes.rows * [[3, 3, 1, 1]])) for part in mixed]
    assert missing_in(replace(score, parts=tuple(mixed)), score) == {}
    assert missing_in(Score(3 * TICKS, tuple(finer)), replace(score, tempo=[[0, 500_000]])) == {}


@given(st.integers(0, 8), st.integers(9, 12))
def test_notes_that_went_over_to_another_part_are_told(k, n):
    low, high = line(48, n), line(72, n)
    before, after = score_of(high, low), score_of(high + low[:k], low[k:])
    told = {"notes in another part": k} if k else {}
    assert missing_in(after, before) == missing_in(before, after) == told


def test_hands_joined_are_told_by_the_smaller():
    before = score_of(line(72, 5), line(48, 3))
    after = score_of(line(72, 5) + line(48, 3))
    assert missing_in(after, before) == {"notes in another part": 3, "programs": 1}
    assert missing_in(before, after) == {"notes in another part": 3}


def test_what_is_missing_moved_or_softer_is_in_no_other_part():
    before = score_of(line(72, 5), line(48, 5))
    assert missing_in(score_of(line(72, 5), line(48, 2)), before) == {"notes": 3}
    assert missing_in(score_of(line(72, 5, 60), line(48, 5)), before) == {
        "notes with another loudness": 5
    }
    moved = score_of(line(72, 5), [(t + 1, n, p, v) for t, n, p, v in line(48, 5)])
    assert missing_in(moved, before) == {"notes moved": 5}


@pytest.mark.parametrize(
    ("suffix", "kinds"),
    [
        ("mid", {"chord marks": 1, "grace marks": 1}),
        ("abc", {"pedals": 2, "notes with another loudness": 4}),
        ("musicxml", {"pedals": 2}),
    ],
)
def test_what_is_lost_in_a_repeat_that_is_played_out_counts_once(tmp_path, suffix, kinds):
    played = Notes.of([(TICKS * beat, TICKS, 60 + beat, 60 + beat) for beat in range(4)])
    part = Part("", 0, played, pedal=[[0, 127], [1900, 0]])
    marks = [("repeat", "start"), ("chord", "C"), ("grace", "{g}"), ("lyric", "la")]
    marks = [*(Mark(0, *mark) for mark in marks), Mark(1920, "repeat", "end")]
    score = Score(TICKS, (part,), barlines=[1920], marks=tuple(marks))
    assert write_and_tell(score, tmp_path / f"a.{suffix}", repeats="unfold") == kinds


@pytest.mark.parametrize("text", ["T", "!trill!", "M", "P", "H", "L", "!>!", "u", "v", "."])
def test_an_ornament_in_its_other_spelling_is_kept(text, tmp_path):
    notes = Notes.of([(0, 480, 72, 80)])
    score = Score(480, (Part("", 0, notes),), marks=(Mark(0, "ornament", text),))
    assert write_and_tell(score, tmp_path / "a.musicxml") == {}


def test_a_key_that_is_written_and_not_believed_is_not_lost(tmp_path):
    """MIDI is full of wrong keys: what its notes contradict is overruled when it is read."""
    pitches = [60, 62, 64, 65, 67, 69, 71, 72] * 3
    notes = Notes.of([(480 * i, 480, pitch, 64) for i, pitch in enumerate(pitches)])
    score = Score(480, (Part("", 0, notes),), key=np.array([[0, 6, 0, 0]]))
    lost = write_and_tell(score, tmp_path / "said.mid")
    assert "F# major" in str(read(tmp_path / "said.mid").unread)
    assert "keys" not in lost


def test_a_key_is_lost_only_where_it_was_given():
    """An estimate is made anew from the notes that are there then."""
    key = np.array([[0, 2, 0, 0]])
    given = replace(score_of(line(62, 4)), key=key)
    estimated = replace(given, key=np.array([[0, 2, 0, 1]]))
    other = replace(given, key=np.array([[0, -3, 1, 1]]))
    assert missing_in(other, given) == {"keys": 1}
    assert missing_in(other, estimated) == {}
