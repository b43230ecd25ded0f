"""How a piece comes to its close: of drafts of its last bars, one that ends there by itself.

The end is legal in one place alone. A mask that forces it there breaks a phrase off wherever the
model would have gone on. So the last bars are drawn several times, and one draft is kept, each with
a chance in proportion to how likely the model held the end where it came. This is sampling and
importance resampling (Rubin 1988): with many drafts it draws from the model's own pieces of that
length. No rule chooses a pitch.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from musegen.evaluation.trained import Trained
from musegen.vocabulary.vocabulary import Words

from .drawer import Drawer, Drawn
from .plan import Plan
from .sampling import Sampling

BARS = 8  # of a draft
DRAFTS = 8


def closed(
    model: Trained,
    plan: Plan,
    seed: Words,
    drawn: Drawn,
    bars: int,
    sampling: Sampling,
    random_seed: int,
    stop: Callable[[], bool],
) -> Drawn:
    """What was drawn after a seed, with other last bars; as it is where no draft came to its end.

    Args:
        model: what composes.
        plan: what is asked for.
        seed: the words of the seed (T, F).
        drawn: what follows them.
        bars: how many bars that is.
        sampling: how a value is drawn.
        random_seed: all that chance depends on.
        stop: asked before each word whether to break off.
    """
    words = np.concatenate([seed, drawn[0]]).astype(np.int16)
    passed = model.vocabulary.bars(words, model.vocabulary.features_of(words))[len(seed) :]
    kept = int(np.count_nonzero(passed < passed[0] + bars - BARS))
    before = words[: len(seed) + kept]
    drawer = Drawer(model, plan.of_bars(bars), before, len(seed), DRAFTS, sampling, random_seed)
    drawer.run(None, stop)
    if not drawer.tracker.done.any():
        return drawn
    weight = np.where(drawer.tracker.done, drawer.ending, -np.inf)
    chances = np.exp(weight - weight.max())
    new, nats, _ = drawer.row(int(drawer.chance.choice(DRAFTS, p=chances / chances.sum())))
    if not plan.join(model.vocabulary, np.concatenate([before, new])).n_notes:
        return drawn
    return np.concatenate([drawn[0][:kept], new]), np.concatenate([drawn[1][:kept], nats]), True
