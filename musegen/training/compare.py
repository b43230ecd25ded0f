"""Contestants trained for equal times on one split, in turns, and what is measured of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from musegen.corpus.prepare import Prepared
from musegen.evaluation.embeddings import pitch_embedding
from musegen.evaluation.likelihood import field_nats, nats_per_unit, tensors
from musegen.evaluation.reach import gradients_by_distance, nats_by_place, nats_by_repeat
from musegen.evaluation.trained import network_for
from musegen.network.checkpoint import device_of

from .contestants import Contestant
from .events import Event, Learnt, Validated
from .fit import Fit, some
from .schedule import Extent

_MEASURED = 50_000  # held-out words at most, at the end
_FOLLOWED = 100  # held-out words for each second of training: a small share of the time
_FOLLOWED_LEAST = 2000

_TURN = 1.0  # seconds that each learns before the next does

Figures = dict[str, Any]


def compare(
    prepared: Prepared,
    contestants: Sequence[Contestant],
    extent: Extent,
    device: str,
    told: Callable[[int, Event], None] | None = None,
) -> Iterator[Figures]:
    """Train all, then measure each; yields the figures of one after the other.

    They learn in turns of about a second: a machine that grows hot, or has other things to do,
    slows all alike.

    Args:
        prepared: the corpus.
        contestants: who takes part.
        extent: how long each learns.
        device: `auto`, `cpu`, `cuda` or `mps`.
        told: hears the number of the contestant and each event of its training.
    """
    learners = [Learner(prepared, contestant, extent, device) for contestant in contestants]
    waiting = list(enumerate(learners))
    while waiting:
        for number, learner in waiting:
            for event in learner.turn(_TURN):
                if told:
                    told(number, event)
        waiting = [(number, learner) for number, learner in waiting if not learner.is_done]
    for learner in learners:
        yield learner.figures()


def together(prepared: Prepared, runs: Sequence[Figures]) -> Figures:
    """The figures of all, by the names that the command line promises.

    `runs` are those that differ in their backbone, `variations` those that differ in one thing from
    one of them.
    """
    return {
        "unit": prepared.vocabulary.unit,
        "vocabulary": prepared.vocabulary.name,
        "grid": prepared.vocabulary.grid,
        "pieces": {split: len(prepared.of(split)) for split in ("train", "valid")},
        "runs": [run for run in runs if run["group"] == "backbone"],
        "variations": [run for run in runs if run["group"] != "backbone"],
    }


class Learner:
    """A contestant that learns when it is its turn, and is measured at the end."""

    def __init__(
        self, prepared: Prepared, contestant: Contestant, extent: Extent, device: str
    ) -> None:
        self.contestant = contestant
        torch.manual_seed(contestant.fit.random_seed)
        network = network_for(prepared.vocabulary, contestant.network).to(device_of(device))
        followed = min(max(extent.seconds * _FOLLOWED, _FOLLOWED_LEAST), _MEASURED)
        self.fit = Fit(
            network,
            prepared,
            contestant.fit,
            extent,
            valid_words=round(followed),
            measuring=1.0,  # all as often, for their curves stand side by side
        )
        self._at_start = gradients_by_distance(network, prepared)
        self._log: list[Validated] = []
        self._norms: list[float] = []
        self._best = self.fit.average

    @property
    def is_done(self) -> bool:
        """Whether it has learnt for as long as it was given."""
        now = self.fit.counters
        return self.fit.extent.share(now.step, now.seconds) >= 1.0

    def turn(self, seconds: float) -> Iterator[Event]:
        """Learn for so long, or to the end: one update at least."""
        until = self.fit.counters.seconds + seconds
        for event in self.fit.events():
            self._note(event)
            yield event
            if isinstance(event, Learnt) and event.share < 1.0 and event.seconds > until:
                return

    def _note(self, event: Event) -> None:
        """Keep the norms of all gradients, the measurements, and the best average."""
        if isinstance(event, Learnt):
            self._norms.append(event.gradient)
            return
        self._log.append(event)
        if event.best:
            self._best = {name: weight.clone() for name, weight in self.fit.average.items()}

    def figures(self) -> Figures:
        """All that the command line promises of a run, of the best averaged weights.

        None stands for what is no finite number: a network may have gone astray.
        """
        memory = _bytes_held(self.fit)
        self.fit.network.load_state_dict(self._best, strict=False)
        found = {**self._about(), "memory_mb": memory / 1e6, **self._learning(), **self._reach()}
        plain: Figures = _finite(found)
        return plain

    def _about(self) -> Figures:
        """What it is."""
        shape, settings = self.contestant.network, self.contestant.fit
        return {
            "name": self.contestant.name,
            "group": self.contestant.group,
            "backbone": shape.backbone,
            "parameters": self.fit.network.n_parameters,
            "width": shape.width,
            "depth": shape.depth,
            "length": settings.length,
            "clip": settings.clip if math.isfinite(settings.clip) else None,
        }

    def _learning(self) -> Figures:
        """How it learnt."""
        now, notes = self.fit.counters, self.fit.notes_per_word
        return {
            "steps": now.step,
            "seconds": now.seconds,
            "notes": round(now.words * notes),
            "notes_per_second": now.words * notes / now.seconds,
            "curve": {
                "seconds": [event.seconds for event in self._log],
                "notes": [round(event.words * notes) for event in self._log],
                "valid_nats": [event.valid_nats for event in self._log],
                "train_nats": [event.train_nats for event in self._log],
            },
            "gradient": _spread(self._norms, self.contestant.fit.clip),
        }

    def _reach(self) -> Figures:
        """What it has come to, and how much of the past it uses."""
        network, prepared = self.fit.network, self.fit.prepared
        held_out = some(self.fit.held_out, _MEASURED)
        nats = field_nats(network, prepared, held_out)
        trained = gradients_by_distance(network, prepared)
        return {
            "valid_nats": nats_per_unit(nats, held_out),
            "by_position": nats_by_place(nats),
            "by_repeat": nats_by_repeat(nats, prepared, held_out),
            "gradient_by_distance": {
                "distance": trained["distance"],
                "at_start": self._at_start["norm"],
                "trained": trained["norm"],
            },
            "embedding": pitch_embedding(network, prepared),
        }


def _finite(value: Any) -> Any:
    """The value as JSON knows it: None for numbers that are not finite."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _spread(norms: Sequence[float], clip: float) -> dict[str, float | None]:
    """The norms of the updates' gradients before clipping, and how many were too large."""
    known = np.array([norm for norm in norms if math.isfinite(norm)])
    return {
        "median": float(np.median(known)) if len(known) else None,
        "largest": float(known.max()) if len(known) else None,
        "clipped": float((known > clip).mean()) if len(known) else None,
        "not_finite": (len(norms) - len(known)) / max(len(norms), 1),
    }


def _bytes_held(fit: Fit) -> int:
    """What an update holds at once, in bytes.

    Weights, their average and gradient, the optimisers' state, and what the way back needs.
    """
    weights = sum(w.numel() * w.element_size() for w in fit.network.parameters())
    state = sum(t.numel() * t.element_size() for t in fit.optimisers.tensors().values())
    kept: dict[int, int] = {w.untyped_storage().data_ptr(): 0 for w in fit.network.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept.setdefault(storage.data_ptr(), storage.nbytes())
        return tensor

    before, words, features, valid, *_ = tensors(fit.batches[0], fit.device)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        nats, _ = fit.network.log_prob(before, words, features, valid)
    del nats
    return 3 * weights + state + sum(kept.values())
