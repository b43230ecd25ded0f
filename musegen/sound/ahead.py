"""Blocks of sound made a little before they are due, on a thread of their own."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, Full, Queue
from threading import Thread

import numpy as np

from .loudness import Samples

_BLOCKS = 16  # that wait: about four seconds
_PATIENCE_SECONDS = 0.5  # for a block that comes late; then silence


class Ahead:
    """The blocks (S, 2), the first of them made at once, taken in any portions."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        nothing = np.zeros((0, 2), np.float32)
        self._rest: Samples = next(blocks, nothing)
        self._blocks = blocks
        self._queue: Queue[Samples | None] = Queue(_BLOCKS)
        self._is_over = self._is_closed = False
        Thread(target=self._make, daemon=True).start()

    def take(self, size: int) -> Samples:
        """The next samples (N, 2): so many, or fewer where they end or are late."""
        taken, lacking = [self._rest[:size]], size - len(self._rest)
        self._rest = self._rest[size:]
        while lacking > 0 and not self._is_over:
            try:
                block = self._queue.get(timeout=_PATIENCE_SECONDS)
            except Empty:
                break
            if block is None:
                self._is_over = True
                break
            taken.append(block[:lacking])
            self._rest = block[lacking:]
            lacking -= len(block)
        return np.concatenate(taken)

    def close(self) -> None:
        """Make no more."""
        self._is_closed = True

    def _make(self) -> None:
        for block in self._blocks:
            if not self._put(block):
                return
        self._put(None)

    def _put(self, block: Samples | None) -> bool:
        """Whether it was taken in before it was closed."""
        while not self._is_closed:
            try:
                self._queue.put(block, timeout=0.1)
            except Full:
                continue
            return True
        return False
