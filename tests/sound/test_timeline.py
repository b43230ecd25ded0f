"""Seconds follow the tempo map, and the pedal holds what it should."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.pedal import sounding_ends
from musegen.score.score import Notes, Part, Score
from musegen.sound.timeline import seconds_at

TEMPI = st.dictionaries(st.integers(1, 400), st.integers(100_000, 2_000_000), max_size=5)


@given(tempi=TEMPI, first=st.integers(100_000, 2_000_000), per_quarter=st.integers(1, 960))
def test_seconds_are_the_sum_of_the_ticks_before(tempi, first, per_quarter):
    tempo = {0: first, **tempi}
    score = Score(per_quarter, (), tempo=sorted(tempo.items()))
    expected, now, standing = [], 0.0, first
    for tick in range(420):
        expected.append(now)
        standing = tempo.get(tick, standing)
        now += standing / 1e6 / per_quarter
    assert np.allclose(seconds_at(score, np.arange(420)), expected)


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
