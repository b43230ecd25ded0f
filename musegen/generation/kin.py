"""Instruments that a model never met begin as their nearest kin among those that it knows."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from musegen.score.instruments import DRUMS, RANGES, instrument_name

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained

_FIELD = "instrument"
_UNKNOWN = 24.0  # semitones between ranges of which one is not known
# The first programs of keys, percussion, organs, guitars, basses, strings, timpani, ensembles, …
_SECTIONS = (0, 8, 16, 24, 32, 40, 47, 48, 52, 56, 64, 80, 96, 104, 112, 120, DRUMS)


def nearest_kin(instrument: int, known: Collection[int]) -> int:
    """The known instrument of the same section that is nearest, or else any.

    It is near by the middle of its range, and by its program.
    """

    def distance(other: int) -> tuple[bool, float]:
        ranges = RANGES.get(other), RANGES.get(instrument)
        apart = abs(sum(ranges[0]) - sum(ranges[1])) / 2 if ranges[0] and ranges[1] else _UNKNOWN
        return _section(other) != _section(instrument), apart + abs(other - instrument)

    return min(sorted(known), key=distance)


def kin_of(model: Trained, instruments: Collection[int]) -> dict[int, int]:
    """Those of these instruments that a model never met, each with its nearest kin.

    None where the model does not tell what it met; drums have no kin.
    """
    known = set(model.vocabulary.instruments) - {DRUMS}
    unknown = set(instruments) - known - {DRUMS}
    return {i: nearest_kin(i, known) for i in sorted(unknown)} if known else {}


def told_kin(kin: Mapping[int, int]) -> str:
    """Which instruments a model never met, and as which it plays them: a sentence."""
    names = (f"{instrument_name(i)} as {instrument_name(of)}" for i, of in kin.items())
    return f"Instruments that the model never met: {', '.join(names)}."


def with_kin(model: Trained, kin: Mapping[int, int]) -> Trained:
    """A model in which instruments that it never met are as their kin."""
    if not kin:
        return model
    network = copy.deepcopy(model.network)
    field = [f.name for f in model.vocabulary.fields].index(_FIELD)
    for instrument, other in kin.items():
        network.begin_as(field, instrument, other)
    heard = tuple(sorted({*model.vocabulary.instruments, *kin}))
    vocabulary = replace(model.vocabulary, instruments=heard)  # type: ignore[type-var]
    return replace(model, network=network, vocabulary=vocabulary)


def _section(instrument: int) -> int:
    return max(first for first in _SECTIONS if first <= instrument)
