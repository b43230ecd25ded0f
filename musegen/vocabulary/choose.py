"""Which vocabulary suits a corpus, and a vocabulary from its saved settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from musegen.errors import ModelError, UsageError
from musegen.score.counts import counted
from musegen.score.score import Score

from .abc import AbcVocabulary
from .grid import GridVocabulary
from .notes import NotesVocabulary
from .traits import Traits, traits
from .vocabulary import Vocabulary

NAMES = ("abc", "grid", "notes")
_TUNES_SHARE = 0.98  # of the pieces must be tunes for abc to be chosen; the others are skipped
_VOICES = range(2, 9)
_GRID_SHARE = 0.995  # of the notes must survive the grid for it to be chosen


def build(scores: Iterable[Score], name: str = "auto", steps: int | None = None) -> Vocabulary:
    """The vocabulary `name` over the scores; `auto` takes the one that suits.

    Raises:
        ModelError: the scores do not fit the vocabulary that was asked for.
        UsageError: there is no vocabulary of that name.
    """
    return build_of(traits(scores), name, steps)


def build_of(
    found: Traits, name: str = "auto", steps: int | None = None, pedal: str = "keep"
) -> Vocabulary:
    """The same, of scores of which only the traits are at hand; only `notes` has a pedal."""
    if name == "auto":
        name, _ = choice(found)
    if name == "abc":
        return AbcVocabulary.of(found)
    if name == "grid":
        return GridVocabulary.of(found)
    if name == "notes":
        return NotesVocabulary.of(found, steps, pedal)
    raise UsageError(f"no vocabulary is called {name}", hint=f"Take one of {', '.join(NAMES)}.")


def suits(scores: Iterable[Score]) -> str:
    """`abc` for tunes, a few odd ones apart; `grid` for voices that it keeps; else `notes`."""
    return choice(traits(scores))[0]


def choice(found: Traits) -> tuple[str, str]:
    """The vocabulary that suits, and a sentence on why."""
    if found.scores and found.tunes >= _TUNES_SHARE * found.scores:
        return (
            "abc",
            f"{found.tunes} of the {found.scores} pieces to learn from are ABC tunes of one line",
        )
    share = f"{_TUNES_SHARE:.0%}".replace("%", " %")
    tunes = (
        f"{found.tunes or 'none'} of the pieces to learn from are ABC tunes (abc asks for {share})"
    )
    hindrance = _no_grid(found)
    if hindrance:
        return "notes", f"{tunes}, and {hindrance}"
    (voices,) = found.n_parts
    kept = 100 * (1 - found.off_voices / max(1, found.notes))
    return "grid", f"all pieces have {voices} voices, and sixteenths keep {kept:.4g} % of the notes"


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
            voices, ranges, metres = (
                tuple(map(tuple, settings[k])) for k in ("voices", "ranges", "metres")
            )
            given = bool(settings.get("given"))
            return GridVocabulary(int(settings["steps"]), voices, ranges, metres, given)
        if name == "notes":
            heard = tuple(settings.pop("instruments", ()))
            return NotesVocabulary(**settings, instruments=heard)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"its vocabulary is damaged ({error})") from error
    raise ModelError(f"its vocabulary {name!r} is unknown", hint="A newer musegen may know it.")


def _no_grid(found: Traits) -> str:
    """Why the grid of voices would not do; nothing where it would."""
    fewest, most = min(found.n_parts, default=0), max(found.n_parts, default=0)
    if fewest != most:
        return f"they have from {fewest} to {most} parts (grid asks for as many in each)"
    if not _VOICES[0] <= most <= _VOICES[-1]:
        return f"they have {counted(most, 'parts')} (grid asks for {_VOICES[0]} to {_VOICES[-1]})"
    if found.drummed:
        return f"{found.drummed} of them have drums, which no grid of voices keeps"
    if found.unsteady:
        return f"in {found.unsteady} of them the metre changes or there are no bars"
    if found.off_voices > (1 - _GRID_SHARE) * found.notes:
        share = 100 * found.off_voices / found.notes
        return f"sixteenths with one note a voice would change {share:.1f} % of the notes"
    return ""
