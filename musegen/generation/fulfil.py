"""From a request to ranked music: the plan, the candidates, what is mended in them, their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from musegen.errors import UsageError
from musegen.evaluation.trained import Trained
from musegen.score.abc_fields import read_key, read_metre
from musegen.score.instruments import instrument_called
from musegen.score.score import Score
from musegen.vocabulary.vocabulary import Opening

from .accompany import accompaniment
from .compose import Composed, compose, compose_again, never
from .copies import Copies, Originals
from .infill import Infill
from .length import lasting
from .loops import Loops
from .plan import Plan
from .rank import Rank, rank
from .request import Request
from .sampling import Sampling, read_temperature
from .seed import opening_of

_BARS = 16
_OF_MUSIC_TO_COME = (
    *("bars", "seconds", "notes", "continue_from", "omit_seed", "finish"),
    *("key", "metre", "tempo", "instruments"),
)
_SLOWEST, _FASTEST = 10, 600  # quarters a minute


@dataclass(frozen=True)
class Ranked:
    """A candidate, what speaks for it, what it copies, and which of the n it was."""

    composed: Composed
    rank: Rank
    copies: Copies
    row: int


def sampling_of(request: Request) -> Sampling:
    """How values are drawn.

    Raises:
        UsageError: a setting is out of range, or cannot be read.
    """
    of_all, of_field = read_temperature(request.temperature)
    return Sampling(of_all, request.top_k, request.top_p, request.min_p, of_field)


def plan_of(request: Request, seed: Score | None, movements: Sequence[Score] = ()) -> Plan:
    """What is asked for, but for a length in seconds or notes, which hangs on the model.

    Raises:
        UsageError: it cannot be.
    """
    _check_apart(request)
    lengths = {"bars": request.bars, "seconds": request.seconds, "notes": request.notes}
    given = [name for name, length in lengths.items() if length is not None]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} cannot both be", hint="Give one of them.")
    opening = opening_read(request)
    bars = request.bars
    if movements:
        mean = round(np.mean([movement.n_bars for movement in movements]))
        bars = bars if given else max(1, mean)
    if request.infill:
        return infill_of(request, seed)
    names = _listed(request.instruments)
    return Plan(
        bars=_BARS if bars is None else bars,
        seed=seed,
        omit_seed=request.omit_seed,
        finish=request.finish,
        style=request.style,
        density=request.density,
        opening=opening,
        movements=tuple(movements),
        instruments=tuple(instrument_called(name) for name in names),
    )


def _check_apart(request: Request) -> None:
    """Make sure that what is asked for goes together.

    Raises:
        UsageError: it does not.
    """
    usual = Request()
    wants = [name for name in ("infill", "accompany") if getattr(request, name)]
    if not wants:
        return
    apart = [name for name in _OF_MUSIC_TO_COME if getattr(request, name) != getattr(usual, name)]
    apart += wants[1:] + ["max_copy"] * (wants[0] == "accompany" and request.max_copy is not None)
    if apart:
        option = apart[0].replace("_", "-")
        raise UsageError(f"--{wants[0]} and --{option} cannot both be", hint="Leave one out.")


def infill_of(request: Request, seed: Score | None) -> Infill:
    """The gap that is to be written anew.

    Raises:
        UsageError: it cannot be.
    """
    found = re.fullmatch(r"(\d+)(?::(\d+))?", request.infill.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last:
        hint = "Write the first and the last, as 9:12."
        raise UsageError(f"{request.infill!r} are no bars", hint=hint)
    style, density = request.style, request.density
    return Infill(last - first + 1, seed, style=style, density=density, first=first - 1)


def opening_read(request: Request) -> Opening:
    """The metre, key and tempo that are asked for.

    Raises:
        UsageError: one of them cannot be read.
    """
    metre = key = None
    if request.metre:
        try:
            metre = read_metre(request.metre)
        except ValueError:
            metre = None
        if metre is None:
            raise UsageError(f"{request.metre!r} is no metre", hint="Write 3/4 or 6/8.")
    if request.key:
        try:
            found = read_key(request.key)
        except ValueError:
            found = read_key("none")
        if not found.given:
            raise UsageError(
                f"{request.key!r} is no key", hint="Write G, F#m, Bb major or D dorian."
            )
        key = found.fifths, found.mode
    if request.tempo is not None and not _SLOWEST <= request.tempo <= _FASTEST:
        hint = f"Take {_SLOWEST} to {_FASTEST} quarters a minute."
        raise UsageError(f"no music is at tempo {request.tempo:g}", hint=hint)
    return Opening(metre, key, request.tempo)


def settled(model: Trained, request: Request, plan: Plan) -> Plan:
    """The plan with all that hangs on the model: home key, length in bars, parts to be written.

    Raises:
        ModelError: the model was never told what is asked for.
        UsageError: what is asked for cannot be.
    """
    if isinstance(plan, Infill):
        model.conditions.require("given")
        return plan
    if request.accompany:
        return accompaniment(model, plan, _listed(request.accompany))
    if plan.movements and model.vocabulary.says_key:
        plan = replace(plan, opening=opening_of(plan.movements[0], plan.opening))
    return lasting(
        model,
        plan,
        seconds=request.seconds,
        notes=request.notes,
        sampling=sampling_of(request),
        random_seed=request.random_seed,
    )


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
    sampling, chance = sampling_of(request), request.random_seed
    originals = Originals(model, plan)
    copied = None if request.max_copy is None else originals.beyond(request.max_copy)
    found = compose(
        model,
        plan,
        n=request.n,
        sampling=sampling,
        random_seed=chance,
        progress=progress,
        stop=stop,
    )
    mended = []
    for row, candidate in enumerate(found if plan.at_once else []):
        loops = Loops(plan)
        flaw = loops if copied is None else _first_of(loops, copied)
        new = compose_again(
            model, plan, candidate, flaw, sampling=sampling, random_seed=chance + row, stop=stop
        )
        if loops.met:
            tell(f"Piece {row + 1} went round in circles; it was drawn anew {loops.met} times.")
        mended.append(new)
    mended = mended or found
    copies = [originals.copies_in(candidate) for candidate in mended]
    ranks = rank(model, plan, mended, copies, originals)
    return [Ranked(*of, row) for row, of in enumerate(zip(mended, ranks, copies, strict=True))]


def best_first(found: Sequence[Ranked]) -> list[Ranked]:
    """The candidates in the order of their scores."""
    return sorted(found, key=lambda ranked: -ranked.rank.score)


def _listed(text: str) -> list[str]:
    return [name for name in text.split(",") if name.strip()]


def _first_of(*flaws: Callable[[Composed], int | None]) -> Callable[[Composed], int | None]:
    """The first bar that any of them finds."""

    def first(candidate: Composed) -> int | None:
        bars = [bar for bar in (flaw(candidate) for flaw in flaws) if bar is not None]
        return min(bars, default=None)

    return first
