"""When a tick sounds, in seconds, and whether anybody said how fast."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musegen.score.score import DEFAULT_TEMPO_US, Score


def seconds_at(score: Score, ticks: ArrayLike) -> NDArray[np.float64]:
    """The seconds from the beginning at which ticks (…) sound by the tempo map (…)."""
    ticks = np.asarray(ticks, dtype=np.int64)
    starts, tempo_us = score.tempo.T
    seconds_a_tick = tempo_us / (1e6 * score.ticks_per_quarter)
    begins = np.concatenate([[0.0], np.cumsum(np.diff(starts) * seconds_a_tick[:-1])])
    row = np.searchsorted(starts, ticks, side="right") - 1
    return np.asarray(begins[row] + (ticks - starts[row]) * seconds_a_tick[row])


def lacks_tempo(score: Score) -> bool:
    """Whether nobody said a tempo, so that 120 quarters a minute are assumed throughout."""
    return not score.says_tempo and score.tempo.tolist() == [[0, DEFAULT_TEMPO_US]]
