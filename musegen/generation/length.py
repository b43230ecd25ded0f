"""How long a piece of so many seconds or notes is, in bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from musegen.score.score import Score, bar_ticks, standing
from musegen.vocabulary.vocabulary import Words

from .plan import Plan
from .sampling import Sampling

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained

    from .drawer import Drawer

_DRAFT = 4  # bars that tell the metre, tempo and density of a piece from nothing
_LIKE = 16  # bars at the end of a seed that tell how many notes a bar has
_TRUST = 4  # new bars that count as much as the guess
_MOST = 4  # times as many bars as were guessed


@dataclass(frozen=True)
class OfNotes(Plan):
    """About so many new `notes`: how many bars they take, at first a guess, is told as they come.

    Told ahead, and not cut, so that each candidate closes where it is to end.
    """

    notes: int = 1

    def draw(
        self,
        drawer: Drawer,
        progress: Callable[[int, int], None] | None,
        stop: Callable[[], bool],
    ) -> None:
        """See Plan; the notes are counted halfway to the end, again and again."""
        tracker, seed = drawer.tracker, self.words(drawer.model.vocabulary)
        first = tracker.bars.copy()
        last, due = first + self.bars, first + (self.bars + 1) // 2

        def count() -> bool:
            tracker.last_bar = last
            for row in np.flatnonzero((tracker.bars >= due) & (due < last)).tolist():
                words = np.concatenate([seed, drawer.row(row)[0]])
                bars = int(tracker.bars[row] - first[row])
                left = self._bars_left(drawer.model, words, bars)
                last[row] = first[row] + bars + left
                due[row] = first[row] + bars + (left + 1) // 2
            return stop()

        drawer.run(progress, count)

    def of_bars(self, bars: int) -> Plan:
        """See Plan: what was drawn is as long as it is to be."""
        return replace(self, bars=bars)

    def _bars_left(self, model: Trained, words: Words, bars: int) -> int:
        """How many bars are to follow these words, whose last bars are new; at least one."""
        written = self.new(self.join(model.vocabulary, words)).n_notes
        a_bar = (written + _TRUST * self.notes / self.bars) / (bars + _TRUST)
        left = min(round((self.notes - written) / a_bar), _MOST * self.bars - bars)
        return max(1, left)


def lasting(
    model: Trained,
    plan: Plan,
    *,
    seconds: float | None = None,
    notes: int | None = None,
    sampling: Sampling | None = None,
    random_seed: int = 0,
) -> Plan:
    """The plan for a piece that lasts so many seconds, or has about so many notes, in whole bars.

    What a seed does at its end it is to go on doing. From nothing, a draft of four bars tells
    metre, tempo and density, and the piece keeps the first two.

    Raises:
        MusegenError: as in `compose`.
    """
    from .compose import compose  # it imports torch

    if seconds is None and notes is None:
        return plan
    like = plan.seed
    if like is None:
        draft = compose(
            model, replace(plan, bars=_DRAFT), sampling=sampling, random_seed=random_seed
        )
        like = draft[0].score
        _, numerator, denominator = like.metre[0].tolist()
        tempo = 60e6 / int(like.tempo[0, 1])
        opening = plan.opening._replace(metre=(numerator, denominator), tempo=tempo)
        plan = replace(plan, opening=opening)
    if seconds is not None:
        bars = seconds / _bar_seconds(like, plan)
        return replace(plan, bars=max(1, round(bars)))
    assert notes is not None
    plan = replace(plan, bars=max(1, round(notes / _notes_a_bar(like))))
    return OfNotes(**{f.name: getattr(plan, f.name) for f in fields(Plan)}, notes=notes)


def _bar_seconds(like: Score, plan: Plan) -> float:
    """How long a new bar lasts."""
    metre, tempo = plan.opening.metre, plan.opening.tempo
    numerator, denominator = metre or standing(like.metre, like.end)
    quarters = bar_ticks(numerator, denominator, like.ticks_per_quarter) / like.ticks_per_quarter
    (us,) = standing(like.tempo, like.end)
    return quarters * (60 / tempo if tempo else us / 1e6)


def _notes_a_bar(like: Score) -> float:
    """The mean of its last bars; at least one."""
    bars = min(_LIKE, like.n_bars)
    start = like.barlines[-bars - 1] if bars < like.n_bars else 0
    return max(1.0, sum(int((part.notes.onset >= start).sum()) for part in like.parts) / bars)
