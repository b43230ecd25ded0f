"""How a piece comes to its close: of drafts of its last bars, one that ends there by itself.

The end is legal in one place alone. A mask that forces it there breaks a phrase off wherever the
model would have gone on. So the last bars are drawn several times, and one draft is kept, each with
a chance in proportion to how likely the model held the end where it came. This is sampling and
importance resampling (Rubin 1988): with many drafts it draws from the model's own pieces of that
length. No rule chooses a pitch. Where several pieces are composed they share the drafts, and where
there are as many pieces as drafts, rank.py weighs their ends.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from musegen.corpus.conditions import Conditions

from .drawer import Drawer, Drawn
from .plan import Plan

BARS = 2  # of a draft, and at most half of what is asked for
DRAFTS = 8


def undrawn(plan: Plan, conditions: Conditions, n: int) -> int:
    """How many of the last bars of each of `n` pieces are left to `closed`; 0 if they are not."""
    return min(BARS, plan.bars // 2) if plan.closes(conditions) and n <= DRAFTS // 2 else 0


def closed(
    drawer: Drawer,
    row: int,
    bars: int,
    drafts: int,
    random_seed: int,
    progress: Callable[[int, int], None] | None,
    stop: Callable[[], bool],
) -> Drawn:
    """What was drawn for a candidate, and the last bars, where those were left undrawn.

    Args:
        drawer: what has drawn the others.
        row: which candidate.
        bars: how many new bars it is to have.
        drafts: how many are drawn of the last.
        random_seed: all that chance depends on.
        progress: see `compose`.
        stop: asked before each word whether to break off.
    """
    drawn = drawer.row(row)
    if not drawer.rests(row) or stop():
        return drawn
    drafting = drawer.drafts(row, drafts, drawer.plan.of_bars(bars), random_seed)
    drafting.run(progress, stop)
    each = [_after(drawn, drafting.row(draft)) for draft in range(drafts)]
    weight = np.array([one.ending if _ends(drafting, one) else -np.inf for one in each])
    if np.isneginf(weight).all():
        return each[0]
    chances = np.exp(weight - weight.max())
    return each[int(drafting.chance.choice(drafts, p=chances / chances.sum()))]


def _after(before: Drawn, new: Drawn) -> Drawn:
    words = np.concatenate([before.words, new.words])
    return Drawn(words, np.concatenate([before.nats, new.nats]), new.finished, new.ending)


def _ends(drafting: Drawer, one: Drawn) -> bool:
    """Whether it came to its end, and is a piece."""
    seed = drafting.words[: drafting.join]
    whole = np.concatenate([seed, one.words])
    return one.finished and drafting.plan.join(drafting.model.vocabulary, whole).n_notes > 0
