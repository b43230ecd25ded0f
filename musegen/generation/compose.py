"""New music from a model: a batch of candidates drawn word by word, with cached state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from musegen.errors import MusegenError
from musegen.evaluation.trained import Trained
from musegen.score.score import Score
from musegen.vocabulary.vocabulary import Words

from .close import closed, drafts_of_each, follows, undrawn
from .drawer import Drawer, Drawn, plain_kernels
from .plan import Plan
from .sampling import Sampling

_TRIES = 60  # to get beyond a bar that has a flaw
_TRIES_A_BAR = 3  # then the bar before is drawn again too, and all at a higher temperature
_WARMER = 0.1


def never() -> bool:
    """What never asks to break off."""
    return False


@dataclass(frozen=True)
class Composed:
    """One candidate.

    Attributes:
        score: the seed untouched and the new music after it, or the new music alone.
        words: all words, those of the seed first (T, F).
        join: how many of them are the seed's.
        word_nats: −log p of each new word, by the model's own scores (T − join,).
        finished: whether it came to its end, and was not broken off after its last whole bar.
        ending: log p that the model gave what follows: the end, or the music after a gap.
    """

    score: Score
    words: Words
    join: int
    word_nats: NDArray[np.float64]
    finished: bool
    ending: float = 0.0

    @property
    def nats(self) -> float:
        """−log p of the new words."""
        return float(self.word_nats.sum())


def compose(
    model: Trained,
    plan: Plan,
    *,
    n: int = 1,
    sampling: Sampling | None = None,
    random_seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] = never,
) -> list[Composed]:
    """Draw `n` continuations of the plan's seed, or pieces from nothing.

    Args:
        model: what composes.
        plan: what is asked for.
        n: how many candidates, drawn as one batch.
        sampling: how a value is drawn.
        random_seed: the same one gives the same pieces on the same machine.
        progress: told how many new bars of how many are complete in every candidate.
        stop: asked before each word whether to break off; whole bars are kept.

    Returns:
        The candidates that have a whole bar, and a note.

    Raises:
        ModelError: the seed does not fit the model's vocabulary, or the model cannot be told what
            the plan asks for.
        UsageError: the model does not know the style or density asked for.
        MusegenError: no candidate has a note, or a whole bar.
    """
    seed, how = plan.words(model.vocabulary), sampling or Sampling()
    left, drafts, found = undrawn(plan, model.conditions, n), drafts_of_each(n), []
    rows = n if plan.at_once else 1
    with plain_kernels():
        for chance in range(random_seed, random_seed + n, rows):
            tracker = plan.tracker(model.vocabulary, seed, len(seed), rows)
            drawer = Drawer(model, plan, seed, len(seed), tracker, how, chance, left)
            first = drawer.tracker.bars.copy()
            plan.draw(drawer, progress, stop)
            for row, bars in enumerate((drawer.last_bar - first).tolist()):
                tell = progress if row == rows - 1 else None
                found.append(closed(drawer, row, bars, drafts, chance + row, tell, stop))
    return _whole(found, lambda drawn: _composed(model, plan, seed, drawn))


def _whole(found: Iterable[Drawn], composed: Callable[[Drawn], Composed]) -> list[Composed]:
    """What was drawn and has a whole bar, and a note in it.

    Raises:
        MusegenError: nothing has.
    """
    whole: list[Composed] = []
    fault: MusegenError | None = None
    for drawn in found:
        try:
            whole.append(composed(drawn))
        except MusegenError as error:
            fault = error
    if fault is not None and not whole:
        raise fault
    return whole


def compose_again(
    model: Trained,
    plan: Plan,
    candidate: Composed,
    flaw: Callable[[Composed], int | None],
    *,
    sampling: Sampling | None = None,
    random_seed: int = 0,
    stop: Callable[[], bool] = never,
) -> Composed:
    """Draw a candidate's bars again until none has a flaw.

    It stays as it is up to its first flaw. `flaw` tells the first new bar of music so far that is
    to be drawn again, the first being 0; None where all are well. If drawing it again does not
    help, the bars before it are too, and more freely. The rest is as in `compose`.

    Raises:
        MusegenError: no way without a flaw was found.
    """
    bar = flaw(candidate)
    if bar is None:
        return candidate
    words, join = candidate.words, candidate.join
    passed = model.vocabulary.bars(words, model.vocabulary.features_of(words))
    kept = join + int(np.count_nonzero(passed[join:] < passed[join] + bar))
    before = candidate.word_nats[: kept - join]
    tracker = plan.tracker(model.vocabulary, words[:kept], join, 1)
    drawer = Drawer(model, plan, words[:kept], join, tracker, sampling or Sampling(), random_seed)

    def so_far() -> Composed:
        new = drawer.row(0)
        every = np.concatenate([words[join:kept], new.words])
        nats = np.concatenate([before, new.nats])
        drawn = Drawn(every, nats, new.finished, new.ending)
        return _composed(model, plan, words[:join], drawn)

    with plain_kernels():
        _draw_again(drawer, bar, lambda: flaw(so_far()), stop)
        found = so_far()
        if plan.after_gap is None or not found.finished:
            return found
        return replace(found, ending=follows(model, plan, found.score))


def _draw_again(
    drawer: Drawer, first: int, flaw: Callable[[], int | None], stop: Callable[[], bool]
) -> None:
    """Draw bar by bar from bar `first` on; back where there is a flaw, to the bar that has it."""
    drawer.read()
    starts, furthest, stuck = [drawer.snapshot()], 0, 0
    while not drawer.tracker.done.all() and not stop():
        is_whole = drawer.bar()
        wrong = flaw()
        if wrong is None and not is_whole:
            return
        if wrong is None:
            starts.append(drawer.snapshot())
            furthest, stuck = max(furthest, len(starts)), stuck if len(starts) <= furthest else 0
            continue
        stuck += 1
        if stuck > _TRIES:
            hint = "Take another --random-seed, or ask for less."
            raise MusegenError("every way that was tried led to the same flaw", hint=hint)
        back = stuck // _TRIES_A_BAR
        del starts[max(0, wrong - first - back) + 1 :]
        drawer.restore(starts[-1], _WARMER * back)


def _composed(model: Trained, plan: Plan, seed: Words, drawn: Drawn) -> Composed:
    words = np.concatenate([seed, drawn.words]).astype(np.int16)
    score = plan.join(model.vocabulary, words)
    hint = "Try another --random-seed, or train it for longer."
    if score.n_bars == plan.n_old:
        raise MusegenError("the model wrote too many notes for one bar", hint=hint)
    if not score.n_notes:
        raise MusegenError("the model wrote no note", hint=hint)
    return Composed(score, words, len(seed), drawn.nats, drawn.finished, drawn.ending)
