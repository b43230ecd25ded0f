"""Whether a model can do what is asked for, and which of those that ship suits it best, and why.

All of it is told before torch, which takes seconds, is imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from musegen.errors import MusegenError, UsageError
from musegen.evaluation import folders
from musegen.evaluation.described import Described, described
from musegen.evaluation.profile import Profile
from musegen.network.config import load_config
from musegen.score.score import Score

from .asked import sampling_of, suited
from .plan import Plan
from .request import Request

_FROM_NOTHING = "tunes"  # the quickest, and a tune is whole by itself
_REASONS = 2


class Chosen(NamedTuple):
    """A model folder, and in a few words why it was taken; or why even this one cannot."""

    folder: Path
    why: str
    fault: MusegenError | None = None


def check_able(model: Described, request: Request, plan: Plan) -> None:
    """Make sure that a model has words for the seed, and can be told all that is asked for.

    Raises:
        ModelError: it has none, or cannot.
        UsageError: it knows no such style, density or field, or the parts asked for cannot be.
    """
    plan, vocabulary = suited(model, request, plan), model.vocabulary
    plan.told(model.conditions, np.ones(1, np.int64), plan.role)
    sampling_of(request).for_fields([field.name for field in vocabulary.fields])
    is_next = bool(plan.movements)  # then its key is told first: movements.py
    vocabulary.start(1).ask(plan.opening._replace(key=None) if is_next else plan.opening)
    if plan.instruments:
        vocabulary.places_of(plan.instruments)
    plan.context(vocabulary, plan.words(vocabulary))


def fault_of(folder: Path, request: Request, plan: Plan) -> MusegenError | None:
    """Why a model that nobody named should not be taken; None where it can do what is asked for."""
    try:
        model = described(folder)
        check_able(model, request, plan)
        for movement in plan.movements[:1]:  # a new one from nothing needs no words for it
            Plan(seed=movement).words(model.vocabulary)
    except MusegenError as error:
        return error
    return None


def choose(request: Request, plan: Plan) -> Chosen | None:
    """The model that ships and suits best what is asked for; None where none ships.

    Of those that can do it, it is the one among whose pieces one like the seed is likeliest; of
    equals, the one with fewer nats. Where none can, it is that one of those that could if it were
    asked rightly, or else of all, with what it lacks.
    """
    shipped = _shipped()
    if not shipped:
        return None
    faults = {folder: fault_of(folder, request, plan) for folder in shipped}
    able = [folder for folder, fault in faults.items() if fault is None]
    wrong = [folder for folder, fault in faults.items() if isinstance(fault, UsageError)]
    music = plan.seed or next(iter(plan.movements), None)
    folder = _nearest({folder: shipped[folder] for folder in able or wrong or faults}, music)
    return Chosen(folder, _why(Profile.of_config(shipped[folder]), music), faults[folder])


def _shipped() -> dict[Path, dict[str, Any]]:
    """The folders of the models that ship, by name, with their settings; less damaged ones."""
    found = {}
    for folder in sorted(folders.shipped_models().glob("*/")):
        try:
            found[folder] = load_config(folder)
        except MusegenError:
            continue
    return found


def _nearest(models: dict[Path, dict[str, Any]], music: Score | None) -> Path:
    """That of the models which knows music best; to begin from nothing, the quick one."""
    if music is None:
        return next((f for f in models if f.name == _FROM_NOTHING), next(iter(models)))
    return max(models, key=lambda folder: _suits(models[folder], music))


def _suits(config: dict[str, Any], music: Score) -> tuple[float, float]:
    nats = config.get("figures", {}).get("valid_nats", float("inf"))
    return Profile.of_config(config).likelihood(music), -nats


def _why(profile: Profile, music: Score | None) -> str:
    """Why it was taken; how far it is from the music is told in `seed.remarks`, and not here."""
    if music is None:
        mostly = profile.mostly()
        return f"its pieces mostly have {mostly}" if mostly else "a piece from nothing suits it"
    common = [] if profile.foreign(music) else profile.common(music)
    if not common:
        return "of those that ship, it comes nearest"
    return f"like the seed, most of its pieces have {' and '.join(common[:_REASONS])}"
