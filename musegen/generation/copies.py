"""How original what was composed is: the longest passages that it shares, and with what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from musegen.evaluation.originality import PASSAGES, Copied, Passages
from musegen.evaluation.trained import Trained
from musegen.score.excerpt import from_bar
from musegen.score.score import Part

from .compose import Composed
from .plan import Plan


class Copies(NamedTuple):
    """The longest passages of new music that stand elsewhere.

    Attributes:
        learnt: in the music that the model learnt from; None where that is not told.
        seed: in the seed.
    """

    learnt: Copied | None
    seed: Copied


def copies_in(model: Trained, plan: Plan, candidates: Sequence[Composed]) -> list[Copies]:
    """Those of each candidate; what it has from the seed as it stands does not count.

    Raises:
        ModelError: what the model says of the music it learnt from is damaged.
    """
    is_told = (model.folder / PASSAGES).exists()
    learnt = Passages.load(model.folder) if is_told else None
    seed = Passages.of([("the seed", plan.seed.parts)] if plan.seed is not None else [])
    new = [_new_parts(plan, candidate) for candidate in candidates]
    return [
        Copies(learnt.longest_in(parts) if learnt else None, seed.longest_in(parts))
        for parts in new
    ]


def _new_parts(plan: Plan, candidate: Composed) -> tuple[Part, ...]:
    if plan.seed is None or plan.omit_seed:
        return candidate.score.parts
    return from_bar(candidate.score, plan.seed.n_bars).parts
