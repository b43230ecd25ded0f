"""From what a person asks for to a plan: what is read of it, and what hangs on the model."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from musegen.errors import UsageError
from musegen.score.abc_fields import read_key, read_metre
from musegen.score.bars import first_number, last_number
from musegen.score.fingerprint import SHORTEST
from musegen.score.instruments import instrument_called
from musegen.score.score import Score
from musegen.training.schedule import seconds_of
from musegen.vocabulary.vocabulary import Opening

from .accompany import accompaniment
from .infill import Infill
from .length import lasting
from .movements import with_passage
from .plan import Plan
from .request import Request
from .sampling import Sampling, read_temperature

if TYPE_CHECKING:  # to import torch takes seconds, and what is asked wrongly is told at once
    from musegen.evaluation.described import Described
    from musegen.evaluation.trained import Trained

_OF_MUSIC_TO_COME = (
    *("bars", "seconds", "notes", "continue_from", "omit_seed", "finish"),
    *("key", "metre", "tempo", "instruments"),
)
_SLOWEST, _FASTEST = 10, 600  # quarters a minute


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
    check(request)
    bars = request.bars
    if movements and not _lengths(request):
        bars = max(1, round(np.mean([last_number(movement) for movement in movements])))
    if request.infill:
        return infill_of(request, seed)
    return Plan(
        bars=Plan.bars if bars is None else bars,
        seed=seed,
        omit_seed=request.omit_seed,
        finish=request.finish,
        style=request.style,
        density=request.density,
        opening=opening_asked(request),
        movements=tuple(movements),
        instruments=_instruments(request),
    )


def check(request: Request) -> None:
    """Make sure of all that neither the seed nor the model has a say in.

    Raises:
        UsageError: a setting cannot be read, or two do not go together.
    """
    _check_apart(request)
    lengths = _lengths(request)
    if len(lengths) > 1:
        reason = f"--{lengths[0]} and --{lengths[1]} cannot both be"
        raise UsageError(reason, hint="Give one of them.")
    if request.seconds is not None and not math.isfinite(request.seconds):
        raise UsageError("no piece lasts so long", hint="Write --seconds 60.")
    sampling_of(request)
    opening_asked(request)
    _instruments(request)
    if request.adapt:
        seconds_of(request.adapt)
        if not request.seed:
            raise UsageError("--adapt needs music to adapt to", hint="Name it with --seed.")
    if request.max_copy is not None and request.max_copy < SHORTEST:
        reason = f"passages of fewer than {SHORTEST} notes are anybody's, not {request.max_copy}"
        raise UsageError(reason, hint=f"Take --max-copy {SHORTEST} or more.")


def _lengths(request: Request) -> list[str]:
    """The options that say how long."""
    names = ("bars", "seconds", "notes")
    return [name for name in names if getattr(request, name) is not None]


def _instruments(request: Request) -> tuple[int, ...]:
    return tuple(instrument_called(name) for name in _listed(request.instruments))


def _check_apart(request: Request) -> None:
    """Make sure that what is asked for goes together.

    Raises:
        UsageError: it does not.
    """
    usual = Request()
    wants = [name for name in ("infill", "accompany") if getattr(request, name)]
    if not wants:
        return
    if not request.seed:
        raise UsageError(f"--{wants[0]} needs a piece", hint="Name one with --seed FILE.")
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
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, -1)
    of_first = 1 if seed is None else first_number(seed)
    if not of_first <= first <= last:
        hint = "Write the first and the last, as 9:12."
        raise UsageError(f"{request.infill!r} are no bars", hint=hint)
    style, density = request.style, request.density
    return Infill(last - first + 1, seed, style=style, density=density, first=first - of_first)


def opening_asked(request: Request) -> Opening:
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
        if metre is None or metre[1].bit_count() != 1:
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
    plan = suited(model, request, plan)
    if plan.movements:
        plan = with_passage(plan, model)
    return lasting(
        model,
        plan,
        seconds=request.seconds,
        notes=request.notes,
        sampling=sampling_of(request),
        random_seed=request.random_seed,
    )


def suited(model: Trained | Described, request: Request, plan: Plan) -> Plan:
    """The same but for a length in seconds or notes, which the network has a say in.

    Raises:
        ModelError: the model was never told what is asked for.
        UsageError: what is asked for cannot be.
    """
    if isinstance(plan, Infill):
        model.conditions.require("given")
        return plan
    if request.accompany:
        return accompaniment(model, plan, _listed(request.accompany))
    if model.conditions.key:
        plan = replace(plan, home=plan.opening.key)
        if not model.vocabulary.says_key:
            plan = replace(plan, opening=plan.opening._replace(key=None))
    return plan


def _listed(text: str) -> list[str]:
    return [name for name in text.split(",") if name.strip()]
