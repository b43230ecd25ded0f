"""Music of which some is given and some is to be written: all but a gap, or all but some parts.

What is given is read before what is written to it. Of a gap, the music before and after is given.
Of parts, each bar of those given stands before the same bar of those written; on a grid of voices,
each beat. A role beside each word says which it is. Given and written music are words of their own,
with features of their own.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musegen.score.excerpt import silenced, without_parts
from musegen.score.score import Ints, Score
from musegen.vocabulary.vocabulary import Features, Vocabulary, Words

GIVEN, WRITTEN = 1, 2  # roles; 0 for music of which nothing is given
_FEWEST = 4  # words that are written, else there is little to learn


class Stretch(NamedTuple):
    """Words (T, F) in the order in which they are read, features (T, G), and roles (T,).

    `fields` are those of a word that are written, where others are given; none for all.
    """

    words: Words
    features: Features
    roles: Ints
    fields: tuple[int, ...] = ()

    def rows(self, chosen: Ints | NDArray[np.bool_] | slice) -> Stretch:
        """Some of its rows."""
        rows = self.words[chosen], self.features[chosen], self.roles[chosen]
        return Stretch(*rows, self.fields)


def around(vocabulary: Vocabulary, score: Score, first: int, last: int) -> tuple[Stretch, Stretch]:
    """What is given before and after a gap: bars `first` to `last` of a piece, from 0."""
    words = vocabulary.encode(silenced(score, first, last))
    features = vocabulary.features_of(words)
    given = Stretch(words, features, np.full(len(words), GIVEN))
    bars = vocabulary.bars(words, features)
    return given.rows(bars < first), given.rows(bars > last)


def of_parts(vocabulary: Vocabulary, score: Score, written: Collection[int]) -> Stretch:
    """The parts of a score that are given, all the words of it.

    Args:
        vocabulary: what words mean.
        score: all its parts are there.
        written: the parts that are to be written, which are silent here.
    """
    words = vocabulary.encode(without_parts(score, written))
    return Stretch(words, vocabulary.features_of(words), np.full(len(words), GIVEN))


def with_gap(
    vocabulary: Vocabulary,
    words: Words,
    features: Features,
    limit: int,
    chance: np.random.Generator,
) -> Stretch | None:
    """A piece with some bars to be written, anywhere, in at most so many words; None: it has none.

    A third of the words at most is each before the gap, in it, and after it.
    """
    bars = vocabulary.bars(words, features)
    third = limit // 3
    n_bars = int(bars[-1])
    if n_bars < 3:
        return None
    first = int(chance.integers(n_bars))
    starts = np.searchsorted(bars, np.arange(n_bars + 1))
    most = int(np.searchsorted(starts, starts[first] + third, side="right")) - 1 - first
    if most < 1:
        return None
    last = first + int(chance.integers(most))
    before, after = around(vocabulary, vocabulary.decode(words), first, last)
    gap = (bars >= first) & (bars <= last)
    if gap.sum() < _FEWEST:
        return None
    written = Stretch(words[gap], features[gap], np.full(int(gap.sum()), WRITTEN))
    return one_after_another(before.rows(slice(-third, None)), after.rows(slice(third)), written)


def with_written_parts(
    vocabulary: Vocabulary,
    words: Words,
    features: Features,
    limit: int,
    chance: np.random.Generator,
) -> Stretch | None:
    """A piece some of whose parts are to be written, from some bar on; None: it has one part."""
    score = vocabulary.decode(words)
    sounding = [place for place, part in enumerate(score.parts) if len(part.notes)]
    if len(sounding) < 2 or not score.n_bars:
        return None
    n = int(chance.integers(1, len(sounding)))
    written = {int(place) for place in chance.choice(sounding, n, replace=False)}
    given = of_parts(vocabulary, score, written)
    every = in_turns(vocabulary, given, vocabulary.of_parts(score, written))
    start = int(chance.integers(max(1, len(every.words) - limit)))
    fields = tuple(vocabulary.fields_of(written))
    stretch = every.rows(slice(start, start + limit))._replace(fields=fields)
    return stretch if (stretch.roles == WRITTEN).sum() >= _FEWEST else None


def in_turns(vocabulary: Vocabulary, given: Stretch, words: Words) -> Stretch:
    """Each bar (or beat) of what is given, then the same of what is written to it."""
    features = vocabulary.features_of(words)
    written = Stretch(words, features, np.full(len(words), WRITTEN))
    first = 2 * vocabulary.turns(given.words, given.features, given=True)
    then = 2 * vocabulary.turns(words, features, given=False) + 1
    order = np.argsort(np.concatenate([first, then]), kind="stable")
    return one_after_another(given, written).rows(order)


def one_after_another(*stretches: Stretch) -> Stretch:
    """Stretches as one, in this order."""
    words, features, roles, _ = zip(*stretches, strict=True)
    return Stretch(np.concatenate(words), np.concatenate(features), np.concatenate(roles))
