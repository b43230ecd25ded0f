"""Which model `musegen generate` and `play` compose with, where none is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from musegen.errors import MusegenError
    from musegen.evaluation.trained import Trained
    from musegen.generation.choice import Chosen
    from musegen.generation.plan import Plan
    from musegen.generation.request import Request


def choose_model(named: Path | None, request: Request, plan: Plan, quiet: bool) -> Path:
    """The model named, or else the one trained last, or else the shipped one that suits.

    The one trained last is passed over where it cannot do what one that ships can.

    Raises:
        NotFound: there is no model.
        ModelError: none can do what is asked for.
        UsageError: what is asked for cannot be.
    """
    from musegen.evaluation.described import described
    from musegen.generation.choice import check_able, choose, fault_of

    from .state import recall
    from .terminal import say

    if named is not None:
        check_able(described(named), request, plan)
        return named
    last = recall("model")
    fault = None if last is None else fault_of(last, request, plan)
    if last is not None and fault is None:
        say(f"Composing with {last}, the model trained last.", quiet)
        return last
    chosen = choose(request, plan)
    if chosen is None or chosen.fault is not None:
        raise _refusal(last, fault, chosen)
    if fault is not None:
        say(f"{last}, the model trained last, cannot: {fault}.", quiet)
    say(f"Composing with {chosen.folder.name}, which ships with musegen: {chosen.why}.", quiet)
    return chosen.folder


def _refusal(last: Path | None, fault: MusegenError | None, chosen: Chosen | None) -> MusegenError:
    """That no model can do it: why not the one trained last, and why not the nearest that ships."""
    from musegen.errors import NotFound, UsageError

    way = "Train one: musegen train FOLDER. Or name one: --model DIR."
    told, faults = [], []
    if fault is not None:
        told.append(f"{last}, the model trained last, cannot do this: {fault}")
        faults.append(fault)
    if chosen is not None and chosen.fault is not None:
        told.append(f"no model that ships can do this ({chosen.folder.name}: {chosen.fault})")
        faults.append(chosen.fault)
    if not faults:
        return NotFound("no model was trained yet", hint=way)
    first = next((one for one in faults if isinstance(one, UsageError)), faults[0])
    return type(first)("; ".join(told), hint=first.hint or way)  # to ask rightly is the best way


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
