"""What music shares with other music: its longest passage, up to transposition, and whose it is.

A passage is some consecutive notes of one part: its intervals and the ratios of its lengths. Drums
have none, and one of fewer than four different intervals is nobody's. What is kept of the other
music is 32 bits for every eight notes in a row, from which no note can be had back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from musegen.errors import ModelError
from musegen.network.checkpoint import load_tensors, save_tensors
from musegen.score.fingerprint import SHORTEST, passage_hashes
from musegen.score.score import Notes, Part

_INTERVALS = 4  # different ones that a passage has at least
PASSAGES = "passages.safetensors"


class Copied(NamedTuple):
    """The longest passage that music shares: how many notes, and with which piece.

    No piece, and 0 notes, where it shares none of `SHORTEST` notes.
    """

    notes: int = 0
    source: str = ""


@dataclass(frozen=True)
class Passages:
    """The passages of `SHORTEST` notes of some pieces.

    Attributes:
        hashes: of each passage, rising (K,).
        pieces: in which piece it stands (K,); one that stands in several has as many rows.
        sources: what the pieces are called.
    """

    hashes: NDArray[np.uint32]
    pieces: NDArray[np.uint32]
    sources: tuple[str, ...]

    @classmethod
    def of(cls, pieces: Iterable[tuple[str, Iterable[Part]]]) -> Passages:
        """Those of pieces, each called so and made of these parts."""
        sources, rows = [], [np.zeros((0, 2), np.uint32)]
        for number, (source, parts) in enumerate(pieces):
            found = np.unique(np.concatenate([np.zeros(0, np.uint32), *map(_hashes, parts)]))
            rows.append(np.stack([found, np.full_like(found, number)], axis=1))
            sources.append(source)
        every = np.concatenate(rows)
        every = every[np.lexsort((every[:, 1], every[:, 0]))]
        return cls(every[:, 0].copy(), every[:, 1].copy(), tuple(sources))

    def and_of(self, other: Passages) -> Passages:
        """Those of other pieces too; a piece that is in both is kept once."""
        known = set(self._by_piece())
        new = [n for n, piece in enumerate(other._by_piece()) if piece not in known]
        place = np.zeros(len(other.sources), np.uint32)
        place[new] = np.arange(len(self.sources), len(self.sources) + len(new))
        rows = np.isin(other.pieces, new)
        hashes = np.concatenate([self.hashes, other.hashes[rows]])
        pieces = np.concatenate([self.pieces, place[other.pieces[rows]]])
        order = np.lexsort((pieces, hashes))
        sources = (*self.sources, *(other.sources[n] for n in new))
        return Passages(hashes[order], pieces[order], sources)

    def _by_piece(self) -> list[tuple[str, bytes]]:
        """The path of each piece, and its hashes."""
        order = np.argsort(self.pieces, kind="stable")
        first = np.searchsorted(self.pieces[order], np.arange(1, len(self.sources)))
        hashes = np.split(self.hashes[order], first)
        return [(path, its.tobytes()) for path, its in zip(self.sources, hashes, strict=True)]

    @property
    def false_alarms(self) -> float:
        """How likely `SHORTEST` notes in a row that stand nowhere seem to stand in a piece."""
        return len(np.unique(self.hashes)) / 2**32

    def longest_in(self, parts: Iterable[Part], but: Passages | None = None) -> Copied:
        """The longest passage of parts that stands in one of the pieces, and not in `but`."""
        return max((self._longest(part, but) for part in parts), default=Copied())

    def beyond(self, part: Part, most: int, but: Passages | None = None) -> int | None:
        """The first note of a part with which a passage has more than `most` notes; or None.

        Passages that stand in `but` do not count.
        """
        found = (place + n - 1 for place, n, _ in self._standing(part, but) if n > most)
        return min(found, default=None)

    def _longest(self, part: Part, but: Passages | None) -> Copied:
        found = ((n, -place, piece) for place, n, piece in self._standing(part, but))
        n, _, piece = max(found, default=(0, 0, -1))
        return Copied(n, self.sources[piece]) if n else Copied()

    def _standing(self, part: Part, but: Passages | None = None) -> Iterator[tuple[int, int, int]]:
        """All passages of a part that stand in a piece: first note, number of notes, and piece."""
        hashes = _hashes(part)
        first = np.searchsorted(self.hashes, hashes, side="left")
        last = np.searchsorted(self.hashes, hashes, side="right")
        last = last if but is None else np.where(np.isin(hashes, but.hashes), first, last)
        enough = _particular(part.notes)
        since: dict[int, int] = {}  # piece → the place from which all passages stand in it
        for place in range(len(hashes)):
            standing = self.pieces[first[place] : last[place]].tolist()
            since = {piece: since.get(piece, place) for piece in standing}
            for piece, start in since.items():
                n = place - start + SHORTEST
                if n >= enough[start]:
                    yield start, n, piece

    def save(self, folder: Path) -> None:
        """Write them into a model folder.

        Raises:
            OutputError: they cannot be written.
        """
        few = len(self.sources) <= np.iinfo(np.int16).max
        tensors = {
            "hashes": torch.from_numpy(self.hashes.view(np.int32)),
            "pieces": torch.from_numpy(self.pieces.astype(np.int16 if few else np.int32)),
        }
        save_tensors(folder / PASSAGES, tensors, {"sources": list(self.sources)})

    @classmethod
    def load(cls, folder: Path) -> Passages:
        """Those of a model folder.

        Raises:
            ModelError: there are none, or they are damaged.
        """
        path = folder / PASSAGES
        tensors, about = load_tensors(path)
        try:
            hashes, pieces = (tensors[name].numpy() for name in ("hashes", "pieces"))
            sources = tuple(map(str, about["sources"]))
            of_rows = hashes.dtype == np.int32 and pieces.dtype in (np.int16, np.int32)
            if not of_rows or hashes.ndim != 1 or hashes.shape != pieces.shape:
                raise ValueError("its columns do not fit")
            if np.any((pieces < 0) | (pieces >= len(sources))):
                raise ValueError("it names pieces that it does not have")
            hashes, pieces = hashes.view(np.uint32), pieces.astype(np.uint32)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError("is damaged", file=path) from error
        return cls(hashes, pieces, sources)


def _hashes(part: Part) -> NDArray[np.uint32]:
    """Of every `SHORTEST` notes in a row, in their order; none of drums."""
    if part.is_drums:
        return np.zeros(0, np.uint32)
    upper: NDArray[np.uint64] = passage_hashes(part.notes, SHORTEST) >> np.uint64(32)
    return upper.astype(np.uint32)


def _particular(notes: Notes) -> list[int]:
    """How many notes from each on have `_INTERVALS` different intervals; too many if none do."""
    intervals = np.diff(notes.pitch).tolist()
    within: Counter[int] = Counter()
    found, stop = [], 0
    for start, first in enumerate(intervals):
        while stop < len(intervals) and len(within) < _INTERVALS:
            within[intervals[stop]] += 1
            stop += 1
        found.append(1 + (stop - start if len(within) == _INTERVALS else len(notes)))
        within[first] -= 1
        if not within[first]:
            del within[first]
    return found
