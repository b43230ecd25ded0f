"""Which model `musegen generate` and `play` compose with, where none is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained
    from musegen.generation.plan import Plan
    from musegen.generation.request import Request


def choose_model(named: Path | None, request: Request, plan: Plan, quiet: bool) -> Path:
    """The model named, or else the one trained last, or else the shipped one that suits.

    Raises:
        NotFound: none was trained, and none ships.
        ModelError: none that ships can do what is asked for.
    """
    from musegen.errors import ModelError, NotFound
    from musegen.evaluation.folders import shipped_models
    from musegen.generation.choice import choose

    from .state import recall
    from .terminal import say

    if named is not None:
        return named
    last = recall("model")
    if last is not None:
        say(f"Composing with {last}, the model trained last.", quiet)
        return last
    chosen = choose(request, plan)
    hint = "Train one: musegen train FOLDER. Or name one: --model DIR."
    if chosen is not None:
        say(f"Composing with {chosen.folder.name}, which ships with musegen:\n{chosen.why}.", quiet)
        return chosen.folder
    if any(shipped_models().glob("*/")):
        raise ModelError("no model that ships with musegen can do this", hint=hint)
    raise NotFound("no model was trained yet", hint=hint)


def model_of(fingerprint: str, named: Path | None, device: str) -> Trained:
    """The model of this fingerprint: the one named, trained last, in ./runs, or one that ships.

    Raises:
        ModelError: it is none of them.
    """
    from musegen.errors import ModelError, MusegenError
    from musegen.evaluation.folders import shipped_models
    from musegen.evaluation.trained import load

    from .state import recall

    last = recall("model")
    places = Path("runs"), shipped_models()
    folders = (
        [named]
        if named is not None
        else [*([last] if last else []), *(f for place in places for f in sorted(place.glob("*/")))]
    )
    for folder in folders:
        try:
            model = load(folder, device)
        except MusegenError:
            continue
        if model.fingerprint == fingerprint:
            return model
    hint = "Name the folder where it is: --model DIR."
    reason = f"the model that made it, {fingerprint[:16]}, is not here"
    raise ModelError(reason, hint=hint)
