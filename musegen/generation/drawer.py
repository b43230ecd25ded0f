"""The loop that draws words: the network's state, the tracker's, and what was drawn so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from musegen.corpus.given import Stretch
from musegen.evaluation.trained import Trained
from musegen.network.stepwise import read_all
from musegen.network.stepwise_backbones import Past
from musegen.network.stepwise_heads import Numbers
from musegen.network.stepwise_layers import Floats, log_softmax
from musegen.vocabulary.vocabulary import Tracker, Words

from .plan import Plan
from .sampling import Sampling, draw

_Number = TypeVar("_Number", bound=np.generic)

_CHUNK = 512  # words of the seed read at once
_WORDS_A_BAR = 400  # of all parts; what exceeds it on average is broken off
_SHRINK = 0.75  # a batch is made smaller where no more of its pieces still go on


class Drawn(NamedTuple):
    """What was drawn for a candidate.

    Attributes:
        words: (T, F).
        nats: of each word (T,).
        finished: whether they came to their end.
        ending: log p that the model gave the end where it came.
    """

    words: Words
    nats: NDArray[np.float64]
    finished: bool
    ending: float


class Rest(NamedTuple):
    """Where a candidate rests, as a batch of one: tracker, past and last word."""

    tracker: Tracker
    past: Past
    last: Numbers


class Snapshot(NamedTuple):
    """Where a drawer stood: tracker, past, last words, how many were drawn, and lengths."""

    tracker: Tracker
    past: Past
    last: Numbers
    n_drawn: int
    length: NDArray[np.int64]


class Drawer:
    """The loop's state: what the network has read, the tracker's, and what was drawn."""

    def __init__(
        self,
        model: Trained,
        plan: Plan,
        words: Words,
        join: int,
        tracker: Tracker,
        sampling: Sampling,
        random_seed: int,
        undrawn: int = 0,
    ) -> None:
        """Go on from these words, of which the first `join` are the seed's; `tracker` has them.

        It has as many pieces as there are candidates. So many of the last bars stay `undrawn`.
        """
        self.model, self.plan, self.tracker = model, plan, tracker
        n = len(tracker.done)
        self.words, self.join, self.sampling = words, join, sampling
        self._samplings = self._asked = sampling.for_fields(
            [field.name for field in model.vocabulary.fields], freer=plan.gives_parts
        )
        self.chance = np.random.default_rng(random_seed)
        self.drawn: list[Words] = []
        self.nats: list[NDArray[np.float64]] = []
        self.length = np.zeros(n, np.int64)
        self._n, self._undrawn = n, undrawn
        self._rows = np.arange(n)  # the candidates whose past is kept: those that go on
        self._rests: dict[int, Rest] = {}  # candidates that have only bars left to stay undrawn
        self._past: Past = None
        self._last: Numbers = np.array([model.vocabulary.sizes], np.int64)
        self.forced: dict[int, NDArray[np.int16]] = {}  # fields that are given, word by word
        self._of_bars: dict[bytes, Numbers] = {}  # what is told, by the bars to come
        self.ending = np.zeros(n)  # log p of what is legal after the last bar: the end

    def run(self, progress: Callable[[int, int], None] | None, stop: Callable[[], bool]) -> None:
        """Draw until all have come to their end, or written far too much, or are to stop."""
        bars, limit = self.plan.bars, _WORDS_A_BAR * self.plan.bars
        first = int(self.last_bar.min()) - bars
        if self._past is None:
            self.read()
        self._rest()
        while not self.tracker.done.all() and len(self.drawn) < limit and not stop():
            self._next()
            if progress:
                progress(min(int(self.tracker.bars.min()) - first, bars), bars)

    def bar(self) -> bool:
        """Draw one bar of the first candidate, or its end; whether it did not grow too long."""
        bar = int(self.tracker.bars[0])
        limit = len(self.drawn) + 4 * _WORDS_A_BAR
        while not self.tracker.done[0] and int(self.tracker.bars[0]) == bar:
            self._next()
            if len(self.drawn) > limit:
                return False
        return True

    def snapshot(self) -> Snapshot:
        """Where the loop stands, but for its chance."""
        tracker = self.tracker.chosen(np.arange(self._n))
        return Snapshot(tracker, self._past, self._last, len(self.drawn), self.length.copy())

    def restore(self, snapshot: Snapshot, warmer: float) -> None:
        """Stand there again, and draw at temperatures so much higher than asked from now on."""
        tracker, self._past, self._last, n_drawn, length = snapshot
        self.tracker, self.length = tracker.chosen(np.arange(self._n)), length.copy()
        self._samplings = [replace(s, temperature=s.temperature + warmer) for s in self._asked]
        del self.drawn[n_drawn:], self.nats[n_drawn:]

    def row(self, row: int) -> Drawn:
        """What was drawn for a candidate; not finished where bars stay undrawn."""
        length, n_fields = self.length[row], len(self.model.vocabulary.sizes)
        words = [drawn[row] for drawn in self.drawn[:length]]
        nats = [nats[row] for nats in self.nats[:length]]
        return Drawn(
            np.array(words, np.int16).reshape(-1, n_fields),
            np.array(nats, np.float64),
            bool(self.tracker.done[row]) and not self.rests(row),
            float(self.ending[row]),
        )

    def rests(self, row: int) -> bool:
        """Whether a candidate has only bars left that stay undrawn."""
        return row in self._rests

    def drafts(self, row: int, n: int, plan: Plan, random_seed: int) -> Drawer:
        """What goes on `n` times from where a candidate rests, by a plan of as many bars."""
        tracker, past, last = self._rests[row]
        words, rows = np.concatenate([self.words, self.row(row).words]), np.zeros(n, np.int64)
        tracker = tracker.chosen(rows)
        new = Drawer(self.model, plan, words, self.join, tracker, self.sampling, random_seed)
        new._past, new._last = self.model.stepwise.chosen(past, rows), last[rows]
        return new

    def read(self) -> None:
        """Read what stands before the first word once, to go on from it `n` times."""
        stretch = self.plan.context(self.model.vocabulary, self.words)
        before, features, told = self._columns(stretch)
        state = read_all(self.model.network, before[:-1], features, told, _CHUNK)
        self._past = self.model.stepwise.past(state, self._n)
        self._last = np.repeat(before[-1:], self._n, axis=0)

    def feed(self, stretch: Stretch) -> None:
        """Have the one candidate read more words, which are not drawn."""
        before, features, told = self._columns(stretch)
        for word in range(len(features)):
            now = slice(word, word + 1)
            _, self._past = self.model.stepwise.read(
                before[now], features[now], told[now], self._past
            )
        self._last = before[-1:]

    def _columns(self, stretch: Stretch) -> tuple[Numbers, Numbers, Numbers]:
        """The words before (N + 1, F), the last one too; their features, and what is told."""
        words, features, roles, _ = stretch
        is_seed = len(words) > 0 and not roles.any()
        passed = self.model.vocabulary.bars(words, features) if is_seed else roles
        before = np.concatenate([self._last[:1], words])
        return before, features.astype(np.int64), self._told(self.last_bar[0] - passed, roles)

    def _next(self) -> None:
        """One more word of every candidate that goes on."""
        model, n = self.model.stepwise, len(self._going_on())
        known = self._features(np.zeros((n, 0), np.int64))
        told = self._told_now(self._of_rows(self.bars_left))
        hidden, self._past = model.read(self._of_rows(self._last), known, told, self._past)
        words, nats = model.draw(hidden, self._choose, known, self._features)
        nats[:, list(self.forced)] = 0
        self.nats.append(self._of_all(-nats.sum(1)))
        self.length += ~self.tracker.done
        self._last = self._of_all(words)
        drawn = self._last.astype(np.int16)
        self.tracker.advance(drawn)
        self.drawn.append(drawn)
        self._rest()

    def _rest(self) -> None:
        """Candidates rest that have only undrawn bars left; the loop takes them for done."""
        if not self._undrawn:
            return
        near = self.bars_left <= self._undrawn
        if not near.any():
            return
        rows = np.flatnonzero(near & ~self.tracker.done)
        for row in rows:
            one, here = np.array([row]), np.flatnonzero(self._rows == row)
            past = self.model.stepwise.chosen(self._past, here)
            self._rests[int(row)] = Rest(self.tracker.chosen(one), past, self._last[one])
        self.tracker.done[rows] = True

    def _going_on(self) -> NDArray[np.int64]:
        """The candidates that the network reads on; the past of the others is let go in time."""
        done = self.tracker.done
        if not done.any():
            return self._rows
        going = ~done[self._rows]
        if 0 < np.count_nonzero(going) <= _SHRINK * len(going):
            self._past = self.model.stepwise.chosen(self._past, np.flatnonzero(going))
            self._rows = self._rows[going]
        return self._rows

    def _of_all(self, of_rows: NDArray[_Number]) -> NDArray[_Number]:
        """Something of those that go on, as something of all; 0 for the others."""
        if len(self._rows) == self._n:
            return of_rows
        of_all = np.zeros((self._n, *of_rows.shape[1:]), of_rows.dtype)
        of_all[self._rows] = of_rows
        return of_all

    def _of_rows(self, of_all: NDArray[_Number]) -> NDArray[_Number]:
        """Something of all, as something of those that go on."""
        return of_all if len(self._rows) == self._n else of_all[self._rows]

    def _told_now(self, to_come: NDArray[np.int64]) -> Numbers:
        """What is told beside the next words: the same until a bar is complete."""
        bars = to_come.tobytes()
        if bars not in self._of_bars:
            self._of_bars[bars] = self._told(to_come, self.plan.role)
        return self._of_bars[bars]

    def _told(self, to_come: NDArray[np.int64], role: NDArray[np.int64] | int) -> Numbers:
        """What is told beside words of a role, at which so many bars are to come (N,): (N, C)."""
        return self.plan.told(self.model.conditions, to_come, role)

    @property
    def last_bar(self) -> NDArray[np.int64]:
        """After how many bars each candidate ends (n,)."""
        assert self.tracker.last_bar is not None
        return np.broadcast_to(self.tracker.last_bar, self._n)

    @property
    def bars_left(self) -> NDArray[np.int64]:
        """How many bars of each candidate are to come (n,)."""
        assert self.tracker.last_bar is not None
        return np.asarray(self.tracker.last_bar - self.tracker.bars)

    def _choose(self, field: int, scores: Floats, drawn: Numbers) -> Numbers:
        legal = self._of_rows(self.tracker.legal(self._of_all(drawn)))
        said, now = self.forced.get(field), len(self.drawn)
        if said is not None and now < len(said):
            legal = np.broadcast_to(np.arange(legal.shape[1]) == said[now], legal.shape)
        if not field:
            self._note_endings(scores, legal)
        return draw(scores, legal, self._samplings[field], self.chance)

    def _note_endings(self, scores: Floats, legal: NDArray[np.bool_]) -> None:
        over = self.bars_left <= 0
        if over.any():
            rows = np.flatnonzero(self._of_rows(over & ~self.tracker.done))
            allowed = np.where(legal[rows], log_softmax(scores[rows]), -np.inf)
            self.ending[self._rows[rows]] += np.logaddexp.reduce(allowed, axis=1)

    def _features(self, drawn: Numbers) -> Numbers:
        return self._of_rows(self.tracker.features(self._of_all(drawn))).astype(np.int64)


@contextmanager
def plain_kernels() -> Iterator[None]:
    """Without gradients, on one thread and without oneDNN: so little is computed a word.

    To set up oneDNN, and to wait for other threads, costs more than it saves: on two cores that
    others use too, eight candidates were three times as slow with NumPy's two threads.
    """
    (before, *_) = torch.backends.mkldnn.set_flags(_enabled=False)  # type: ignore[no-untyped-call]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad(), threadpool_limits(1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.mkldnn.set_flags(_enabled=before)  # type: ignore[no-untyped-call]
