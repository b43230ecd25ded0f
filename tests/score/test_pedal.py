"""The pedal: folded into lengths, the music sounds as long as before."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.pedal import fold, sounding_ends
from musegen.score.score import Notes, Part, Score

note = st.tuples(st.integers(0, 40), st.integers(0, 12), st.integers(60, 62), st.integers(1, 127))
change = st.tuples(st.integers(0, 60), st.sampled_from([0, 63, 64, 127]))


@st.composite
def parts(draw):
    pedal = sorted(draw(st.lists(change, max_size=6)), key=lambda row: row[0])
    return Part("", 0, Notes.of(draw(st.lists(note, max_size=10))), pedal=np.array(pedal))


def ends_by_walking(part, end):
    """When each note ends, tick by tick."""
    ends = []
    for onset, duration, pitch, _ in part.notes.rows.tolist():
        tick = onset + duration
        while tick < end:
            changes = [value for when, value in part.pedal.tolist() if when <= tick]
            struck = any(
                onset < o <= tick and p == pitch for o, _, p, _ in part.notes.rows.tolist()
            )
            if not changes or changes[-1] < 64 or struck:
                break
            tick += 1
        ends.append(tick)
    return sorted(zip(part.notes.onset.tolist(), part.notes.pitch.tolist(), ends, strict=True))


@given(parts())
def test_notes_last_until_the_pedal_rises_or_their_pitch_is_struck_again(part):
    score = Score(4, (part,))
    (folded,) = fold(score).parts
    rows = zip(folded.notes.onset.tolist(), folded.notes.pitch.tolist(), folded.notes.end.tolist(),
               strict=True)  # fmt: skip
    assert sorted(rows) == ends_by_walking(part, score.end)


@given(parts())
def test_folding_leaves_no_pedal_shortens_no_note_and_is_done_once(part):
    score = Score(4, (part,))
    folded = fold(score)
    assert not len(folded.parts[0].pedal)
    assert folded.end == score.end
    assert folded.parts[0].notes.duration.sum() >= part.notes.duration.sum()
    assert fold(folded) == folded


@given(parts())
def test_without_a_pedal_folding_changes_nothing(part):
    score = Score(4, (Part("", 0, part.notes),))
    assert fold(score) == score


def _ends_by_walking(part: Part, last: int) -> list[int]:
    """What `sounding_ends` promises, tick by tick."""
    down = False
    states, rises = [], set()
    for tick in range(last + 2):
        for when, value in part.pedal.tolist():
            if when == tick:
                down = value >= 64
                rises |= set() if down else {tick}
        states.append(down)
    ends = []
    for onset, duration, pitch, _ in part.notes.rows.tolist():
        end = onset + duration
        while states[end] and end < last:
            struck = any(onset < o <= end and p == pitch for o, _, p, _ in part.notes.rows.tolist())
            if struck:
                break
            end += 1
            if end in rises:  # even if the pedal falls again at once
                break
        ends.append(max(end, onset + duration))
    return ends


ROWS = st.tuples(st.integers(0, 30), st.integers(1, 10), st.integers(60, 62), st.just(80))
PEDAL = st.lists(st.tuples(st.integers(0, 45), st.integers(0, 127)), max_size=6)


@given(rows=st.lists(ROWS, min_size=1, max_size=8), pedal=PEDAL)
def test_the_pedal_holds_a_note_until_it_rises_or_the_key_is_struck_again(rows, pedal):
    part = Part("", 0, Notes.of(rows), pedal=sorted(pedal, key=lambda row: row[0]))
    assert sounding_ends(part, 45).tolist() == _ends_by_walking(part, 45)
