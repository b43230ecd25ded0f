"""Instruments that a model never met begin as their nearest kin among those that it knows."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import replace

from musegen.evaluation.trained import Trained
from musegen.score.instruments import DRUMS
from musegen.score.score import Score

from .seed import unheard

_FIELD = "instrument"
# The first programs of keys, percussion, organs, guitars, basses, strings, voices, brass, winds, …
_SECTIONS = (0, 8, 16, 24, 32, 40, 52, 56, 64, 80, 96, 104, 112, 120, DRUMS)


def nearest_kin(instrument: int, known: Collection[int]) -> int:
    """The known instrument of the same section whose program is nearest, or else any."""

    def distance(other: int) -> tuple[bool, int]:
        return _section(other) != _section(instrument), abs(other - instrument)

    return min(sorted(known), key=distance)


def with_kin(model: Trained, scores: Sequence[Score]) -> tuple[Trained, dict[int, int]]:
    """A model in which instruments of the scores that it never met are as their nearest kin.

    Returns:
        The model itself where there is none; and for each such instrument its kin.
    """
    known = set(model.vocabulary.instruments) - {DRUMS}
    unknown = {i for score in scores for i in unheard(score.parts, model)} - {DRUMS}
    kin = {i: nearest_kin(i, known) for i in sorted(unknown)} if known else {}
    if not kin:
        return model, {}
    network = copy.deepcopy(model.network)
    field = [f.name for f in model.vocabulary.fields].index(_FIELD)
    for instrument, other in kin.items():
        network.begin_as(field, instrument, other)
    return replace(model, network=network), kin


def _section(instrument: int) -> int:
    return max(first for first in _SECTIONS if first <= instrument)
