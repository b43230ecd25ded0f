"""A copy of a model that has learnt a little from the very music that it is to go on with."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from musegen.corpus.prepare import Encoded, Prepared
from musegen.corpus.survey import Survey
from musegen.errors import MusegenError
from musegen.evaluation.likelihood import field_nats, nats_per_unit
from musegen.evaluation.trained import Trained
from musegen.score.key import home_key, home_number
from musegen.score.score import Score
from musegen.training.events import Validated
from musegen.training.fit import Fit
from musegen.training.origin import Origin
from musegen.training.schedule import Extent
from musegen.training.settings import FitSettings

from .compose import never
from .kin import kin_of, with_kin
from .plan import heard_in
from .seed import ENOUGH

_HELD_OUT = 1 / 6  # of each piece: its last bars
_PATIENCE = 3  # measurements without a new best, and it stops
_FEWEST = ENOUGH * _HELD_OUT  # words of a stretch that tells anything
_TIMED = 3  # updates by which the speed is told


class Adapted(NamedTuple):
    """A model that was adapted, and what came of it.

    Attributes:
        model: the copy; as it was where learning did not help.
        steps: how many updates there were to be.
        made: how many there were; fewer, where the held-out bars gained no more.
        before: nats a unit on the held-out bars before.
        after: and with the best weights.
        kin: instruments that it had never met, and whose vectors they began with.
    """

    model: Trained
    steps: int
    made: int
    before: float
    after: float
    kin: dict[int, int]


def adapted(
    model: Trained,
    scores: Sequence[Score],
    *,
    seconds: float = 180.0,
    steps: int | None = None,
    random_seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] = never,
) -> Adapted:
    """Let a copy of a model learn from pieces but for their last bars, as long as those gain by it.

    The number of updates alone decides what comes of it; the seconds only tell how many there are.

    Args:
        model: left as it is.
        scores: what it is to go on with.
        seconds: about how long.
        steps: how many updates, in place of the seconds.
        random_seed: the same one gives the same copy on the same machine.
        progress: told how many updates of how many were made.
        stop: asked after each whether to stop there.

    Raises:
        ModelError: a piece does not suit the model's vocabulary.
        MusegenError: there is too little music to learn from.
    """
    prepared = _prepared(model, scores)
    kin = kin_of(model, heard_in(scores))
    start = with_kin(model, kin)
    held_out = prepared.of("valid")
    before = nats_per_unit(field_nats(start.network, prepared, held_out), held_out)
    settings = Origin(start).pace(FitSettings(random_seed=random_seed), seconds)
    steps = steps or _steps_in(seconds, start, prepared, settings)
    fit = _fit(start, prepared, steps, settings)
    best, weights = before, None
    for event in fit.events():
        if progress:
            progress(fit.counters.step, steps)
        if isinstance(event, Validated):
            if event.valid_nats < best:
                best, weights = event.valid_nats, {n: w.clone() for n, w in fit.average.items()}
            if event.since_best >= _PATIENCE:
                break
        if stop():
            break
    network = copy.deepcopy(start.network)
    if weights is not None:
        network.load_state_dict(weights, strict=False)
    made = fit.counters.step
    return Adapted(replace(start, network=network.eval()), steps, made, before, best, kin)


def _fit(model: Trained, prepared: Prepared, steps: int, settings: FitSettings) -> Fit:
    network = copy.deepcopy(model.network)
    return Fit(network, prepared, settings, Extent(steps=steps), conditions=model.conditions)


def _steps_in(seconds: float, model: Trained, prepared: Prepared, settings: FitSettings) -> int:
    """How many updates take so long, by the first few of a run."""
    began = time.monotonic()
    for _ in zip(range(_TIMED), _fit(model, prepared, 1000, settings).events(), strict=False):
        pass
    return max(1, round(seconds / (time.monotonic() - began) * _TIMED))


def _prepared(model: Trained, scores: Sequence[Score]) -> Prepared:
    """The pieces as a corpus: their first bars to learn from, their last ones held out."""
    vocabulary = model.vocabulary
    words, features, pieces, row = [], [], [], 0
    for number, score in enumerate(scores):
        its_words = vocabulary.encode(score)
        beside = vocabulary.features_of(its_words)
        bars = vocabulary.bars(its_words, beside)
        cut = int(np.searchsorted(bars, math.ceil(bars[-1] * (1 - _HELD_OUT))))
        low, high = vocabulary.transpositions(its_words)
        for split, start, end in (("train", 0, cut), ("valid", cut, len(its_words))):
            if end - start < _FEWEST:
                continue
            units = vocabulary.units(replace(score, characters=0), its_words[start:end])
            name, place = f"{number}/{split}", (row + start, row + end)
            of_all = low, high, home_number(*home_key(score))
            pieces.append(Encoded(name, split, name, *place, units, units, 1.0, *of_all))
        words.append(its_words)
        features.append(beside)
        row += len(its_words)
    if {piece.split for piece in pieces} != {"train", "valid"}:
        hint = f"Leave out --adapt; it takes {ENOUGH} notes or so."
        raise MusegenError("the seed is too short to adapt to", hint=hint)
    every = np.concatenate(words), np.concatenate(features)
    return Prepared(vocabulary, *every, tuple(pieces), Survey(Path("seed"), ()), "")
