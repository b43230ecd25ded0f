"""What stood at the same place of the section before: sections of a tune end alike.

An echo follows what was played last, and so goes on where a second strain is to come home. What
stood so many bars after a section began, and so far into the bar, tells how sections close.
"""

from __future__ import annotations

from copy import copy

import numpy as np

from musegen.score.score import Ints

from .echo import earlier, mixed
from .vocabulary import RHYMING, Feature

RHYME = "rhyme"  # the name of the feature
_RUNS = (1, 2, 4, 8, 16)  # words in a row that were as their rhyme


def rhyme_features(size: int) -> tuple[Feature, ...]:
    """How many words in a row rhymed, as one more than a place in _RUNS, and the rhyme plus one.

    Both are 0 where no section before had a word there. `size`: how many words there are.
    """
    return Feature(RHYMING, 2 + len(_RUNS)), Feature(RHYME, size + 1)


def rhymed(words: Ints, bar: Ints, place: Ints) -> Ints:
    """The features of a whole piece (T, 2).

    Args:
        words: (T,).
        bar: bars of the section before each word (T,).
        place: ticks of the bar before each word (T,).
    """
    index = np.arange(len(words))
    here = np.stack([bar, place], axis=1)
    begins = np.ones(len(words), bool)
    begins[1:] = (here[1:] != here[:-1]).any(axis=1)
    nth = index - np.maximum.accumulate(np.where(begins, index, 0))
    source = earlier(mixed(np.column_stack([here, nth])))
    rhyme = np.where(source >= 0, words[source] + 1, 0)
    missed = np.maximum.accumulate(np.where(rhyme == words + 1, -1, index))
    run = index - 1 - np.concatenate([[-1], missed[:-1]])
    return _columns(rhyme, run)


class Rhymes:
    """The same word by word, for B pieces: O(1) a word.

    Attributes:
        columns: the features beside the next word (B, 2).
    """

    def __init__(self, batch: int) -> None:
        self._said: list[dict[tuple[int, int, int], int]] = [{} for _ in range(batch)]
        self._at = [(0, 0, 0)] * batch
        self._run = np.zeros(batch, np.int64)
        self.columns: Ints = np.zeros((batch, 2), np.int64)

    def take(self, words: Ints, bar: Ints, place: Ints) -> None:
        """One more word of each piece (B,); bar and place are those after it (B,)."""
        self._run = np.where(self.columns[:, 1] == words + 1, self._run + 1, 0)
        rhyme = np.zeros_like(words)
        places = list(zip(bar.tolist(), place.tolist(), strict=True))
        for row, (word, here) in enumerate(zip(words.tolist(), places, strict=True)):
            said, before = self._said[row], self._at[row]
            said[before] = word
            self._at[row] = at = (*here, before[2] + 1 if before[:2] == here else 0)
            rhyme[row] = said.get(at, -1) + 1
        self.columns = _columns(rhyme, self._run)

    def chosen(self, rows: Ints) -> Rhymes:
        """A copy for some of the pieces, see Tracker."""
        new, which = copy(self), rows.tolist()
        new._said, new._at = [self._said[row].copy() for row in which], [self._at[r] for r in which]
        new._run, new.columns = self._run[rows], self.columns[rows]
        return new


def _columns(rhyme: Ints, run: Ints) -> Ints:
    rhyming = np.where(rhyme > 0, 1 + np.searchsorted(_RUNS, run, side="right"), 0)
    return np.stack([rhyming, rhyme], axis=1)
