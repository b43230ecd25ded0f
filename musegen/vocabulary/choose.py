"""Which vocabulary suits a corpus, and a vocabulary from its saved settings."""

from __future__ import annotations

from typing import Any

from musegen.errors import ModelError, UsageError
from musegen.score.score import Score

from .abc import AbcVocabulary
from .grid import GridVocabulary
from .notes import NotesVocabulary
from .vocabulary import Vocabulary

NAMES = ("abc", "grid", "notes")
_TUNES_SHARE = 0.98  # of the pieces must be tunes for abc to be chosen; the others are skipped
_GRID_SHARE = 0.995  # of the notes must survive the grid for it to be chosen


def build(scores: list[Score], name: str = "auto", steps: int | None = None) -> Vocabulary:
    """The vocabulary `name` over the scores; `auto` takes the one that suits.

    Raises:
        ModelError: the scores do not fit the vocabulary that was asked for.
        UsageError: there is no vocabulary of that name.
    """
    if name == "auto":
        name = suits(scores)
    if name == "abc":
        return AbcVocabulary.build([s for s in scores if AbcVocabulary.fits(s)] or scores)
    if name == "grid":
        return GridVocabulary.build(scores)
    if name == "notes":
        return NotesVocabulary.build(scores, steps)
    raise UsageError(f"no vocabulary is called {name}", hint=f"Take one of {', '.join(NAMES)}.")


def suits(scores: list[Score]) -> str:
    """`abc` for tunes, a few odd ones apart; `grid` for voices that it keeps; else `notes`."""
    tunes = sum(bool(score.characters) and AbcVocabulary.fits(score) for score in scores)
    if scores and tunes >= _TUNES_SHARE * len(scores):
        return "abc"
    return "grid" if _fits_grid(scores) else "notes"


def from_dict(settings: dict[str, Any]) -> Vocabulary:
    """A vocabulary from what its `to_dict` gave.

    Raises:
        ModelError: the settings are not those of a vocabulary.
    """
    settings = dict(settings)
    name = settings.pop("name", None)
    try:
        if name == "abc":
            return AbcVocabulary.from_dict(settings)
        if name == "grid":
            pairs = {k: tuple(map(tuple, settings[k])) for k in ("voices", "ranges", "metres")}
            return GridVocabulary(steps=int(settings["steps"]), **pairs)
        if name == "notes":
            return NotesVocabulary(**settings)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"its vocabulary is damaged ({error})") from error
    raise ModelError(f"its vocabulary {name!r} is unknown", hint="A newer musegen may know it.")


def _fits_grid(scores: list[Score]) -> bool:
    """Whether all have the same 2 to 8 undrummed voices and lose almost nothing on the grid."""
    if not scores or len({len(score.parts) for score in scores}) != 1:
        return False
    parts = [part for score in scores for part in score.parts]
    if not 2 <= len(scores[0].parts) <= 8 or any(part.is_drums for part in parts):
        return False
    if any(len(score.metre) > 1 or not score.n_bars for score in scores):
        return False
    grid = GridVocabulary.build(scores)
    lost = sum(grid.lost(score).get("notes off the grid", 0) for score in scores)
    return lost <= (1 - _GRID_SHARE) * sum(score.n_notes for score in scores)
