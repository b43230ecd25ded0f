"""Windows of pieces, batched: transposed at random, padded as little as can be.

Batch number i depends on the seed and on i alone, so that training can go on from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from musegen.errors import CorpusError

from .conditions import NOTHING, Conditions, Long
from .prepare import Encoded, Prepared

_POOL = 16  # batches whose windows are sorted by length together


@dataclass(frozen=True)
class Batch:
    """B windows of up to T words.

    Attributes:
        before: the word before each (B, T, F); the field sizes at the start of a piece.
        words: (B, T, F).
        features: (B, T, G).
        valid: which are words, not padding (B, T).
        conditions: what is told beside each word (B, T, C); 0 for what is not.
    """

    before: Long
    words: Long
    features: Long
    valid: NDArray[np.bool_]
    conditions: Long


@dataclass(frozen=True)
class Window:
    """A stretch of a piece, moved by `semitones`; which of the C conditions are told, if any."""

    piece: Encoded
    start: int
    stop: int
    semitones: int = 0
    told: tuple[bool, ...] = ()


def gather(
    prepared: Prepared, windows: Sequence[Window], conditions: Conditions = NOTHING
) -> Batch:
    """The words of the windows, padded to the longest."""
    size, length = len(windows), max(window.stop - window.start for window in windows)
    sizes = prepared.vocabulary.sizes
    words = np.zeros((size, length + 1, len(sizes)), np.int64)
    features = np.zeros((size, length, prepared.features.shape[1]), np.int64)
    valid = np.zeros((size, length), bool)
    told = np.zeros((size, length, len(conditions.kinds)), np.int64)
    for row, window in enumerate(windows):
        first, n = window.piece.start + window.start, window.stop - window.start
        lead = min(window.start, 1)
        its_words = prepared.words[first - lead : first + n]
        its_features = prepared.features[first - lead : first + n]
        if window.semitones:
            its_words, its_features = prepared.vocabulary.transpose(
                its_words, its_features, window.semitones
            )
        words[row, 0] = sizes
        words[row, 1 - lead : n + 1] = its_words
        features[row, :n] = its_features[lead:]
        valid[row, :n] = True
        if any(window.told):
            all_told = conditions.of_piece(prepared, window.piece)
            told[row, :n] = all_told[window.start : window.stop] * np.array(window.told)
    return Batch(words[:, :-1], words[:, 1:], features, valid, told)


class Batches:
    """Endless batches to learn from.

    Each epoch meets every piece once for each `length` words it holds, in windows at random places,
    and some once more, so that its last batch is full.

    Args:
        prepared: the corpus.
        pieces: which of its pieces.
        length: T, the most words of a window.
        batch: B, windows a batch.
        random_seed: with the number of the batch, all that chance depends on.
        transposed: share of the windows that are moved to another key.
        conditions: what can be told.
        told: share of the windows that are told something: any of the conditions, as chance has it.
        part: (k, n): of every batch only windows k, k + n, k + 2n, …

    Raises:
        CorpusError: a batch has fewer windows than n.
    """

    def __init__(
        self,
        prepared: Prepared,
        pieces: Sequence[Encoded],
        *,
        length: int,
        batch: int,
        random_seed: int,
        transposed: float = 1.0,
        conditions: Conditions = NOTHING,
        told: float = 0.5,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self._conditions, self._told = conditions, told
        self._transposed = transposed
        self._prepared, self._pieces = prepared, list(pieces)
        self._length, self._batch, self._seed = length, batch, random_seed
        words = np.array([piece.stop - piece.start for piece in pieces])
        self._slots = np.repeat(np.arange(len(pieces)), -(-words // length))
        self._epoch: tuple[int, list[list[Window]]] = (-1, [])
        self._part = part
        windows, parts = min(batch, len(self._slots)), part[1]
        if windows < parts:
            raise CorpusError(
                f"a batch has {windows} windows, too few for {parts} processes",
                file=prepared.survey.root,
                hint=f"Start no more than {windows}.",
            )

    @property
    def per_epoch(self) -> int:
        """How many batches an epoch has."""
        return -(-len(self._slots) // self._batch)

    def __getitem__(self, number: int) -> Batch:
        first, step = self._part
        return gather(self._prepared, self._windows(number)[first::step], self._conditions)

    def n_words(self, number: int) -> int:
        """How many words a batch holds, all its parts together."""
        return sum(window.stop - window.start for window in self._windows(number))

    def _windows(self, number: int) -> list[Window]:
        epoch, place = divmod(number, self.per_epoch)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, self._plan(epoch))
        return self._epoch[1][place]

    def _plan(self, epoch: int) -> list[list[Window]]:
        """The batches of one epoch: windows of like length together, in random order."""
        rng = np.random.default_rng([self._seed, epoch])
        size = min(self._batch, len(self._slots))
        slots = np.resize(rng.permutation(self._slots), self.per_epoch * size)
        windows = [self._window(self._pieces[slot], rng) for slot in slots]
        if self._conditions.kinds:  # by chance of its own, so that the windows stay the same
            telling = np.random.default_rng([self._seed, epoch, 1])
            windows = [replace(window, told=self._telling(telling)) for window in windows]
        plan = []
        for pool in range(0, len(windows), size * _POOL):
            near = sorted(windows[pool : pool + size * _POOL], key=lambda w: w.stop - w.start)
            plan += [near[i : i + size] for i in range(0, len(near), size)]
        return [plan[i] for i in rng.permutation(len(plan))]

    def _window(self, piece: Encoded, rng: np.random.Generator) -> Window:
        """A random stretch; starts and ends of pieces are met as often as their middles."""
        n = piece.stop - piece.start
        half = self._length // 2
        start = int(np.clip(rng.integers(-half, max(n - half, 1)), 0, max(n - self._length, 0)))
        moved = rng.random() < self._transposed
        shift = int(rng.integers(piece.low, piece.high + 1)) if moved else 0
        return Window(piece, start, min(start + self._length, n), shift)

    def _telling(self, rng: np.random.Generator) -> tuple[bool, ...]:
        """Nothing, or any of the ways to tell one condition or more, all as often."""
        n = len(self._conditions.kinds)
        ways = int(rng.integers(1, 1 << n)) if rng.random() < self._told else 0
        return tuple(bool(ways >> i & 1) for i in range(n))


def whole(pieces: Sequence[Encoded], batch: int) -> Iterator[list[Window]]:
    """Pieces from their first word to their last, those of like length together."""
    ordered = sorted(pieces, key=lambda piece: piece.stop - piece.start)
    for first in range(0, len(ordered), batch):
        yield [Window(p, 0, p.stop - p.start) for p in ordered[first : first + batch]]
