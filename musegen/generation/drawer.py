"""The loop that draws words: the network's state, the tracker's, and what was drawn so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from musegen.corpus.given import Stretch
from musegen.evaluation.trained import Trained
from musegen.network.backbones import State
from musegen.vocabulary.vocabulary import Features, Tracker, Words

from .plan import Plan
from .sampling import Sampling, draw

_CHUNK = 512  # words of the seed read at once
_WORDS_A_BAR = 400  # of all parts; what exceeds it on average is broken off


class Snapshot(NamedTuple):
    """Where a drawer stood: tracker, state, last words, how many were drawn, and lengths."""

    tracker: Tracker
    state: State | None
    last: torch.Tensor
    n_drawn: int
    length: NDArray[np.int64]


class Drawer:
    """The loop's state: the network's, the tracker's, and what was drawn."""

    def __init__(
        self,
        model: Trained,
        plan: Plan,
        words: Words,
        join: int,
        n: int,
        sampling: Sampling,
        random_seed: int,
    ) -> None:
        """Go on from these words, of which the first `join` are the seed's, `n` times."""
        self.model, self.plan = model, plan
        self.tracker = plan.tracker(model.vocabulary, words, join, n)
        self._samplings = self._asked = sampling.for_fields(
            [field.name for field in model.vocabulary.fields]
        )
        self.generator = torch.Generator().manual_seed(random_seed)
        self.drawn: list[Words] = []
        self.nats: list[NDArray[np.float64]] = []
        self.length = np.zeros(n, np.int64)
        self._words, self._n = words, n
        self._state: State | None = None
        self._last = torch.empty(0)
        self.forced: dict[int, NDArray[np.int16]] = {}  # fields that are given, word by word

    def run(self, progress: Callable[[int, int], None] | None, stop: Callable[[], bool]) -> None:
        """Draw until all have come to their end, or written far too much, or are to stop."""
        bars, limit = self.plan.bars, _WORDS_A_BAR * self.plan.bars
        assert self.tracker.last_bar is not None
        first = self.tracker.last_bar - bars
        self.read()
        while not self.tracker.done.all() and len(self.drawn) < limit and not stop():
            self._next()
            if progress:
                progress(min(int(self.tracker.bars.min()) - first, bars), bars)

    def bar(self) -> bool:
        """Draw one bar of the first candidate, or its end; whether it did not grow too long."""
        bar = int(self.tracker.bars[0])
        return self._draw_while(lambda: int(self.tracker.bars[0]) == bar)

    def turn(self, turn: int) -> bool:
        """Draw the words of a turn of the first candidate; whether they did not grow too many."""
        return self._draw_while(lambda: int(self.tracker.turn[0]) <= turn)

    def _draw_while(self, goes_on: Callable[[], bool]) -> bool:
        limit = len(self.drawn) + 4 * _WORDS_A_BAR
        while not self.tracker.done[0] and goes_on():
            self._next()
            if len(self.drawn) > limit:
                return False
        return True

    def snapshot(self) -> Snapshot:
        """Where the loop stands, but for its chance."""
        tracker = deepcopy(self.tracker)
        return Snapshot(tracker, self._state, self._last, len(self.drawn), self.length.copy())

    def restore(self, snapshot: Snapshot, warmer: float) -> None:
        """Stand there again, and draw at temperatures so much higher than asked from now on."""
        tracker, self._state, self._last, n_drawn, length = snapshot
        self.tracker, self.length = deepcopy(tracker), length.copy()
        self._samplings = [replace(s, temperature=s.temperature + warmer) for s in self._asked]
        del self.drawn[n_drawn:], self.nats[n_drawn:]

    def row(self, row: int) -> tuple[Words, NDArray[np.float64], bool]:
        """What was drawn for a candidate: its words, their nats, and whether it came to an end."""
        length, n_fields = self.length[row], len(self.model.vocabulary.sizes)
        words = [drawn[row] for drawn in self.drawn[:length]]
        nats = [nats[row] for nats in self.nats[:length]]
        return (
            np.array(words, np.int16).reshape(-1, n_fields),
            np.array(nats, np.float64),
            bool(self.tracker.done[row]),
        )

    def read(self) -> None:
        """Read what stands before the first word once, to go on from it `n` times."""
        n, network, device = self._n, self.model.network, self.model.device
        sizes = np.array(self.model.vocabulary.sizes)
        self._last = _tensor(sizes[None], device)
        self.feed(self.plan.context(self.model.vocabulary, self._words))
        if self._state is not None:
            self._state = network.backbone.repeat(self._state, n)
        self._last = self._last.expand(n, -1)

    def feed(self, stretch: Stretch) -> None:
        """Have one candidate read more words, which are not drawn."""
        words, features, roles, _ = stretch
        network, device = self.model.network, self.model.device
        before = np.concatenate([self._last.cpu().numpy(), words])
        is_seed = len(words) > 0 and not roles.any()
        passed = self.model.vocabulary.bars(words, features) if is_seed else roles
        told = self._told(passed, roles)[None]
        for first in range(0, len(words), _CHUNK):
            now = slice(first, first + _CHUNK)
            _, self._state = network.read(
                _tensor(before[None, :-1][:, now], device),
                _tensor(features[None, now], device),
                self._state,
                told[:, now],
            )
        self._last = _tensor(before[-1:], device)

    def _next(self) -> None:
        """One more word of every candidate."""
        network, device = self.model.network, self.model.device
        known = _tensor(self.tracker.features(np.zeros((self._n, 0), np.int16)), device)
        told = self._told(self.tracker.bars, self.plan.role)[:, None]
        hidden, self._state = network.read(self._last[:, None], known[:, None], self._state, told)
        words, nats = network.next(hidden[:, 0], self._choose, known, self._features)
        nats[:, list(self.forced)] = 0
        self.nats.append(-nats.sum(1).double().cpu().numpy())
        self.length += ~self.tracker.done
        drawn = words.cpu().numpy().astype(np.int16)
        self.tracker.advance(drawn)
        self.drawn.append(drawn)
        self._last = words

    def _told(self, passed: NDArray[np.int64], role: NDArray[np.int64] | int) -> torch.Tensor:
        """What is told beside words of a role before which so many bars passed (N,): (N, C)."""
        assert self.tracker.last_bar is not None
        told = self.plan.told(self.model.conditions, self.tracker.last_bar - passed, role)
        return _tensor(told, self.model.device)

    def _choose(self, field: int, scores: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        legal = torch.from_numpy(self.tracker.legal(drawn.cpu().numpy()))
        said, now = self.forced.get(field), len(self.drawn)
        if said is not None and now < len(said):
            legal = torch.arange(legal.shape[1]).eq(int(said[now])).expand_as(legal)
        free = ~legal.any(dim=1, keepdim=True)  # rows where the field does not apply
        sampling = self._samplings[field]
        return draw(scores, legal | free, sampling, self.generator).to(scores.device)

    def _features(self, drawn: torch.Tensor) -> torch.Tensor:
        return _tensor(self.tracker.features(drawn.cpu().numpy()), self.model.device)


@contextmanager
def plain_kernels() -> Iterator[None]:
    """Without gradients, on one thread and without oneDNN: so little is computed a word.

    To set up oneDNN, and to wait for other threads, costs more than it saves.
    """
    (before, *_) = torch.backends.mkldnn.set_flags(_enabled=False)  # type: ignore[no-untyped-call]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.mkldnn.set_flags(_enabled=before)  # type: ignore[no-untyped-call]


def _tensor(array: Words | Features | NDArray[np.int64], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64)).to(device)
