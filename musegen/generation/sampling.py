"""From scores to a choice: temperature and the cuts of unlikely values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from musegen.errors import UsageError

Floats = NDArray[np.floating]

# A part that pauses comes back too seldom when the part that plays is drawn as it was learnt: each
# silent bar makes the next likelier (docs/decisions.md has the figures). From nothing, parts that
# come in freely are never heard again.
_FREER = {"instrument": 1.2}
# Of a note's own values the unlikely tenth adds up to noise over many fields; of which part plays
# nothing may be cut, or rare parts fall silent (there too).
_LEAST = dict.fromkeys(
    ("beats", "ticks", "pitch", "length_beats", "length_ticks", "velocity"), 0.05
)
_NEVER = np.array([-np.inf])  # an array, so that NumPy 1 gives float64 too
_LOWEST = np.finfo(np.float64).min
_ALIASES = {"onset": ("beats", "ticks"), "duration": ("length_beats", "length_ticks")}


@dataclass(frozen=True)
class Sampling:
    """How a value is drawn.

    Attributes:
        temperature: scores are divided by it; 0 takes the likeliest value.
        top_k: keep the k likeliest values, and what ties with the last; 0 keeps all (Fan et al.
            2018).
        top_p: keep the likeliest values that together hold this probability (Holtzman et al. 2020).
        min_p: keep values at least this fraction as likely as the likeliest (Nguyen et al. 2024);
            None: 0.05 of a note's own fields, where words have fields, and 0 of all else.
        of_field: temperatures of fields, by name, in place of the one for all.

    Raises:
        UsageError: a setting is out of range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float | None = None
    of_field: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for temperature in (self.temperature, *self.of_field.values()):
            if not 0 <= temperature < float("inf"):
                raise UsageError(f"the temperature must be 0 or more, not {temperature:g}")
        if self.top_k < 0:
            raise UsageError(f"top-k must be 0 or more, not {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top-p must be above 0 and at most 1, not {self.top_p:g}")
        if self.min_p is not None and not 0 <= self.min_p <= 1:
            raise UsageError(f"min-p must be 0 to 1, not {self.min_p:g}")

    def for_fields(self, names: Sequence[str], *, freer: bool = False) -> list[Sampling]:
        """How each field of these names is drawn; `freer` where parts are given that may pause.

        Raises:
            UsageError: a temperature is given for a field that is none of them.
        """
        known = {*names, *(alias for alias, fields in _ALIASES.items() if fields[0] in names)}
        given = dict(self.of_field)
        unknown = sorted(given.keys() - known)
        if unknown:
            hint = f"This model's fields: {', '.join(sorted(known))}."
            raise UsageError(f"the model has no field called {unknown[0]}", hint=hint)
        for alias, fields in _ALIASES.items():
            if alias in given:
                given = dict.fromkeys(fields, given.pop(alias)) | given
        freely = _FREER if freer else {}
        of_name = {name: self.temperature * freely.get(name, 1.0) for name in names} | given
        least = _LEAST if self.min_p is None else dict.fromkeys(names, self.min_p)
        return [
            replace(self, temperature=of_name[name], min_p=least.get(name), of_field={})
            for name in names
        ]


def read_temperature(text: str) -> tuple[float, dict[str, float]]:
    """`0.9`, `pitch=0.8,duration=1.1` or both → the temperature for all, and those of fields.

    Raises:
        UsageError: it is neither a number nor a list of such.
    """
    of_all, of_field = 1.0, {}
    for item in text.split(","):
        name, equals, number = item.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            hint = "Write 0.9, or pitch=0.8,duration=1.1."
            raise UsageError(f"{text!r} is no temperature", hint=hint) from None
        if equals:
            of_field[name.strip()] = value
        else:
            of_all = value
    return of_all, of_field


def probabilities(scores: Floats, legal: NDArray[np.bool_], sampling: Sampling) -> Floats:
    """Scores (B, V) and what is legal (B, V) → probabilities (B, V), 0 where illegal or cut."""
    p = _masses(scores, legal, sampling)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def draw(
    scores: Floats, legal: NDArray[np.bool_], sampling: Sampling, chance: np.random.Generator
) -> NDArray[np.int64]:
    """Scores (B, V) and what is legal (B, V) → one value each (B,), 0 where nothing is."""
    mass = _masses(scores, legal, sampling).cumsum(axis=1)
    at = chance.random((len(mass), 1)) * mass[:, -1:]
    return np.asarray((mass > at).argmax(axis=1))


def _masses(scores: Floats, legal: NDArray[np.bool_], sampling: Sampling) -> Floats:
    """Probabilities (B, V) times what they add up to; the likeliest legal value has 1."""
    below = np.where(legal, scores, _NEVER)
    if sampling.temperature == 0:
        return np.asarray(np.arange(below.shape[1]) == below.argmax(1)[:, None], np.float64)
    top = np.maximum.reduce(below, axis=1, keepdims=True, initial=_LOWEST)
    below -= top  # at most 0: no temperature is too low
    if sampling.temperature != 1:
        with np.errstate(over="ignore"):  # near 0 it makes all but the likeliest nothing
            below /= sampling.temperature
    p = np.exp(below, out=below)
    if 0 < sampling.top_k < p.shape[1]:
        least = np.partition(p, -sampling.top_k, axis=1)[:, -sampling.top_k, None]
        p[p < least] = 0
    if sampling.top_p < 1:
        order = np.argsort(-p, axis=1, kind="stable")
        ranked = np.take_along_axis(p, order, 1)
        before = ranked.cumsum(axis=1) - ranked
        ranked[before >= sampling.top_p * p.sum(axis=1, keepdims=True)] = 0
        np.put_along_axis(p, order, ranked, 1)
    if sampling.min_p:
        p *= p >= sampling.min_p
    return np.asarray(p)
