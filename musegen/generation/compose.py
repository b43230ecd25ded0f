"""New music from a model: a batch of candidates drawn word by word, with cached state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from musegen.errors import MusegenError
from musegen.evaluation.trained import Trained
from musegen.network.backbones import State
from musegen.score.score import Score
from musegen.vocabulary.vocabulary import Features, Tracker, Words

from .plan import Plan
from .sampling import Sampling, draw

_CHUNK = 512  # words of the seed read at once
_WORDS_A_BAR = 400  # of all parts; what exceeds it on average is broken off


@dataclass(frozen=True)
class Composed:
    """One candidate.

    Attributes:
        score: the seed untouched and the new music after it, or the new music alone.
        words: all words, those of the seed first (T, F).
        join: how many of them are the seed's.
        nats: −log p of the new words, by the model's own scores.
        finished: whether it came to its end, and was not broken off after its last whole bar.
    """

    score: Score
    words: Words
    join: int
    nats: float
    finished: bool


def compose(
    model: Trained,
    plan: Plan,
    *,
    n: int = 1,
    sampling: Sampling | None = None,
    random_seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Composed]:
    """Draw `n` continuations of the plan's seed, or pieces from nothing.

    Args:
        model: what composes.
        plan: what is asked for.
        n: how many candidates, drawn as one batch.
        sampling: how a value is drawn.
        random_seed: the same one gives the same pieces on the same machine.
        progress: told how many new bars of how many are complete in every candidate.

    Raises:
        ModelError: the seed does not fit the model's vocabulary, or the model cannot be told what
            the plan asks for.
        UsageError: the model does not know the style or density asked for.
        MusegenError: a candidate has no note, or no whole bar.
    """
    vocabulary = model.vocabulary
    seed = plan.words(vocabulary)
    tracker = plan.tracker(vocabulary, n)
    first, limit = int(tracker.bars.min()), _WORDS_A_BAR * plan.bars
    with torch.no_grad(), _plain_kernels():
        drawer = _Drawer(model, plan, tracker, sampling or Sampling(), random_seed)
        drawer.read(seed, n)
        while not tracker.done.all() and len(drawer.drawn) < limit:
            drawer.next()
            if progress:
                progress(min(int(tracker.bars.min()) - first, plan.bars), plan.bars)
    none: Words = np.zeros((n, len(vocabulary.sizes)), np.int16)
    new: Words = np.stack([*drawer.drawn, none], axis=1)
    return [
        _composed(
            model, plan, seed, new[row, : drawer.length[row]], drawer.nats[row], tracker.done[row]
        )
        for row in range(n)
    ]


class _Drawer:
    """The loop's state: the network's, the tracker's (which has read the seed), what was drawn."""

    def __init__(
        self,
        model: Trained,
        plan: Plan,
        tracker: Tracker,
        sampling: Sampling,
        random_seed: int,
    ) -> None:
        self.model, self.plan, self.tracker = model, plan, tracker
        self.samplings = sampling.for_fields([field.name for field in model.vocabulary.fields])
        self.generator = torch.Generator().manual_seed(random_seed)
        self.drawn: list[Words] = []
        self.nats = np.zeros(len(tracker.done))
        self.length = np.zeros(len(tracker.done), np.int64)
        self._state: State | None = None
        self._last = torch.empty(0)

    def read(self, seed: Words, n: int) -> None:
        """Read the seed (T, F) once, then go on from it `n` times."""
        network, device = self.model.network, self.model.device
        sizes = np.array(self.model.vocabulary.sizes)
        if len(seed):
            features = self.model.vocabulary.features_of(seed)
            before = np.concatenate([sizes[None], seed[:-1]])
            told = self._told(self.model.vocabulary.bars(seed, features))[None]
            for first in range(0, len(seed), _CHUNK):
                now = slice(first, first + _CHUNK)
                _, self._state = network.read(
                    _tensor(before[None, now], device),
                    _tensor(features[None, now], device),
                    self._state,
                    told[:, now],
                )
            assert self._state is not None
            self._state = network.backbone.repeat(self._state, n)
        last = seed[-1] if len(seed) else sizes
        self._last = _tensor(np.repeat(last[None], n, axis=0), device)

    def next(self) -> None:
        """One more word of every candidate."""
        network, device = self.model.network, self.model.device
        known = _tensor(self.tracker.features(np.zeros((len(self.nats), 0), np.int16)), device)
        told = self._told(self.tracker.bars)[:, None]
        hidden, self._state = network.read(self._last[:, None], known[:, None], self._state, told)
        words, nats = network.next(hidden[:, 0], self._choose, known, self._features)
        live = ~self.tracker.done
        self.nats -= nats.sum(1).double().cpu().numpy() * live
        self.length += live
        drawn = words.cpu().numpy().astype(np.int16)
        self.tracker.advance(drawn)
        self.drawn.append(drawn)
        self._last = words

    def _told(self, passed: NDArray[np.int64]) -> torch.Tensor:
        """What is told beside words before which so many bars have passed (N,): (N, C)."""
        assert self.tracker.last_bar is not None
        told = self.plan.told(self.model.conditions, self.tracker.last_bar - passed)
        return _tensor(told, self.model.device)

    def _choose(self, field: int, scores: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        legal = torch.from_numpy(self.tracker.legal(drawn.cpu().numpy()))
        free = ~legal.any(dim=1, keepdim=True)  # rows where the field does not apply
        return draw(scores, legal | free, self.samplings[field], self.generator).to(scores.device)

    def _features(self, drawn: torch.Tensor) -> torch.Tensor:
        return _tensor(self.tracker.features(drawn.cpu().numpy()), self.model.device)


@contextmanager
def _plain_kernels() -> Iterator[None]:
    """Without oneDNN, whose set-up costs more than it saves at one word a call."""
    (before, *_) = torch.backends.mkldnn.set_flags(_enabled=False)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(_enabled=before)  # type: ignore[no-untyped-call]


def _tensor(array: Words | Features | NDArray[np.int64], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64)).to(device)


def _composed(
    model: Trained, plan: Plan, seed: Words, new: Words, nats: float, finished: bool
) -> Composed:
    words = np.concatenate([seed, new]).astype(np.int16)
    score = plan.join(model.vocabulary, words)
    before = plan.seed.n_bars if plan.seed is not None and not plan.omit_seed else 0
    hint = "Try another --random-seed, or train it for longer."
    if score.n_bars == before:
        raise MusegenError("the model wrote too many notes for one bar", hint=hint)
    if not score.n_notes:
        raise MusegenError("the model wrote no note", hint=hint)
    return Composed(score, words, len(seed), float(nats), bool(finished))
