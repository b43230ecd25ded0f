"""Instruments that a model never met begin as their nearest kin among those that it knows."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import replace

from musegen.evaluation.trained import Trained
from musegen.score.instruments import DRUMS, RANGES
from musegen.score.score import Score

from .seed import heard_in, unheard

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


def with_kin(model: Trained, scores: Sequence[Score]) -> tuple[Trained, dict[int, int]]:
    """A model in which instruments of the scores that it never met are as their nearest kin.

    Returns:
        The model itself where there is none; and for each such instrument its kin.
    """
    known = set(model.vocabulary.instruments) - {DRUMS}
    met = heard_in(part for score in scores for part in score.parts)
    unknown = unheard(met, model) - {DRUMS}
    kin = {i: nearest_kin(i, known) for i in sorted(unknown)} if known else {}
    if not kin:
        return model, {}
    network = copy.deepcopy(model.network)
    field = [f.name for f in model.vocabulary.fields].index(_FIELD)
    for instrument, other in kin.items():
        network.begin_as(field, instrument, other)
    heard = tuple(sorted({*model.vocabulary.instruments, *kin}))
    vocabulary = replace(model.vocabulary, instruments=heard)  # type: ignore[type-var]
    return replace(model, network=network, vocabulary=vocabulary), kin


def _section(instrument: int) -> int:
    return max(first for first in _SECTIONS if first <= instrument)
