"""How a piece comes to its close: of drafts of its last bars, one that ends there by itself.

The end is legal in one place alone. A mask that forces it there breaks a phrase off wherever the
model would have gone on. So the last bars are drawn several times, and one draft is kept, each with
a chance in proportion to how likely the model held the end where it came. This is sampling and
importance resampling (Rubin 1988): with many drafts it draws from the model's own pieces of that
length. No rule chooses a pitch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from musegen.evaluation.trained import Trained
from musegen.vocabulary.vocabulary import Words

from .drawer import Drawer
from .plan import Plan
from .sampling import Sampling

BARS = 8  # of a draft
DRAFTS = 8


def closed(
    model: Trained,
    plan: Plan,
    words: Words,
    join: int,
    bars: int,
    sampling: Sampling,
    random_seed: int,
) -> tuple[int, Words, NDArray[np.float64]] | None:
    """Other last bars for a piece, which stood before it was drawn to its end.

    Args:
        model: what composes.
        plan: what is asked for.
        words: all words of the piece (T, F), of which the first `join` are the seed's.
        join: how many.
        bars: how many of its bars are new.
        sampling: how a value is drawn.
        random_seed: all that chance depends on.

    Returns:
        How many of the words stay, and those that follow them, with their nats; None where no
        draft came to its end.
    """
    passed = model.vocabulary.bars(words, model.vocabulary.features_of(words))
    kept = join + int(np.count_nonzero(passed[join:] < passed[join] + bars - BARS))
    drawer = Drawer(model, plan, words[:kept], join, DRAFTS, sampling, random_seed)
    drawer.run(None, lambda: False)
    if not drawer.tracker.done.any():
        return None
    weight = np.where(drawer.tracker.done, drawer.ending, -np.inf)
    chances = np.exp(weight - weight.max())
    new, nats, _ = drawer.row(int(drawer.chance.choice(DRAFTS, p=chances / chances.sum())))
    return kept, new, nats
