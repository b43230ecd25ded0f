"""What a model's music was like, in a few counts, and how much of it was like another piece.

Each piece falls into one class of each trait, by how many parts it has, say, or by its metre. A
profile counts the pieces of each class. So a piece can be held against what a model learnt without
its network, and against models of any vocabulary.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from musegen.score.counts import counted
from musegen.score.key import pitch_name
from musegen.score.score import Score, rescaled

Traits = dict[str, float | str]  # what a piece is like, by the name of the trait

PROFILE = "profile"  # in config.json
_PLACES = 24  # of a quarter
_SECTIONS = (  # of eight programs each
    *("keyboards", "bells and mallets", "organs", "guitars", "basses", "strings", "ensembles"),
    *("brass", "reeds", "flutes", "synthesisers", "synthesisers", "effects", "plucked strings"),
    *("percussion", "noises", "drums"),
)
_LOWEST: dict[
    str, tuple[float, ...]
] = {  # values of the traits that are numbers, at which their classes begin
    "parts": (1, 2, 3, 4, 5, 6, 8, 11, 16, 25),
    "at once": (0, 1.2, 1.7, 2.4, 3.2, 4.4, 6, 9, 14),
    "in chords": (1, 1.05, 1.3, 1.7, 2.3, 3.5),
    "even": (0, 0.5, 0.7, 0.85, 0.95, 0.99),
    "pace": (0, 0.35, 0.6, 0.85, 1.2, 1.7, 2.4, 3.4),
    "lowest": (0, *range(24, 97, 6)),
    "highest": (0, *range(48, 109, 6)),
}
_NEIGHBOUR = 0.5  # of a piece of the class itself
_LEAST = 1e-3  # share of a class that was never met: one more piece might have had it
_FEW = 0.02  # share of the pieces below which a class is foreign to a model
_MOST = 0.5


def traits_of(score: Score) -> Traits:
    """What a piece that has notes is like.

    parts: how many have notes.
    metre: the first.
    sound: the section of most notes.
    at once: notes that sound together, on average over its time.
    even: share of the notes that begin on sixteenths or triplets; about a quarter in free playing.
    in chords: notes of a part that begin together, on average.
    pace: notes of a part that begin in a quarter, chords counted once, on average.
    lowest, highest: pitches. Drums have none, nor chords or pace.
    """
    parts = [part for part in score.parts if len(part.notes)]
    melodic = [part.notes for part in parts if not part.is_drums]
    onset = np.concatenate([part.notes.onset for part in parts])
    place = rescaled(onset, score.ticks_per_quarter, _PLACES) % _PLACES
    even = (place % (_PLACES // 4) == 0) | (place % (_PLACES // 3) == 0)
    sections: Counter[int] = Counter()
    for part in parts:
        sections[len(_SECTIONS) - 1 if part.is_drums else part.program // 8] += len(part.notes)
    found: Traits = {
        "parts": len(parts),
        "metre": "{}/{}".format(*score.metre[0, 1:].tolist()),
        "sound": _SECTIONS[sections.most_common(1)[0][0]],
        "at once": sum(int(p.notes.duration.sum()) for p in parts) / max(1, score.end),
        "even": float(even.mean()),
    }
    if melodic:
        chords = sum(len(np.unique(notes.onset)) for notes in melodic)
        quarters = len(melodic) * max(1, score.end) / score.ticks_per_quarter
        found["in chords"] = sum(map(len, melodic)) / chords
        found["pace"] = chords / quarters
        found["lowest"] = min(int(notes.pitch.min()) for notes in melodic)
        found["highest"] = max(int(notes.pitch.max()) for notes in melodic)
    return found


@dataclass(frozen=True)
class Profile:
    """How many pieces there are, and how many of each class of each trait."""

    pieces: int
    classes: dict[str, dict[str, int]]

    @classmethod
    def of(cls, traits: Iterable[Traits], hears_sound: bool) -> Profile:
        """The profile of pieces of these traits, their sound left out where it is not heard."""
        pieces = 0
        classes: dict[str, Counter[str]] = {}
        for its in traits:
            pieces += 1
            for name, value in its.items():
                if name != "sound" or hears_sound:
                    classes.setdefault(name, Counter())[_class(name, value)] += 1
        return cls(pieces, {name: dict(counts) for name, counts in classes.items()})

    @classmethod
    def of_config(cls, config: dict[str, Any]) -> Profile:
        """That of a model by its settings; one of no pieces where they tell none, or wrongly."""
        found: Any = config.get(PROFILE)
        try:
            pieces, told = int(found["pieces"]), found["classes"].items()
            classes = {
                name: {key: int(n) for key, n in counts.items() if _is_class(name, key)}
                for name, counts in told
            }
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
            pieces, classes = 0, {}
        return cls(pieces, classes) if pieces > 0 else cls(0, {})

    def _shares(self, traits: Traits) -> dict[str, float]:
        """The share of its pieces that is like one of these traits; a class beside counts half."""
        return {
            name: sum(weight * counts.get(key, 0) for key, weight in _near(name, traits[name]))
            / self.pieces
            for name, counts in self.classes.items()
            if name in traits
        }

    def likelihood(self, score: Score) -> float:
        """How likely a piece like a score is among its pieces: naive Bayes over the traits.

        0 where there are none.
        """
        if not self.pieces:
            return 0.0
        return prod(max(_LEAST, share) for share in self._shares(traits_of(score)).values())

    def mostly(self) -> str:
        """The commonest number of parts, metre and sound, with their shares, in words."""
        found = []
        for name in ("parts", "metre", "sound"):
            counts = self.classes.get(name, {})
            if counts:
                key = max(counts, key=counts.__getitem__)
                found.append(f"{_called(name, key)} ({100 * counts[key] / self.pieces:.0f} %)")
        return ", ".join(found)

    def common(self, score: Score) -> list[str]:
        """What about a score is so in most of the pieces, in words."""
        traits = traits_of(score)
        shares = self._shares(traits)
        return [_told(name, traits[name]) for name, share in shares.items() if share >= _MOST]

    def foreign(self, score: Score) -> list[str]:
        """What about a score is so in hardly any of the pieces, in words; the rarest first."""
        traits = traits_of(score)
        shares = self._shares(traits)
        rarest = sorted(shares, key=shares.__getitem__)
        return [_told(name, traits[name]) for name in rarest if shares[name] < _FEW]


def _class(name: str, value: float | str) -> str:
    """The class of a value: itself, or the lowest of its class."""
    if isinstance(value, str):
        return value
    lowest = _LOWEST[name]
    return str(lowest[max(0, bisect_right(lowest, value) - 1)])


def _is_class(name: str, key: str) -> bool:
    return name not in _LOWEST or key in map(str, _LOWEST[name])


def _near(name: str, value: float | str) -> list[tuple[str, float]]:
    """The class of a value and those beside it, with what a piece of each counts."""
    own = _class(name, value)
    if isinstance(value, str):
        return [(own, 1.0)]
    every = [str(low) for low in _LOWEST[name]]
    place = every.index(own)
    beside = every[max(0, place - 1) : place] + every[place + 1 : place + 2]
    return [(own, 1.0), *((other, _NEIGHBOUR) for other in beside)]


def _called(name: str, key: str) -> str:
    """A class of parts, metre or sound in words."""
    if name != "parts":
        return key
    first = int(key)
    last = min((low for low in _LOWEST[name] if low > first), default=0) - 1
    if last < 0:
        return f"{first} parts and more"
    return counted(first, "parts") if last == first else f"{first} to {last:g} parts"


def _told(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return f"metre {value}" if name == "metre" else f"most notes for {value}"
    if name == "parts":
        return counted(round(value), "parts")
    if name in ("lowest", "highest"):
        return f"{pitch_name(round(value))} as the {name} note"
    if name == "in chords":
        return "chords" if value >= _LOWEST[name][1] else "no chords"
    return {
        "at once": f"{value:.1f} notes sounding at once",
        "even": f"{100 * value:.0f} % of the notes on sixteenths or triplets",
        "pace": f"{value:.1f} notes of a part in a quarter",
    }[name]
