"""Pieces that an n-gram draws, under the masks of what is legal that a network draws under."""

from __future__ import annotations

import numpy as np

from musegen.evaluation.baselines import ORDER, NGram
from musegen.score.excerpt import closed
from musegen.score.score import Score
from musegen.vocabulary.vocabulary import Tracker, Words

WORDS_A_BAR = 400  # as the model that is measured: what writes more is broken off


def drawn(ngram: NGram, bars: int, n: int, random_seed: int) -> tuple[list[Score], int]:
    """`n` pieces of so many bars from nothing, less those that failed, and how many did."""
    vocabulary, chance = ngram.vocabulary, np.random.default_rng(random_seed)
    tracker = vocabulary.start(n)
    tracker.last_bar = bars
    past = np.full((n, ORDER, len(vocabulary.sizes)), -1, np.int16)  # the last is the word to come
    words, length = [], np.zeros(n, np.int64)
    while not tracker.done.all() and len(words) < WORDS_A_BAR * bars:
        past = np.roll(past, -1, axis=1)
        past[:, -1] = 0
        _draw(ngram, tracker, past, chance)
        length += ~tracker.done
        tracker.advance(past[:, -1])
        words.append(past[:, -1].copy())
    every = np.stack(words, axis=1)
    found = [
        closed(vocabulary.decode(its[:its_length]))
        for its, its_length, done in zip(every, length, tracker.done, strict=True)
        if done
    ]
    whole = [score for score in found if score.n_notes and score.n_bars]
    return whole, n - len(whole)


def _draw(ngram: NGram, tracker: Tracker, past: Words, chance: np.random.Generator) -> None:
    """The fields of the next word of each piece in turn, into the last row of what passed."""
    n, rows, n_fields = past.shape
    vocabulary = ngram.vocabulary
    features = np.zeros((n, rows, len(vocabulary.features)), np.int16)
    for field in range(n_fields):
        word = past[:, -1, :field]
        features[:, -1] = tracker.features(word)  # a history knows those of its own row alone
        seen = vocabulary.history(past.reshape(-1, n_fields), features.reshape(n * rows, -1))
        p = ngram.probabilities(seen[rows - 1 :: rows, field], field) * tracker.legal(word)
        value = _drawn(p, chance)
        if field:
            value = np.where(vocabulary.applies[past[:, -1, 0], field], value, 0)
        past[:, -1, field] = value


def _drawn(p: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A value of each row (B,) by its weights (B, V); any where all are 0, as nothing is asked."""
    sums = p.cumsum(axis=1)
    at = chance.random((len(p), 1)) * sums[:, -1:]
    return np.minimum((sums <= at).sum(axis=1), p.shape[1] - 1).astype(np.int16)
