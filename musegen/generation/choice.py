"""Which of the models that ship goes on from a piece, or composes from nothing, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from musegen.errors import MusegenError
from musegen.evaluation import described, folders
from musegen.evaluation.profile import Profile
from musegen.network.config import load_config
from musegen.score.score import Score
from musegen.vocabulary.choose import from_dict

from .plan import Plan
from .request import Request

_FROM_NOTHING = "tunes"  # the quickest, and a tune is whole by itself
_REASONS = 3


class Chosen(NamedTuple):
    """A model folder, and in a few words why it was taken."""

    folder: Path
    why: str


def choose(request: Request, plan: Plan) -> Chosen | None:
    """The model that ships and suits best what is asked for; None where none can do it.

    It must be able to say the seed, and to be told what is asked for. Of those that can, it is the
    one among whose pieces one like the seed is likeliest; of equals, the one with fewer nats.
    """
    music = plan.seed or next(iter(plan.movements), None)
    able = {
        folder: config
        for folder, config in _shipped().items()
        if _is_able(config, request, plan, music)
    }
    if not able:
        return None
    if music is None:
        folder = next((f for f in able if f.name == _FROM_NOTHING), next(iter(able)))
        mostly = Profile.of_config(able[folder]).mostly()
        known = f"the pieces that it learnt from mostly have {mostly}"
        return Chosen(folder, known if mostly else "it does not tell what it learnt from")
    folder = max(able, key=lambda folder: _suits(able[folder], music))
    common = Profile.of_config(able[folder]).common(music)[:_REASONS]
    if not common:
        return Chosen(folder, "no other that ships knows more of such music")
    return Chosen(folder, f"most pieces that it learnt from have {', '.join(common)} like the seed")


def _shipped() -> dict[Path, dict[str, Any]]:
    """The folders of the models that ship, by name, with their settings; less damaged ones."""
    found = {}
    for folder in sorted(folders.shipped_models().glob("*/")):
        try:
            found[folder] = load_config(folder)
        except MusegenError:
            continue
    return found


def _is_able(config: dict[str, Any], request: Request, plan: Plan, music: Score | None) -> bool:
    try:
        vocabulary, told = from_dict(config["vocabulary"]), described.conditions_of(config)
        if request.infill or request.accompany:
            told.require("given")
        if plan.instruments:
            vocabulary.places_of(plan.instruments)
        if music is not None:
            vocabulary.encode(music)
    except (MusegenError, KeyError, TypeError):
        return False
    return not request.style or request.style in told.styles


def _suits(config: dict[str, Any], music: Score) -> tuple[float, float]:
    nats = config.get("figures", {}).get("valid_nats", float("inf"))
    return Profile.of_config(config).likelihood(music), -nats
