"""Music of which some is given and some is to be written: all but a gap, or all but some parts.

What is given is read before what is written to it. Of a gap, the music before and after is given.
Of parts, each bar of those given stands before the same bar of those written. A role beside each
word says which it is. Given and written music are words of their own, with features of their own.
On a grid of voices, where one word holds them all, those given are told beside each word instead,
and so is, in a gap, what stands after it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musegen.score.excerpt import silenced, without_parts
from musegen.score.score import Ints, Score
from musegen.vocabulary.vocabulary import Features, Vocabulary, Words

from .prepare import Prepared

GIVEN, WRITTEN = 1, 2  # roles; 0 for music of which nothing is given
SIDE = 256  # words that are given of each side of a gap, at most, where nothing else limits them
_FEWEST = 4  # words that are written, else there is little to learn
_LONGEST = 8  # bars of a gap of many
_GAPS = 0.75  # share of the stretches that are gaps, where there are many


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


def taking_given(prepared: Prepared) -> Prepared:
    """A corpus for a model that some parts can be given: of its pieces, as they are, none is."""
    vocabulary = prepared.vocabulary.taking_given()
    more = len(vocabulary.features) - prepared.features.shape[1]
    if not more:
        return prepared
    features = np.pad(prepared.features, ((0, 0), (0, more)))
    return replace(prepared, vocabulary=vocabulary, features=features)


def stretch_of(vocabulary: Vocabulary, words: Words, role: int) -> Stretch:
    """The words of a piece from its beginning (T, F), perhaps none, as words of one role."""
    features = np.zeros((0, len(vocabulary.features)), np.int16)
    if len(words):
        features = vocabulary.features_of(words)
    return Stretch(words, features, np.full(len(words), role))


def around(vocabulary: Vocabulary, score: Score, first: int, last: int) -> tuple[Stretch, Stretch]:
    """What is given before and after a gap: bars `first` to `last` of a piece, from 0."""
    given = stretch_of(vocabulary, vocabulary.encode(silenced(score, first, last)), GIVEN)
    bars = vocabulary.bars(given.words, given.features)
    return given.rows(bars < first), given.rows(bars > last)


def toward(
    vocabulary: Vocabulary,
    score: Score,
    features: Features,
    bars: tuple[int, int],
    rows: tuple[int, int],
) -> Features | None:
    """Features with what stands after a gap told in it; None where words cannot tell it.

    Args:
        vocabulary: what words mean.
        score: the whole piece, whatever is in the gap.
        features: those of the piece with music in its gap, perhaps not to its end (T, G).
        bars: the first bar of the gap, from 0, and its last.
        rows: the first word of the gap, and the first after it.
    """
    if not vocabulary.fixed_parts:
        return None
    return vocabulary.toward(vocabulary.encode(silenced(score, *bars)), features, *rows)


def rows_of_gap(bars: Ints, first: int, last: int) -> tuple[int, int]:
    """The first word of a gap and the first after it, by the bar of each word (T,)."""
    start, stop = np.searchsorted(bars, [first, last + 1]).tolist()
    return start, stop


def of_parts(vocabulary: Vocabulary, score: Score, written: Collection[int]) -> Stretch:
    """The parts of a score that are given, all the words of it.

    Args:
        vocabulary: what words mean.
        score: all its parts are there.
        written: the parts that are to be written, which are silent here.
    """
    return stretch_of(vocabulary, vocabulary.encode(without_parts(score, written)), GIVEN)


def gap_in(
    vocabulary: Vocabulary, piece: tuple[Words, Features], first: int, last: int, side: int
) -> tuple[Stretch, NDArray[np.bool_]]:
    """A piece with bars `first` to `last` to be written, after so many words given of each side.

    Args:
        vocabulary: what words mean.
        piece: all its words (T, F), and their features (T, G).
        first: the first bar of the gap, from 0.
        last: its last.
        side: the most words of either side.

    Returns:
        The stretch, and which words of the piece are in the gap (T,).
    """
    words, features = piece
    bars = vocabulary.bars(words, features)
    gap = (bars >= first) & (bars <= last)
    score = vocabulary.decode(words)
    start, stop = rows_of_gap(bars, first, last)
    beside = toward(vocabulary, score, features, (first, last), (start, stop))
    if beside is not None:
        roles = np.where(gap, WRITTEN, GIVEN)
        return Stretch(words, beside, roles).rows(slice(max(0, start - 2 * side), stop)), gap
    before, after = around(vocabulary, score, first, last)
    written = Stretch(words[gap], features[gap], np.full(int(gap.sum()), WRITTEN))
    sides = before.rows(slice(-side, None)), after.rows(slice(side))
    return one_after_another(*sides, written), gap


def with_gap(
    vocabulary: Vocabulary,
    words: Words,
    features: Features,
    limit: int,
    chance: np.random.Generator,
) -> Stretch | None:
    """A piece with some bars to be written, anywhere, in at most so many words; None: it has none.

    Half of the words at most are in the gap, and a quarter before and after it each. Where nothing
    of the far side has to be read there are many gaps, one after another.
    """
    bars = vocabulary.bars(words, features)
    n_bars = int(bars[-1])
    if n_bars < 3:
        return None
    if vocabulary.fixed_parts:
        return _with_gaps(vocabulary, (words, features), bars, limit, chance)
    first = int(chance.integers(n_bars))
    starts = np.searchsorted(bars, np.arange(n_bars + 1))
    most = int(np.searchsorted(starts, starts[first] + limit // 2, side="right")) - 1 - first
    if most < 1:
        return None
    last = first + int(chance.integers(most))
    stretch, gap = gap_in(vocabulary, (words, features), first, last, limit // 4)
    return stretch if gap.sum() >= _FEWEST else None


def _with_gaps(
    vocabulary: Vocabulary,
    piece: tuple[Words, Features],
    bars: Ints,
    limit: int,
    chance: np.random.Generator,
) -> Stretch | None:
    """A piece of which most stretches are gaps: as often of one bar as of 2 to 3, and of 4 to 7.

    What matters stands near the end of a gap, so that a long one teaches little.
    """
    words, features = piece
    score = vocabulary.decode(words)
    roles, bar, n_bars = np.full(len(words), GIVEN), 0, int(bars[-1])
    while bar < n_bars:
        length = int(_LONGEST ** chance.random())
        last = min(bar + length, n_bars) - 1
        if chance.random() < _GAPS:
            rows = rows_of_gap(bars, bar, last)
            roles[slice(*rows)] = WRITTEN
            told = toward(vocabulary, score, features, (bar, last), rows)
            features = features if told is None else told
        bar = last + 1
    start = int(chance.integers(max(1, len(words) - limit + 1)))
    stretch = Stretch(words, features, roles).rows(slice(start, start + limit))
    return stretch if (stretch.roles == WRITTEN).sum() >= _FEWEST else None


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
    every = written_to(vocabulary, score, (words, features), written)
    start = int(chance.integers(max(1, len(every.words) - limit)))
    stretch = every.rows(slice(start, start + limit))
    return stretch if (stretch.roles == WRITTEN).sum() >= _FEWEST else None


def written_to(
    vocabulary: Vocabulary, score: Score, piece: tuple[Words, Features], written: Collection[int]
) -> Stretch:
    """A piece of which some parts are written, and the others given.

    Args:
        vocabulary: what words mean.
        score: the piece.
        piece: its words (T, F), and their features (T, G).
        written: the parts that are.
    """
    words, features = piece
    fields = tuple(vocabulary.fields_of(written))
    beside = vocabulary.beside(words, features, set(range(len(score.parts))) - set(written))
    if beside is not None:
        return Stretch(words, beside, np.full(len(words), WRITTEN), fields)
    given = of_parts(vocabulary, score, written)
    return in_turns(vocabulary, given, vocabulary.of_parts(score, written))._replace(fields=fields)


def in_turns(vocabulary: Vocabulary, given: Stretch, words: Words) -> Stretch:
    """Each bar of what is given, then the same of what is written to it."""
    written = stretch_of(vocabulary, words, WRITTEN)
    first = 2 * vocabulary.bars(given.words, given.features)
    then = 2 * vocabulary.bars(words, written.features) + 1
    order = np.argsort(np.concatenate([first, then]), kind="stable")
    return one_after_another(given, written).rows(order)


def one_after_another(*stretches: Stretch) -> Stretch:
    """Stretches as one, in this order."""
    words, features, roles, _ = zip(*stretches, strict=True)
    return Stretch(np.concatenate(words), np.concatenate(features), np.concatenate(roles))
