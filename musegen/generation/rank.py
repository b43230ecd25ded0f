"""Which of several candidates comes first, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from musegen.evaluation.statistics import likeness
from musegen.evaluation.trained import Trained
from musegen.score.score import Score

from .compose import Composed
from .copies import Copies, Originals
from .plan import Plan
from .seed import silent_in

_OWN = 12  # notes; a passage of so many is no copy


class Rank(NamedTuple):
    """What speaks for a candidate, each 0 to 1; what cannot be told is None.

    Attributes:
        typical: how near its nats a unit come to those of held-out music.
        like_seed: how like the seed's its pitch classes, range, rhythm, density and form are.
        original: 12 by the notes of its longest passage that was learnt, and at most 1.
        complete: the share of the parts asked for by name that play.
        closes: how likely the model held what follows, the end or the music after a gap, beside
            the likeliest of all.
    """

    typical: float
    like_seed: float | None
    original: float | None
    complete: float | None = None
    closes: float | None = None

    @property
    def score(self) -> float:
        """The product of all that is told; the highest is the best."""
        return float(np.prod([part for part in self if part is not None]))


def n_silent(candidate: Composed, plan: Plan) -> int:
    """How many of the parts asked for by name have no note."""
    return len(silent_in(plan.new(candidate.score), plan)) if plan.n_asked else 0


def units_of(model: Trained, candidate: Composed) -> int:
    """How many units the new words hold (at least 1)."""
    units, score = model.vocabulary.units, replace(candidate.score, characters=0)
    words = candidate.words
    return max(1, units(score, words) - units(score, words[: candidate.join]))


def rank(
    model: Trained,
    plan: Plan,
    candidates: Sequence[Composed],
    nats: Sequence[float],
    copies: Sequence[Copies],
    originals: Originals,
) -> list[Rank]:
    """What speaks for each candidate, of these nats a unit, whose copies are these.

    The likeliest piece is a dull one, and an unlikely one is noise: good music is as surprising as
    real music (the typical set; Meister et al. 2023).
    """
    real = model.config.get("figures", {}).get("valid_nats")
    middle = sorted(nats)[len(nats) // 2] if real is None else float(real)
    ends = [one.ending if one.finished else -np.inf for one in candidates]
    leads = plan.closes(model.conditions) or plan.after_gap is not None
    surest = max(ends) if leads else -np.inf
    return [
        Rank(
            float(np.exp(-abs(np.log(max(n, 1e-9) / max(middle, 1e-9))))),
            None if plan.seed is None else _like(originals.new(candidate), plan.seed),
            None if copied.learnt is None else min(1.0, _OWN / max(1, copied.learnt.notes)),
            1 - n_silent(candidate, plan) / plan.n_asked if plan.n_asked else None,
            float(np.exp(end - surest)) if np.isfinite(surest) else None,
        )
        for n, candidate, copied, end in zip(nats, candidates, copies, ends, strict=True)
    ]


def _like(new: Score, seed: Score) -> float:
    return float(np.mean(list(likeness(new, seed).values())))
