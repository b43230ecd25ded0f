"""How long a piece of so many seconds or notes is, in bars."""

from __future__ import annotations

from dataclasses import replace

from musegen.evaluation.trained import Trained
from musegen.score.score import Score, bar_ticks, standing

from .compose import compose
from .plan import Plan
from .sampling import Sampling

_DRAFT = 4  # bars that tell the metre, tempo and density of a piece from nothing
_LIKE = 16  # bars at the end of a seed that tell how many notes a bar has


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

    What a seed does at its end it goes on doing. From nothing, a draft of four bars tells metre,
    tempo and density, and the piece keeps the first two.

    Raises:
        MusegenError: as in `compose`.
    """
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
    else:
        assert notes is not None
        bars = notes / _notes_a_bar(like)
    return replace(plan, bars=max(1, round(bars)))


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
