"""Music that goes round in circles: the same bars again and again, far beyond what is usual."""

from __future__ import annotations

import numpy as np

from musegen.score.score import Score

from .compose import Composed
from .plan import Plan

_PERIODS = (1, 2, 4)  # bars
_AGAIN = {1: 9, 2: 10, 4: 12}  # bars in a row that equal the one a period before
_PATIENCE = 20  # loops met before the music is left to itself


class Loops:
    """Tells the first new bar of a candidate that goes on with a loop.

    A loop is one bar ten times, two bars six times or four bars four times: of 200 bands and
    orchestras 4 % have one anywhere. A seed that repeats its bars more often may go on with it.

    Attributes:
        met: how many were met.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self.met = plan, 0
        runs = {} if plan.seed is None else longest_runs(plan.seed)
        self._most = {period: max(_AGAIN[period], runs.get(period, 0) + 1) for period in _PERIODS}

    @property
    def gave_up(self) -> bool:
        """Whether so many were met that the music is left to itself."""
        return self.met >= _PATIENCE

    def __call__(self, candidate: Composed) -> int | None:
        """The first new bar that a loop has too many, the first being 0; None without one."""
        if self.gave_up:
            return None
        runs = _runs(self._plan.new(candidate.score))
        looped = [np.flatnonzero(runs[period] >= self._most[period]) for period in _PERIODS]
        first = min((int(bars[0]) for bars in looped if len(bars)), default=None)
        self.met += first is not None
        return first


def longest_runs(score: Score) -> dict[int, int]:
    """For each period the most bars in a row that equal the bar so many bars before."""
    return {period: int(run.max(initial=0)) for period, run in _runs(score).items()}


def _runs(score: Score) -> dict[int, np.ndarray]:
    """For each period, how many bars in a row, up to each, equal the bar a period before (K,)."""
    bars = _contents(score)
    found = {}
    for period in _PERIODS:
        run, column = 0, []
        for bar in range(len(bars)):
            run = run + 1 if bar >= period and bars[bar] == bars[bar - period] else 0
            column.append(run)
        found[period] = np.array(column, np.int64)
    return found


def _contents(score: Score) -> list[frozenset[tuple[int, ...]]]:
    """The notes that begin in each bar: part, onset in the bar, duration, pitch."""
    starts = np.concatenate([[0], score.barlines[:-1]]).astype(np.int64)[: score.n_bars]
    bars: list[set[tuple[int, ...]]] = [set() for _ in starts]
    for number, part in enumerate(score.parts):
        place = np.searchsorted(starts, part.notes.onset, side="right") - 1
        for bar, (onset, duration, pitch, _) in zip(
            place.tolist(), part.notes.rows.tolist(), strict=True
        ):
            bars[bar].add((number, onset - int(starts[bar]), duration, pitch))
    return [frozenset(bar) for bar in bars]
