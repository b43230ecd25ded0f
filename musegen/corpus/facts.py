"""What `doctor` tells of one score: how it sounds, what is wrong with it, what would be lost.

All of it adds up to what is told of a folder, so that no score need be kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from musegen.errors import ModelError
from musegen.score.bars import faults_of
from musegen.score.instruments import instrument_name
from musegen.score.key import key_name
from musegen.score.score import Ints, Score, rescaled
from musegen.vocabulary.choose import from_dict
from musegen.vocabulary.vocabulary import Vocabulary

GRIDS = (24, 48)  # steps to the quarter that the vocabulary of notes may have
PLACES = 48  # of a quarter, in the histogram of onsets
_CHANCE = 0.25  # of a step: the mean distance of a random place from the nearest step
_PERFORMED = 0.8  # of chance
VALUES = tuple(2.0**power for power in range(-4, 4))  # quarters; bounds of classes of length


@dataclass(frozen=True)
class GridCost:
    """What rounding to a grid does to the notes of a score.

    Attributes:
        onsets: share of the notes that begin off it.
        lengths: share of the notes whose length is not a whole number of steps.
        shift_ms: how far it moves the beginning of a note, on average, in milliseconds.
        of_chance: that distance as a share of what notes at random places would be moved by; from
            about 1 on the tempo events explain the onsets no better than chance.
    """

    onsets: float = 0.0
    lengths: float = 0.0
    shift_ms: float = 0.0
    of_chance: float = 0.0


@dataclass(frozen=True)
class Facts:
    """See the module.

    Attributes:
        faults: what was damaged, and bars of a tune that are not as long as the metre says.
        lost: what the vocabulary passes over, by kind.
        unread: what a Score has no place for, by kind.
        seconds: how long the piece lasts, its repeats not played.
        grids: the cost of each of GRIDS.
        instruments: notes of each instrument, by name.
        pitches: notes of each pitch, of parts that are no drums.
        onsets: notes that begin at each of PLACES of a quarter.
        lengths: notes of each class of length; see VALUES.
        key: the first key, and whether it was estimated; empty where there is none.
        metre: the first metre.
        metres: how many metres stand in it.
        tempo: the slowest, the fastest, and that which prevails, in quarters a minute.
        velocities: how many different ones there are.
        pedal: how often the pedal is pressed or released.
    """

    faults: list[str] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    grids: dict[int, GridCost] = field(default_factory=dict)
    instruments: Counter[str] = field(default_factory=Counter)
    pitches: Counter[int] = field(default_factory=Counter)
    onsets: Counter[int] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    key: tuple[str, bool] = ("", False)
    metre: str = ""
    metres: int = 1
    tempo: tuple[float, float, float] = (120.0, 120.0, 120.0)
    velocities: int = 0
    pedal: int = 0

    @property
    def is_performed(self) -> bool:
        """Whether the tempo events explain the onsets no better than chance."""
        return GRIDS[0] in self.grids and self.grids[GRIDS[0]].of_chance > _PERFORMED


def facts(scores: Iterator[Score], settings: str) -> list[Facts]:
    """The facts of each score of a batch.

    Args:
        scores: of the batch.
        settings: those of the vocabulary to learn in, as JSON.
    """
    vocabulary = from_dict(json.loads(settings))
    return [facts_of(score, vocabulary) for score in scores]


def facts_of(score: Score, vocabulary: Vocabulary) -> Facts:
    """The facts of a score."""
    parts = [part for part in score.parts if len(part.notes)]
    onset = _joined([part.notes.onset for part in parts])
    duration = _joined([part.notes.duration for part in parts])
    velocity = _joined([part.notes.velocity for part in parts])
    pitch = _joined([part.notes.pitch for part in parts if not part.is_drums])
    tpq = score.ticks_per_quarter
    instruments: Counter[str] = Counter()
    for part in parts:
        instruments[instrument_name(part.instrument)] += len(part.notes)
    _, numerator, denominator = score.metre[0].tolist()
    return Facts(
        faults=faults_of(score),
        lost=_lost(score, vocabulary),
        unread=dict(score.unread),
        seconds=float(_seconds(score, np.array([score.end]))[0]),
        grids={steps: _grid_cost(score, onset, duration, steps) for steps in GRIDS},
        instruments=instruments,
        pitches=_counted(pitch),
        onsets=_counted(rescaled(onset, tpq, PLACES) % PLACES),
        lengths=_counted(np.searchsorted(VALUES, duration / tpq, side="right")),
        key=_key(score),
        metre=f"{numerator}/{denominator}",
        metres=len(score.metre),
        tempo=_tempo(score),
        velocities=len(np.unique(velocity)),
        pedal=sum(len(part.pedal) for part in score.parts),
    )


def _lost(score: Score, vocabulary: Vocabulary) -> dict[str, int]:
    try:
        vocabulary.encode(score)
        return vocabulary.lost(score)
    except ModelError:
        return {"pieces that do not fit": 1}


def _seconds(score: Score, ticks: Ints) -> NDArray[np.float64]:
    """Ticks (N,) → seconds from the start (N,)."""
    change, tempo_us = score.tempo[:, 0], score.tempo[:, 1]
    a_tick = tempo_us / 1e6 / score.ticks_per_quarter
    begun = np.concatenate([[0.0], np.cumsum(np.diff(change) * a_tick[:-1])])
    index = np.searchsorted(change, ticks, side="right") - 1
    seconds: NDArray[np.float64] = begun[index] + (ticks - change[index]) * a_tick[index]
    return seconds


def _grid_cost(score: Score, onset: Ints, duration: Ints, steps: int) -> GridCost:
    if not len(onset):
        return GridCost()
    tpq = score.ticks_per_quarter
    steps_off = abs(onset * steps - rescaled(onset, tpq, steps) * tpq) / tpq
    tempo_us = score.tempo[np.searchsorted(score.tempo[:, 0], onset, side="right") - 1, 1]
    return GridCost(
        float((onset * steps % tpq != 0).mean()),
        float((duration * steps % tpq != 0).mean()),
        float((steps_off / steps * tempo_us).mean() / 1000),
        float(steps_off.mean() / _CHANCE),
    )


def _key(score: Score) -> tuple[str, bool]:
    if not len(score.key):
        return "", False
    _, fifths, mode, estimated = score.key[0].tolist()
    return key_name(fifths, mode), bool(estimated)


def _tempo(score: Score) -> tuple[float, float, float]:
    """Slowest, fastest and prevailing tempo while the piece lasts, in quarters a minute."""
    ends = np.append(score.tempo[1:, 0], score.end)
    lasts = np.maximum(np.minimum(ends, score.end) - score.tempo[:, 0], 0)
    per_minute = 60e6 / score.tempo[:, 1]
    heard = per_minute[lasts > 0] if lasts.any() else per_minute
    return float(heard.min()), float(heard.max()), float(per_minute[lasts.argmax()])


def _joined(columns: list[Ints]) -> Ints:
    return np.concatenate(columns) if columns else np.zeros(0, np.int64)


def _counted(values: NDArray[np.int64]) -> Counter[int]:
    numbers, counts = np.unique(values, return_counts=True)
    return Counter(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))
