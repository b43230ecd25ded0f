"""What a model must beat: repeating the last word, repeating the last bar, and an n-gram.

All are fitted on the training pieces alone, and give p(field | past, fields before it) like a
network does, so that their nats are of the same unit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from musegen.corpus.prepare import Encoded, Prepared
from musegen.vocabulary.vocabulary import Features, Vocabulary, Words

ORDER = 4
_MOST_WORDS = 3_000_000  # counted; a large corpus holds each key often enough
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_ROUNDS = 20  # of expectation and maximisation

Nats = NDArray[np.float64]
Keys = NDArray[np.uint64]


class NGram:
    """An n-gram over fields, smoothed by Witten and Bell's method (1991), down to uniform.

    A field is predicted from the three values that its vocabulary's `history` names, and fewer:
    p_j(v | h) = (c(h, v) + T(h) p_{j−1}(v)) / (c(h) + T(h)), T(h) the number of kinds seen after h.
    It learns from every transposition that a piece allows, unless the corpus is large.
    """

    def __init__(self, vocabulary: Vocabulary, order: int = ORDER) -> None:
        self.vocabulary, self.order = vocabulary, order
        self._tables: list[tuple[Keys, NDArray[np.int64], Keys, NDArray[np.int64], Keys]] = []

    def fit(self, prepared: Prepared, pieces: Sequence[Encoded]) -> NGram:
        """Count the training pieces, in every key that each allows; in one where they are many."""
        words = sum((p.stop - p.start) * (p.high - p.low + 1) for p in pieces)
        every = words <= _MOST_WORDS
        moved = [
            self.vocabulary.transpose(*_slice(prepared, piece), shift)
            for piece in pieces
            for shift in (range(piece.low, piece.high + 1) if every else (0,))
        ]
        for length in range(self.order):
            keys = [self._keys(words, features, length) for words, features in moved]
            contexts = np.concatenate([context for context, _ in keys])
            events = np.concatenate([event for _, event in keys])
            kinds, first, counts = np.unique(events, return_index=True, return_counts=True)
            seen, totals = np.unique(contexts, return_counts=True)
            after, types = np.unique(contexts[first], return_counts=True)
            assert np.array_equal(seen, after)
            self._tables.append((kinds, counts, seen, totals, types.astype(np.uint64)))
        return self

    def nats(self, words: Words, features: Features) -> float:
        """−log p of a piece's words (T, F), all fields that apply."""
        asked = self.vocabulary.applies[words[:, 0]]
        fields = np.nonzero(asked)[1]
        p = 1.0 / np.array(self.vocabulary.sizes)[fields]
        for length in range(self.order):
            p = self._smoothed(length, *self._keys(words, features, length), p)
        return float(-np.log(p).sum())

    def probabilities(self, history: Words, field: int) -> NDArray[np.float64]:
        """How likely every value of a field is (N, size), after what `history` names (N, 3)."""
        size = self.vocabulary.sizes[field]
        context = np.full((len(history), 1), field, np.uint64)
        p = np.full((len(history), size), 1 / size)
        for length in range(self.order):
            if length:
                context = _mix(context, history[:, length - 1 : length])
            p = self._smoothed(length, context, _mix(context, np.arange(size, dtype=np.int16)), p)
        return p

    def _smoothed(
        self, length: int, contexts: Keys, events: Keys, p: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """p_length of events in their contexts, from p of one value less."""
        kinds, counts, seen, totals, types = self._tables[length]
        count = _look_up(kinds, counts, events)
        total, kind = _look_up(seen, totals, contexts), _look_up(seen, types, contexts)
        return np.where(total > 0, (count + kind * p) / np.maximum(total + kind, 1), p)

    def _keys(self, words: Words, features: Features, length: int) -> tuple[Keys, Keys]:
        """Hashes of `length` values before each field that applies (N,), and with its own value."""
        history = self.vocabulary.history(words, features)
        asked = self.vocabulary.applies[words[:, 0]]
        context = np.broadcast_to(np.arange(words.shape[1], dtype=np.uint64), words.shape)
        for place in range(length):
            context = _mix(context, history[:, :, place])
        return context[asked], _mix(context, words)[asked]


class Repeat:
    """λ_k that field k is as in the word repeated, else as often as in the training pieces.

    λ is the most likely one, found by expectation and maximisation. Where there is no word to
    repeat yet, values come as often as in the training pieces.

    Args:
        vocabulary: what the words mean.
        bar: repeat the word at the same place of the last bar that has one, not the last word.
    """

    def __init__(self, vocabulary: Vocabulary, *, bar: bool) -> None:
        self.vocabulary, self.bar = vocabulary, bar
        self._share = np.zeros(len(vocabulary.sizes))
        self._often = [np.full(size, 1 / size) for size in vocabulary.sizes]

    def fit(self, prepared: Prepared, pieces: Sequence[Encoded]) -> Repeat:
        """Learn how often each field repeats, and how often each value comes."""
        slices = [_slice(prepared, piece) for piece in pieces]
        words = np.concatenate([w for w, _ in slices])
        repeated = np.concatenate([self._repeated(w, f) for w, f in slices])
        asked = self.vocabulary.applies[words[:, 0]]
        for field, size in enumerate(self.vocabulary.sizes):
            values, old = words[asked[:, field], field], repeated[asked[:, field], field]
            often = np.bincount(values, minlength=size) + 1.0
            self._often[field] = often / often.sum()
            rare, same = self._often[field][values][old >= 0], (values == old)[old >= 0]
            share = 0.5
            for _ in range(_ROUNDS if len(same) else 0):
                share = float((share * same / (share * same + (1 - share) * rare)).mean())
            self._share[field] = min(share, 1 - 1e-9)
        return self

    def nats(self, words: Words, features: Features) -> float:
        """−log p of a piece's words (T, F), all fields that apply."""
        repeated, asked = self._repeated(words, features), self.vocabulary.applies[words[:, 0]]
        total = 0.0
        for field, often in enumerate(self._often):
            values, old = words[asked[:, field], field], repeated[asked[:, field], field]
            share = self._share[field] * (old >= 0)
            total -= float(np.log(share * (values == old) + (1 - share) * often[values]).sum())
        return total

    def _repeated(self, words: Words, features: Features) -> Words:
        """The fields of the word repeated (T, F); −1 where there is none."""
        before = np.arange(len(words)) - 1
        if self.bar:
            names = [feature.name for feature in self.vocabulary.features]
            place = features[:, names.index("place")].astype(np.int64)
            bars = np.cumsum(np.diff(place, prepend=0) < 0)
            before = _a_bar_ago(place.tolist(), bars.tolist())
        return np.where((before >= 0)[:, None], words[before], np.int16(-1))


def _a_bar_ago(place: list[int], bars: list[int]) -> NDArray[np.int64]:
    """For each word the first at its place in the latest earlier bar that has one; −1: none."""
    last: dict[int, tuple[int, int]] = {}
    older: dict[int, int] = {}
    found = np.full(len(place), -1)
    for t, (at, bar) in enumerate(zip(place, bars, strict=True)):
        if at in last and last[at][0] != bar:
            older[at] = last[at][1]
        if at not in last or last[at][0] != bar:
            last[at] = (bar, t)
        found[t] = older.get(at, -1)
    return found


def _slice(prepared: Prepared, piece: Encoded) -> tuple[Words, Features]:
    rows = slice(piece.start, piece.stop)
    return prepared.words[rows], prepared.features[rows]


def _mix(key: Keys, values: NDArray[np.int16]) -> Keys:
    mixed = (key ^ (key >> np.uint64(29))) * _PRIME + values.astype(np.uint64) + np.uint64(1)
    return np.asarray(mixed * _PRIME)


def _look_up(keys: Keys, values: NDArray[np.generic], wanted: Keys) -> NDArray[np.float64]:
    """The value of each wanted key among sorted keys; 0 where it is not there."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0).astype(np.float64)
