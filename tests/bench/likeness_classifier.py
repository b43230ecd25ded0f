"""A classifier two-sample test: can a classifier tell composed music from real music?

Lopez-Paz and Oquab, Revisiting classifier two-sample tests (ICLR 2017): where two sets come from
one distribution no classifier is right more often than half the time on what it did not learn from.
Here it is a logistic regression over bags of musical features, hashed (Weinberger et al., Feature
hashing for large scale multitask learning, ICML 2009), of windows of a few bars.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
import torch

from musegen.score.excerpt import closed, from_bar, until_bar
from musegen.score.score import Score

WINDOW = 4  # bars
SIZE = 1 << 12  # hashed features
SPLITS = 20  # of the pieces into those that are learnt from and those that are asked
FEWEST = 4  # pieces of a kind
_WEIGHT = 1e-3  # of the squared weights
_STEPS_A_QUARTER = 24  # finer lengths are taken as alike
_WIDEST = 48  # semitones, of an interval between parts
_RESAMPLED = 500

Bags = np.ndarray  # of the windows of one piece (W, SIZE)
Token = tuple[int, ...]  # its kind, then what it says; none negative: Python hashes -1 as -2


class Told(NamedTuple):
    """How often two sets are told apart: mean over the splits, and over their 95 % intervals."""

    accuracy: float
    low: float
    high: float


def excerpt(score: Score, first: int, bars: int) -> Score:
    """So many bars from bar `first` on, the first being 0; notes are cut at its end."""
    found = closed(until_bar(score, first + bars))
    return from_bar(found, first) if first else found


def bags(score: Score) -> Bags:
    """The features of each window of a piece, one after the other, as roots of their shares.

    The first bar and the last are left out: a composed piece is short, so that its windows would
    hold openings and ends more often than those of real pieces. Shares are of all features of one
    kind, so that neither how long nor how dense a window is tells of it; the root is Hellinger's,
    in which rare features count.
    """
    starts = range(1, score.n_bars - WINDOW, WINDOW)
    return np.array([_bag(excerpt(score, bar, WINDOW)) for bar in starts]).reshape(-1, SIZE)


def _bag(window: Score) -> np.ndarray:
    counts = Counter(_tokens(window))
    of_kind: Counter[int] = Counter()
    for token, count in counts.items():
        of_kind[token[0]] += count
    bag = np.zeros(SIZE)
    for token, count in counts.items():
        bag[hash(token) % SIZE] += count / of_kind[token[0]]
    return np.sqrt(bag)


def _tokens(window: Score) -> Iterator[Token]:
    """What is heard in a window, but for drums, whose rhythm alone counts."""
    pitched = [part.notes.rows for part in window.parts if not part.is_drums]
    for rows in pitched:
        yield from _melodic(rows, window.ticks_per_quarter)
    notes = np.concatenate([np.zeros((0, 4), np.int64), *pitched])
    yield from _harmonic(notes)
    yield from _classes(notes[:, 2] % 12)
    every = [part.notes.rows for part in window.parts]
    yield from _rhythmic(np.concatenate(every), window)


def _steps(ticks: np.ndarray, ticks_per_quarter: int) -> np.ndarray:
    return np.rint(_STEPS_A_QUARTER * ticks / ticks_per_quarter).astype(np.int64)


def _melodic(rows: np.ndarray, ticks_per_quarter: int) -> Iterator[Token]:
    """One to three intervals in a row of a part, each with the length of the note that it leaves.

    Notes that begin together stand one after the other, their lengths marked.
    """
    together = np.diff(rows[:, 0]) == 0
    lengths = 2 * _steps(rows[:-1, 1], ticks_per_quarter) + together
    moves = list(zip((np.diff(rows[:, 2]) + 128).tolist(), lengths.tolist(), strict=True))
    for n in (1, 2, 3):
        for first in range(len(moves) - n + 1):
            yield (n, *(value for move in moves[first : first + n] for value in move))


def _harmonic(notes: np.ndarray) -> Iterator[Token]:
    """At each onset the intervals between what sounds, and all of them above the lowest."""
    for tick in np.unique(notes[:, 0]):
        here = (notes[:, 0] <= tick) & (tick < notes[:, 0] + notes[:, 1])
        pitches = sorted(notes[here, 2].tolist())
        for low, high in combinations(pitches, 2):
            yield 4, min(high - low, _WIDEST)
        if len(pitches) > 1:
            yield (5, *sorted({(pitch - pitches[0]) % 12 for pitch in pitches}))


def _classes(classes: np.ndarray) -> Iterator[Token]:
    """Pitch classes above the commonest."""
    if len(classes):
        home = int(np.bincount(classes, minlength=12).argmax())
        yield from ((6, (its - home) % 12) for its in classes.tolist())


def _rhythmic(notes: np.ndarray, window: Score) -> Iterator[Token]:
    """Where in its bar each note begins, and how long it is."""
    edges = np.concatenate([[0], window.barlines])
    bar = np.searchsorted(edges, notes[:, 0], side="right") - 1
    place = _steps(notes[:, 0] - edges[bar], window.ticks_per_quarter)
    lengths = _steps(notes[:, 1], window.ticks_per_quarter)
    yield from ((7, *its) for its in zip(place.tolist(), lengths.tolist(), strict=True))


def told_apart(one: list[Bags], other: list[Bags] | None, random_seed: int) -> Told | None:
    """How often a window is told to be of the one set or the other; None of too few pieces.

    Each split gives half the pieces of each set to learn from and asks the other half, as many
    windows of each set. The interval comes from drawing the pieces that are asked anew (bootstrap).

    Args:
        one: the bags of each piece.
        other: the same of the other set; None: the first is shared out between two, at random.
        random_seed: of splits and draws.
    """
    torch.set_num_threads(1)  # so little is computed that threads would but wait for each other
    chance = np.random.default_rng(random_seed)
    if min(len(one), len(one) // 2 if other is None else len(other)) < FEWEST:
        return None
    found = []
    for _ in range(SPLITS):
        both = _halves(one, chance) if other is None else (one, other)
        (learnt, asked), (learnt_other, asked_other) = (_halves(pieces, chance) for pieces in both)
        right = _trained(_balanced(learnt, learnt_other, chance))
        answers = [[right(b) for b in asked], [1 - right(b) for b in asked_other]]
        found.append(_interval(answers, chance))
    return Told(*np.mean(found, axis=0).tolist())


def _halves(pieces: list[Bags], chance: np.random.Generator) -> tuple[list[Bags], list[Bags]]:
    order = chance.permutation(len(pieces)).tolist()
    half = len(order) // 2
    return [pieces[i] for i in order[:half]], [pieces[i] for i in order[half:]]


def _balanced(
    one: list[Bags], other: list[Bags], chance: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """As many windows of both (N, SIZE), and whether each is of the one (N,)."""
    both = [np.concatenate(one), np.concatenate(other)]
    n = min(map(len, both))
    windows = np.concatenate([its[chance.choice(len(its), n, replace=False)] for its in both])
    return torch.from_numpy(windows), (torch.arange(2 * n) < n).double()


def _trained(examples: tuple[torch.Tensor, torch.Tensor]):
    """A logistic regression with L2: what tells which windows (W, SIZE) it takes for the one."""
    windows, is_one = examples
    weights = torch.zeros(SIZE, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        scores = windows @ weights + bias
        nats = torch.nn.functional.binary_cross_entropy_with_logits(scores, is_one)
        total = nats + _WEIGHT * weights.square().sum()
        total.backward()
        return total

    optimiser.step(loss)
    w, b = weights.detach().numpy(), bias.item()
    return lambda bags: (bags @ w + b > 0).astype(float)


def _interval(answers: list[list[np.ndarray]], chance: np.random.Generator) -> Told:
    """The accuracy over both sets alike, and where 95 % lie when pieces are drawn anew."""
    means = []
    for its in answers:
        right, windows = np.array([(a.sum(), len(a)) for a in its]).T
        rows = [np.arange(len(its)), *chance.integers(len(its), size=(_RESAMPLED, len(its)))]
        means.append([right[r].sum() / windows[r].sum() for r in rows])
    accuracy = np.mean(means, axis=0)
    low, high = np.quantile(accuracy[1:], (0.025, 0.975)).tolist()
    return Told(float(accuracy[0]), low, high)
