"""From a plan to ranked music: the candidates, what is mended in them, and what speaks for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from musegen.errors import MusegenError
from musegen.evaluation.trained import Trained
from musegen.score.counts import counted
from musegen.score.score import Score

from .asked import sampling_of
from .compose import Composed, compose, compose_again, never
from .copies import Copies, Originals
from .kin import kin_of, with_kin
from .loops import Loops
from .plan import Plan
from .rank import Rank, n_silent, rank, units_of
from .request import Request

_ATTEMPTS = 4  # to have all parts play that were asked for


@dataclass(frozen=True)
class Ranked:
    """A candidate, its nats a unit, what speaks for it, what it copies, and which of n it was."""

    composed: Composed
    nats_per_unit: float
    rank: Rank
    copies: Copies
    row: int

    @property
    def score(self) -> Score:
        """The piece itself."""
        return self.composed.score


def fulfil(
    model: Trained,
    request: Request,
    plan: Plan,
    *,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] = never,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Ranked]:
    """Compose what is asked for, as `n` candidates in the order in which they were drawn.

    Those without a whole bar, or a note in it, are left out.

    Args:
        model: what composes.
        request: how many, and how.
        plan: what, from `settled`.
        progress: see `compose`.
        stop: see `compose`.
        tell: is told, in a sentence, what was mended.

    Raises:
        MusegenError: as in `compose` and `Originals`.
    """
    model = with_kin(model, kin_of(model, plan.played))
    sampling, chance = sampling_of(request), request.random_seed
    originals = Originals(model, plan)
    copied = None if request.max_copy is None else originals.beyond(request.max_copy)
    draw = partial(
        compose, model, plan, n=request.n, sampling=sampling, progress=progress, stop=stop
    )
    found = draw(random_seed=chance)
    for attempt in range(1, _ATTEMPTS):
        if stop() or not any(n_silent(one, plan) for one in found):
            break
        if attempt == 1:
            tell("Parts that were asked for stayed silent, so all was composed again.")
        others = partial(draw, random_seed=chance + attempt * request.n)
        found = _fuller(found, others, plan, stop)
    again = partial(compose_again, model, sampling=sampling, stop=stop)
    mended = _mended(found, request, plan, copied, again, stop, tell) if plan.at_once else found
    if not mended:
        raise MusegenError("no whole bar was composed yet")
    if len(mended) < request.n:
        left_out = counted(request.n - len(mended), "pieces")
        tell(f"Left out, as they have no whole bar or no note: {left_out}.")
    copies = [originals.copies_in(candidate) for candidate in mended]
    nats = [candidate.nats / units_of(model, candidate) for candidate in mended]
    ranks = rank(model, plan, mended, nats, copies, originals)
    told = zip(mended, nats, ranks, copies, strict=True)
    return [Ranked(*of, row) for row, of in enumerate(told)]


def _fuller(
    found: list[Composed],
    again: Callable[[], list[Composed]],
    plan: Plan,
    stop: Callable[[], bool],
) -> list[Composed]:
    """Of each candidate and another one that in which fewer parts are silent."""
    try:
        others = again()
    except MusegenError:
        return found
    if stop() or len(others) < len(found):
        return found
    pairs = zip(found, others, strict=True)
    return [min(pair, key=lambda one: n_silent(one, plan)) for pair in pairs]


def _mended(
    found: list[Composed],
    request: Request,
    plan: Plan,
    copied: Callable[[Composed], int | None] | None,
    again: Callable[..., Composed],
    stop: Callable[[], bool],
    tell: Callable[[str], None],
) -> list[Composed]:
    """The candidates, where they have flaws drawn `again`; see `fulfil`."""
    mended = []
    for row, candidate in enumerate(found):
        loops = Loops(plan)
        flaw = loops if copied is None else _first_of(loops, copied)
        as_long = plan.of_bars(plan.n_new(candidate.score)) if candidate.finished else plan
        try:
            mended.append(again(as_long, candidate, flaw, random_seed=request.random_seed + row))
        except MusegenError:
            if not stop():
                raise
            continue  # its first bar was to be drawn anew
        if loops.met:
            times = counted(loops.met, "times")
            still = ", and does so still" if loops.gave_up else ""
            tell(f"A piece went round in circles; it was drawn anew {times}{still}.")
    return mended


def best_first(found: Sequence[Ranked]) -> list[Ranked]:
    """The candidates in the order of their scores."""
    return sorted(found, key=lambda ranked: -ranked.rank.score)


def _first_of(*flaws: Callable[[Composed], int | None]) -> Callable[[Composed], int | None]:
    """The first bar that any of them finds."""

    def first(candidate: Composed) -> int | None:
        bars = [bar for bar in (flaw(candidate) for flaw in flaws) if bar is not None]
        return min(bars, default=None)

    return first
