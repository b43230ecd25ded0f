"""Which of several candidates comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from musegen.evaluation.trained import Trained

from .compose import Composed


def units_of(model: Trained, candidate: Composed) -> int:
    """How many units the new words hold (at least 1)."""
    units, score = model.vocabulary.units, replace(candidate.score, characters=0)
    words = candidate.words
    return max(1, units(score, words) - units(score, words[: candidate.join]))


def rank_scores(model: Trained, candidates: Sequence[Composed]) -> list[float]:
    """A score for each candidate; the highest is the best.

    It is how near its nats a unit come to those of held-out music. The likeliest piece is a dull
    one, and an unlikely one is noise: good music is as surprising as real music (the typical set;
    Meister et al. 2023).
    """
    real = model.config.get("figures", {}).get("valid_nats")
    nats = [c.nats / units_of(model, c) for c in candidates]
    middle = sorted(nats)[len(nats) // 2] if real is None else float(real)
    return [-abs(n - middle) for n in nats]
