"""What came the last time that music went as it has just gone: music repeats itself.

Of the last 32, 16, 8, 4 or 2 words, the longest run that stood in the piece before is looked up,
where it stood last; what followed it there is likely to follow again. The match models of text
compressors do this (Mahoney 2005); networks of our size hardly learn to.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from musegen.score.score import Ints

from .vocabulary import ALIKE, Feature

ORDERS = (2, 4, 8, 16, 32)  # words that are alike; each twice the one before

Hashes = NDArray[np.uint64]


def echo_of(field: str) -> str:
    """The name of the feature that says what a field was; see Field.echo."""
    return f"echo {field}"


def echo_features(
    names: Sequence[str],
    sizes: Sequence[int],
    alike: str = ALIKE,
    after: int = -1,
    shared: bool = False,
) -> tuple[Feature, ...]:
    """How many words are alike, as a place in ORDERS plus one, and what each field was there.

    That is its value plus one, or the shared value plus one, or 0 for none. All is known after
    field `after` of a word.
    """
    echoes = (
        Feature(echo_of(n), size + 1, after, shared) for n, size in zip(names, sizes, strict=True)
    )
    return (Feature(alike, 1 + len(ORDERS), after), *echoes)


def mixed(columns: Ints) -> Hashes:
    """One number for each row (N, C) of numbers (N,); rows that are alike have the same."""
    out = np.zeros(len(columns), np.uint64)
    for column in columns.T:
        out = _joined(out, column.astype(np.uint64))
    return out


def echoed(keys: Hashes, values: Ints) -> Ints:
    """The features of a whole piece (T, 1 + F).

    Args:
        keys: a number for each word (T,), the same for words that are alike.
        values: what an echo of each word would say (T, F), 0 for nothing.
    """
    n = len(keys)
    alike, source = np.zeros(n, np.int64), np.full(n, -1)
    for bucket, order in enumerate(ORDERS, start=1):
        keys = _joined(keys[: -order // 2], keys[order // 2 :])  # of runs that begin at each word
        runs = keys[:-1]  # of those that have a word after them
        if not len(runs):
            break
        before = earlier(runs)
        found = np.flatnonzero(before >= 0)
        alike[found + order], source[found + order] = bucket, before[found] + order
    there = np.where(source[:, None] >= 0, values[source], 0)
    return np.concatenate([alike[:, None], there], axis=1)


def earlier(values: Hashes) -> Ints:
    """Where each value (N,) stood last before; −1 where it did not."""
    order = np.argsort(values, kind="stable")
    same = values[order[1:]] == values[order[:-1]]
    before = np.full(len(values), -1)
    before[order[1:][same]] = order[:-1][same]
    return before


class Line:
    """The same word by word: O(1) a word. Only equality of keys matters.

    Args:
        n_values: F, of a word.

    Attributes:
        echo: the features beside the next word (1 + F numbers).
    """

    def __init__(self, n_values: int) -> None:
        self._nothing = (0,) * (1 + n_values)
        self.echo: tuple[int, ...] = self._nothing
        self._values: list[tuple[int, ...]] = []
        self._runs: list[list[int]] = [[] for _ in ORDERS]  # hashes of half so many words
        self._after: dict[int, int] = {}  # hash of a run → the place of the word after it

    def take(self, key: int, values: tuple[int, ...]) -> None:
        """One more word: see `echoed` for its key and its F values."""
        self._values.append(values)
        self.echo = self._nothing
        for bucket, (order, runs) in enumerate(zip(ORDERS, self._runs, strict=True), start=1):
            runs.append(key)
            if len(runs) <= order // 2:
                return
            key = hash((runs[-1 - order // 2], key))
            place = self._after.get(key)
            self._after[key] = len(self._values)
            if place is not None:
                self.echo = (bucket, *self._values[place])

    def copy(self) -> Line:
        """One that goes on by itself."""
        new = copy(self)
        new._values, new._after = self._values.copy(), self._after.copy()
        new._runs = [runs.copy() for runs in self._runs]
        return new


class Echoes:
    """Lines of B pieces, one each.

    Args:
        batch: B.
        n_values: F, of a word.

    Attributes:
        columns: the features beside the next word (B, 1 + F).
    """

    def __init__(self, batch: int, n_values: int) -> None:
        self._lines = [Line(n_values) for _ in range(batch)]
        self.columns: Ints = np.zeros((batch, 1 + n_values), np.int64)

    def chosen(self, rows: Ints) -> Echoes:
        """A copy for some of the pieces, see Tracker."""
        new = copy(self)
        new._lines = [self._lines[row].copy() for row in rows.tolist()]
        new.columns = self.columns[rows]
        return new

    def take(self, keys: list[int], values: Ints) -> None:
        """One more word of each piece: its key (B,) and values (B, F)."""
        for line, key, its in zip(self._lines, keys, values.tolist(), strict=True):
            line.take(key, tuple(its))
        self.columns = np.array([line.echo for line in self._lines], np.int64)


def _joined(first: Hashes, second: Hashes) -> Hashes:
    """One number for each two (N,), spread over all 64 bits (as in splitmix64, Steele 2014)."""
    out = first * np.uint64(0x9E3779B97F4A7C15) + second + np.uint64(0x632BE59BD9B4E019)
    out = (out ^ (out >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    joined: Hashes = out ^ (out >> np.uint64(27))
    return joined
