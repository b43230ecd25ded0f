"""Seconds follow the tempo map."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.score import Score
from musegen.score.tempo import seconds_at

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
