"""How new music meets what must follow: of drafts of its last bars, one that leads there.

What follows is the end, which is legal in one place alone, or the music after a gap. A mask that
forces the end breaks a phrase off wherever the model would have gone on, and a gap that is filled
from its left may lead anywhere. So the last bars are drawn several times, and one draft is kept,
each with a chance in proportion to how likely the model holds what follows it. This is sampling and
importance resampling (Rubin 1988): with many drafts it draws from the model's own pieces that go on
like that. No rule chooses a pitch. Of several pieces each has fewer drafts; of many none is
drafted, and rank.py weighs what follows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from musegen.corpus.conditions import Conditions
from musegen.evaluation.likelihood import word_nats
from musegen.evaluation.trained import Trained
from musegen.score.excerpt import until_bar
from musegen.score.score import Score

from .drawer import Drawer, Drawn
from .plan import Plan
from .seed import last_bar, sounds_until

DRAFTS = 8  # of one piece
_FEWEST = 4  # of each of several
_MANY = 5  # pieces of which none is drafted
_TO_END = 1  # bars of a draft that is to end, at most half of what is asked for
_TO_GO_ON = 2  # bars of one that is to lead on, at most the whole gap
_AHEAD = 2  # bars after a gap that are looked at
_BEHIND = 512  # words before them, at most


def undrawn(plan: Plan, conditions: Conditions, n: int) -> int:
    """How many of the last bars of each of `n` pieces are left to `closed`; 0 if they are not."""
    if n >= _MANY:
        return 0
    if plan.after_gap is not None:
        return min(_TO_GO_ON, plan.bars)
    return min(_TO_END, plan.bars // 2) if plan.closes(conditions) else 0


def drafts_of_each(n: int) -> int:
    """How many drafts each of `n` pieces has, where any has."""
    return max(DRAFTS // n, _FEWEST)


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
        return _weighed(drawer, drawn)
    drafting = drawer.drafts(row, drafts, drawer.plan.of_bars(bars), random_seed)
    drafting.run(progress, stop)
    each = [_after(drawn, drafting.row(draft)) for draft in range(drafts)]
    each = [_weighed(drafting, one) for one in each]
    weight = np.array([one.ending if one.finished else -np.inf for one in each])
    if np.isneginf(weight).all():
        return each[0]
    chances = np.exp(weight - weight.max())
    return each[int(drafting.chance.choice(drafts, p=chances / chances.sum()))]


def follows(model: Trained, plan: Plan, score: Score) -> float:
    """How likely the music after a gap that was filled is, as log p where nothing is given.

    Args:
        model: what composed.
        plan: what was asked for: a gap, and not the last bars.
        score: the seed with new music in its gap.
    """
    assert plan.after_gap is not None
    vocabulary = model.vocabulary
    heard = vocabulary.prime(until_bar(score, min(plan.after_gap + _AHEAD, score.n_bars)))
    features = vocabulary.features_of(heard)
    bars = vocabulary.bars(heard, features)
    read = slice(max(0, int(np.searchsorted(bars, plan.after_gap)) - _BEHIND), None)
    told, after = plan.told(model.conditions, bars), bars >= plan.after_gap
    nats = word_nats(model.network, heard[read], features[read], told[read], after[read])
    return -float(nats.sum())


def _weighed(drawer: Drawer, drawn: Drawn) -> Drawn:
    """What was drawn, with how likely what follows is; silence is no end."""
    plan = drawer.plan
    if not drawn.finished:
        return drawn
    if plan.after_gap is not None:
        return drawn._replace(ending=follows(drawer.model, plan, _joined(drawer, drawn)))
    if plan.closes(drawer.model.conditions) and _is_silent(_joined(drawer, drawn)):
        return drawn._replace(ending=-np.inf)
    return drawn


def _is_silent(score: Score) -> bool:
    """Whether nothing sounds in the last bar."""
    return sounds_until(score) <= last_bar(score)


def _after(before: Drawn, new: Drawn) -> Drawn:
    words = np.concatenate([before.words, new.words])
    return Drawn(words, np.concatenate([before.nats, new.nats]), new.finished, new.ending)


def _joined(drawer: Drawer, drawn: Drawn) -> Score:
    words = np.concatenate([drawer.words[: drawer.join], drawn.words])
    return drawer.plan.join(drawer.model.vocabulary, words)
