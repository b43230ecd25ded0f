"""Windows of pieces, batched: transposed at random, padded as little as can be.

Batch number i depends on the seed and on i alone, so that training can go on from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musegen.errors import CorpusError
from musegen.vocabulary.vocabulary import Features, Words

from .conditions import NOTHING, Conditions, Long
from .given import WRITTEN, Stretch, with_gap, with_written_parts
from .prepare import Encoded, Prepared

_ENDS = 0.5  # of the windows that are told bars to come: of a long piece the last one
_POOL = 16  # batches whose windows are sorted by length together


@dataclass(frozen=True)
class Batch:
    """B windows of up to T words.

    Attributes:
        before: the word before each (B, T, F); the field sizes at the start of a piece.
        words: (B, T, F).
        features: (B, T, G).
        valid: which are words to learn, neither padding nor given (B, T).
        conditions: what is told beside each word (B, T, C); 0 for what is not.
        fields: which fields of a window's words are to be learnt (B, F).
    """

    before: Long
    words: Long
    features: Long
    valid: NDArray[np.bool_]
    conditions: Long
    fields: NDArray[np.bool_]


@dataclass(frozen=True)
class Window:
    """A stretch of a piece.

    Attributes:
        piece: which.
        start: its first word.
        stop: the word after its last.
        semitones: by how much it is moved.
        told: which of the C conditions are told, if any.
        given: where set, as many words of the piece of which some are given, as this chance has it.
    """

    piece: Encoded
    start: int
    stop: int
    semitones: int = 0
    told: tuple[bool, ...] = ()
    given: int | None = None


class _Read(NamedTuple):
    """A window's N words, after the word before where there is one, and what stands beside them."""

    words: Words
    features: Features
    valid: NDArray[np.bool_]
    told: Long
    fields: tuple[int, ...] = ()


def gather(
    prepared: Prepared, windows: Sequence[Window], conditions: Conditions = NOTHING
) -> Batch:
    """The words of the windows, padded to the longest."""
    read = [_read(prepared, window, conditions) for window in windows]
    size, length = len(windows), max(len(its.features) for its in read)
    sizes = prepared.vocabulary.sizes
    words = np.zeros((size, length + 1, len(sizes)), np.int64)
    features = np.zeros((size, length, prepared.features.shape[1]), np.int64)
    valid = np.zeros((size, length), bool)
    told = np.zeros((size, length, len(conditions.kinds)), np.int64)
    fields = np.ones((size, len(sizes)), bool)
    for row, its in enumerate(read):
        n = len(its.features)
        words[row, 0] = sizes
        words[row, n + 1 - len(its.words) : n + 1] = its.words
        features[row, :n], valid[row, :n], told[row, :n] = its.features, its.valid, its.told
        if its.fields:
            fields[row] = np.isin(np.arange(len(sizes)), its.fields)
    return Batch(words[:, :-1], words[:, 1:], features, valid, told, fields)


def _read(prepared: Prepared, window: Window, conditions: Conditions) -> _Read:
    found = _with_given(prepared, window) if window.given is not None else None
    if found is not None:
        moved = _moved(prepared, found.words, found.features, window.semitones)
        told = conditions.columns(len(found.roles), role=found.roles)
        return _Read(*moved, found.roles == WRITTEN, told, found.fields)
    first, n = window.piece.start + window.start, window.stop - window.start
    lead = min(window.start, 1)
    rows = slice(first - lead, first + n)
    words, features = _moved(
        prepared, prepared.words[rows], prepared.features[rows], window.semitones
    )
    told = np.zeros((n, len(conditions.kinds)), np.int64)
    if any(window.told):
        every = conditions.of_piece(prepared, window.piece, window.semitones)
        told = every[window.start : window.stop] * np.array(window.told)
    return _Read(words, features[lead:], np.ones(n, bool), told)


def _moved(
    prepared: Prepared, words: Words, features: Features, semitones: int
) -> tuple[Words, Features]:
    if not semitones:
        return words, features
    return prepared.vocabulary.transpose(words, features, semitones)


def _with_given(prepared: Prepared, window: Window) -> Stretch | None:
    """A stretch with a gap or with written parts, as chance has it; None: the piece has neither."""
    chance = np.random.default_rng(window.given)
    rows = slice(window.piece.start, window.piece.stop)
    piece = prepared.words[rows], prepared.features[rows]
    limit = window.stop - window.start
    first, second = with_gap, with_written_parts
    if chance.random() < 0.5:
        first, second = second, first
    found = first(prepared.vocabulary, *piece, limit, chance)
    return found or second(prepared.vocabulary, *piece, limit, chance)


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
        given: share of those of which some words are given, where a network is to learn that.
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
        given: float = 0.25,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self._conditions, self._told, self._given = conditions, told, given
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
            windows = [self._telling(window, telling) for window in windows]
        plan = []
        for pool in range(0, len(windows), size * _POOL):
            near = sorted(windows[pool : pool + size * _POOL], key=lambda w: w.stop - w.start)
            plan += [near[i : i + size] for i in range(0, len(near), size)]
        return [plan[i] for i in rng.permutation(len(plan))]

    def _window(self, piece: Encoded, rng: np.random.Generator) -> Window:
        """A random stretch; starts and ends of pieces are met as often as their middles.

        A piece longer than a window may end anywhere in its second half: ended it always at its
        last word, a network would learn to expect the end after so many words.
        """
        n = piece.stop - piece.start
        half = self._length // 2
        start = max(int(rng.integers(-half, n - half)), 0) if n > self._length else 0
        moved = rng.random() < self._transposed
        shift = int(rng.integers(piece.low, piece.high + 1)) if moved else 0
        return Window(piece, start, min(start + self._length, n), shift)

    def _telling(self, window: Window, rng: np.random.Generator) -> Window:
        """The window and nothing told, or one condition or more, all ways as often; or given."""
        kinds = self._conditions.kinds
        can = [kind for kind in kinds if kind != "given"]
        ways = int(rng.integers(1, 1 << len(can))) if can and rng.random() < self._told else 0
        chosen = [kind for i, kind in enumerate(can) if ways >> i & 1]
        told = tuple(kind in chosen for kind in kinds)
        if "given" in kinds and rng.random() < self._given:
            return replace(window, given=int(rng.integers(1 << 62)))
        if "bars" in chosen and rng.random() < _ENDS:
            window = self._last(window)
        return replace(window, told=told)

    def _last(self, window: Window) -> Window:
        """The last window of its piece: of thousands of words few are near the end."""
        n = window.piece.stop - window.piece.start
        return replace(window, start=max(0, n - self._length), stop=n)


def whole(pieces: Sequence[Encoded], batch: int) -> Iterator[list[Window]]:
    """Pieces from their first word to their last, those of like length together."""
    ordered = sorted(pieces, key=lambda piece: piece.stop - piece.start)
    for first in range(0, len(ordered), batch):
        yield [Window(p, 0, p.stop - p.start) for p in ordered[first : first + batch]]
