"""`musegen generate --adapt`: the model learns from the seed first, and says what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained
    from musegen.generation.adapt import Adapted
    from musegen.generation.plan import Plan
    from musegen.generation.request import Request


def adapt(model: Trained, request: Request, plan: Plan, quiet: bool) -> tuple[Trained, Request]:
    """A copy of the model that has learnt from the seed, if that was asked for; and how long.

    Raises:
        MusegenError: it is too short.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    from musegen.generation.adapt import adapted
    from musegen.training.schedule import seconds_of

    from .terminal import counting, until_interrupted

    if not request.adapt:
        return model, request
    seconds = seconds_of(request.adapt)
    with until_interrupted() as stop, counting("adapting", quiet) as progress:
        found = adapted(
            model,
            plan.heard_before,
            seconds=seconds,
            steps=request.adapt_steps,
            random_seed=request.random_seed,
            progress=progress,
            stop=stop,
        )
    if stop():
        raise KeyboardInterrupt
    _tell(found, quiet)
    return found.model, replace(request, adapt_steps=found.steps)


def _tell(found: Adapted, quiet: bool) -> None:
    from musegen.generation.kin import told_kin

    from .terminal import say

    if found.kin:
        say(told_kin(found.kin), quiet)
    if found.after < found.before:
        gain = f"from {found.before:.3f} to {found.after:.3f} nats a {found.model.vocabulary.unit}"
        early = f", and no further after {found.made} of {found.steps} updates"
        say(
            f"Adapted to the seed: its held-out last bars went {gain}"
            f"{early if found.made < found.steps else ''}.",
            quiet,
        )
    else:
        say(
            "Nothing learnt from the seed helped with its last bars; the model is as it was.", quiet
        )
