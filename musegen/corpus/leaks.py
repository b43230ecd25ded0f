"""Music that stands on two sides of a split: twins, and pieces that share long passages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from musegen.score.fingerprint import passages
from musegen.score.score import Score

from .reading import over_scores
from .split import SPLITS, given_split
from .survey import Piece, Survey

_SHARED = 0.5  # of the passages of a held-out piece are found in one that is learnt
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Leak:
    """A held-out piece, and one on the side that may know it.

    Attributes:
        path: the piece that is learnt, or of valid where the other is of test.
        split: its side.
        of: the held-out piece.
        of_split: its side.
        shared: the share of the held-out piece's passages found there; 1 for twins.
        is_twin: both are the same music throughout.
        is_mended: the first is left out as a duplicate, so that nothing leaks.
    """

    path: str
    split: str
    of: str
    of_split: str
    shared: float = 1.0
    is_twin: bool = False
    is_mended: bool = False


def twins_across(found: Survey) -> list[Leak]:
    """Pieces of folders named train, valid and test that are the same music in any key."""
    held_out: dict[str, list[Piece]] = {}
    for piece in found.pieces:
        if piece.melody and given_split(piece.path) in SPLITS[1:]:
            held_out.setdefault(piece.melody, []).append(piece)
    leaks = []
    for piece in found.pieces:
        side = given_split(piece.path) or SPLITS[0]
        others = held_out.get(piece.melody, []) if piece.melody else []
        other = next((p for p in others if _after(given_split(p.path), side)), None)
        if other:
            mended = piece.status == "duplicate"
            split = given_split(other.path)
            leaks.append(Leak(piece.path, side, other.path, split, 1.0, True, mended))
    return leaks


def passages_across(found: Survey) -> list[Leak]:
    """Held-out pieces most of whose passages of 24 notes stand in a piece that is learnt."""
    held_out, learnt = [*found.kept("valid"), *found.kept("test")], found.kept("train")
    if not held_out or not learnt:
        return []
    its = list(chain.from_iterable(over_scores(passages_of, found.places(held_out))))
    known = np.concatenate(its)
    owner = np.repeat(np.arange(len(its)), [len(hashes) for hashes in its])
    order = np.argsort(known, kind="stable")
    known, owner = known[order], owner[order]
    best: dict[int, tuple[int, str]] = {}
    theirs = chain.from_iterable(over_scores(passages_of, found.places(learnt)))
    for piece, hashes in zip(learnt, theirs, strict=True):
        for number, count in _shared(hashes, known, owner):
            if count > best.get(number, (0, ""))[0]:
                best[number] = (count, piece.path)
    return [
        Leak(path, "train", held_out[n].path, held_out[n].split, round(count / len(its[n]), 3))
        for n, (count, path) in sorted(best.items())
        if count >= _SHARED * len(its[n])
    ]


def passages_of(scores: Iterator[Score]) -> list[Hashes]:
    """The different passages of each score."""
    return [passages(score) for score in scores]


def _after(split: str, other: str) -> bool:
    return SPLITS.index(split) > SPLITS.index(other)


def _shared(hashes: Hashes, known: Hashes, owner: NDArray[np.int64]) -> Sequence[tuple[int, int]]:
    """How many of the passages each held-out piece shares: its number and the count."""
    first = np.searchsorted(known, hashes, side="left")
    last = np.searchsorted(known, hashes, side="right")
    rows = [np.arange(a, b) for a, b in zip(first, last, strict=True) if b > a]
    if not rows:
        return []
    numbers, counts = np.unique(owner[np.concatenate(rows)], return_counts=True)
    return list(zip(numbers.tolist(), counts.tolist(), strict=True))
