"""The loop in which a network learns. It yields events; who listens shows or writes them.

Killed at any instant, a run goes on from its last checkpoint, to the same weights as one that was
never killed: batches and dropout depend on the number of the update alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from musegen.corpus.batches import Batches
from musegen.corpus.conditions import NOTHING, Conditions
from musegen.corpus.prepare import Encoded, Prepared
from musegen.errors import ModelError
from musegen.evaluation.likelihood import field_nats, nats_per_unit, tensors
from musegen.network.checkpoint import load_tensors, save_tensors
from musegen.network.next_word import NextWordNetwork

from . import distributed
from .begun import CHECKPOINT
from .events import Event, Learnt, Validated
from .optimiser import Optimisers
from .schedule import Extent, rate
from .settings import FitSettings

_CHECKPOINT_SECONDS = 20.0
_VALIDATIONS = 15  # in a run
_VALID_WORDS = 20_000  # measured on at each
_MEASURING = 0.1  # of the time: a large network with little of it would do hardly anything else


@dataclass
class Counters:
    """Where a run stands; all of it is in its checkpoint."""

    step: int = 0
    seconds: float = 0.0
    measuring: float = 0.0
    words: int = 0
    validations: int = 0
    best: float = float("inf")
    since_best: int = 0
    nats_since: float = 0.0
    words_since: float = 0.0
    gradient_since: float = 0.0
    steps_since: int = 0
    skipped: int = 0


@dataclass
class Fit:
    """A run: a network, the pieces that it learns from, and those that are held out.

    Args:
        network: on its device.
        prepared: the corpus.
        settings: how to learn.
        extent: for how long.
        folder: where checkpoints go; none are written where it is None.
        conditions: what the network can be told.
        valid_words: about how many held-out words the run is followed by.
        measuring: most of the time that may go into that; a run of given steps takes its time.
        clock: what tells the seconds; on a machine shared with others, the processor's time is
            fairer than that on the wall.
    """

    network: NextWordNetwork
    prepared: Prepared
    settings: FitSettings
    extent: Extent
    folder: Path | None = None
    conditions: Conditions = NOTHING
    counters: Counters = field(default_factory=Counters)
    valid_words: int = _VALID_WORDS
    measuring: float = _MEASURING
    clock: Callable[[], float] = field(default_factory=lambda: time.monotonic)

    def __post_init__(self) -> None:
        self.device = next(self.network.parameters()).device
        self.optimisers = Optimisers(
            self.network,
            lr=self.settings.lr,
            matrix_lr=self.settings.matrix_lr,
            decay=self.settings.decay,
        )
        self.average = {n: p.detach().clone() for n, p in self.network.named_parameters()}
        self.learnt = self.prepared.of("train")
        self.held_out = self.prepared.of("valid")
        self.batches = Batches(
            self.prepared,
            self.learnt,
            length=self.settings.length,
            batch=self.settings.batch,
            random_seed=self.settings.random_seed,
            transposed=self.settings.transposed,
            conditions=self.conditions,
            told=self.settings.told,
            part=(distributed.rank(), distributed.count()),
        )
        words = sum(piece.stop - piece.start for piece in self.learnt)
        self.notes_per_word = sum(piece.notes for piece in self.learnt) / words
        self._units_per_word = sum(piece.units for piece in self.learnt) / words
        on_cuda = self.device.type == "cuda"
        self._mixed = on_cuda and torch.cuda.is_bf16_supported(including_emulation=False)

    def events(self) -> Iterator[Event]:
        """Train until the extent is reached; one event an update, one a validation."""
        self.network.train()
        now = self.counters
        began = self.clock() - now.seconds
        saved = time.monotonic()
        while (share := self.extent.share(now.step, now.seconds)) < 1.0:
            nats, gradient = self._update(rate(share))
            now.seconds = distributed.of_first(self.clock() - began)
            share = self.extent.share(now.step, now.seconds)
            yield Learnt(now.step, share, now.seconds, nats, gradient, now.words)
            due = int(share * _VALIDATIONS)
            measured = due > now.validations and self._can_measure(share)
            if measured:
                event = self._validate(some(self.held_out, self.valid_words), due)
                now.measuring += distributed.of_first(self.clock() - began) - now.seconds
                yield event
            if measured or time.monotonic() - saved > _CHECKPOINT_SECONDS:
                self.checkpoint()
                saved = time.monotonic()

    def _can_measure(self, share: float) -> bool:
        """Whether there is time to; there always is at the end."""
        now = self.counters
        affordable = now.measuring <= self.measuring * now.seconds
        return affordable or share == 1.0 or self.extent.steps is not None

    def _update(self, factor: float) -> tuple[float, float]:
        """One step of the optimisers: nats a word, and the norm of the gradient."""
        now = self.counters
        before, words, features, valid, told, fields = tensors(self.batches[now.step], self.device)
        n_words = distributed.total(float((valid.sum(1) * fields.float().mean(1)).sum()))
        torch.manual_seed(_dropout_seed(self.settings.random_seed, now.step))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._mixed):
            log_p, _ = self.network.log_prob(before, words, features, valid, conditions=told)
        loss = -(log_p * fields[:, None]).sum() / n_words
        torch.autograd.backward(loss)
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        distributed.add_up([loss.detach(), *gradients])
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        nats, gradient = float(loss.detach()), float(norm)
        if torch.isfinite(norm):
            self.optimisers.step(factor)
            self._update_average()
            now.nats_since += nats * n_words
            now.words_since += n_words
            now.gradient_since += gradient
            now.steps_since += 1
        else:
            self.network.zero_grad(set_to_none=True)
            now.skipped += 1
        now.step += 1
        now.words += round(n_words)
        return nats, gradient

    @torch.no_grad()
    def _update_average(self) -> None:
        """Move the averaged weights towards the present ones, faster at the start."""
        step = self.counters.step
        decay = min(self.settings.average, (1 + step) / (10 + step))
        weights = [p.detach() for _, p in self.network.named_parameters()]
        torch._foreach_lerp_(list(self.average.values()), weights, 1 - decay)

    def _validate(self, pieces: Sequence[Encoded], validations: int) -> Validated:
        """Measure the averaged weights; the present ones go on learning."""
        now = self.counters
        present = {n: p.detach().clone() for n, p in self.network.named_parameters()}
        self.network.load_state_dict(self.average, strict=False)
        nats = nats_per_unit(field_nats(self.network, self.prepared, pieces), pieces)
        self.network.load_state_dict(present, strict=False)
        now.since_best = 0 if nats < now.best else now.since_best + 1
        units_since = now.words_since * self._units_per_word
        event = Validated(
            step=now.step,
            seconds=now.seconds,
            train_nats=now.nats_since / units_since if units_since else math.nan,
            valid_nats=nats,
            since_best=now.since_best,
            words=now.words,
            gradient=now.gradient_since / max(now.steps_since, 1),
            skipped=now.skipped,
        )
        now.best = min(nats, now.best)
        now.validations = validations
        now.nats_since = now.gradient_since = 0.0
        now.words_since = now.steps_since = 0
        return event

    def checkpoint(self) -> None:
        """Write all that is needed to go on, as one file; the first process does it for all.

        Raises:
            OutputError: it cannot be written.
        """
        if self.folder is not None and distributed.is_first():
            save_tensors(self.folder / CHECKPOINT, *self.state())

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All that is needed to go on: tensors, and the counters beside them."""
        tensors = {f"average.{n}": t for n, t in self.average.items()}
        tensors |= {f"network.{n}": p for n, p in self.network.named_parameters()}
        tensors |= self.optimisers.tensors()
        return tensors, {"counters": vars(self.counters)}

    def restore(self) -> None:
        """Go on from the checkpoint in the folder.

        Raises:
            ModelError: there is none, it is damaged, or it is of another network.
        """
        assert self.folder is not None
        path = self.folder / CHECKPOINT
        tensors, about = load_tensors(path)
        try:
            for name, weight in self.network.named_parameters():
                weight.data.copy_(tensors[f"network.{name}"])
                self.average[name].copy_(tensors[f"average.{name}"])
            self.optimisers.restore(tensors)
            self.counters = Counters(**about["counters"])
        except (KeyError, RuntimeError, TypeError) as error:
            raise ModelError("does not belong to the config.json beside it", file=path) from error


def _dropout_seed(random_seed: int, step: int) -> int:
    """Of one update, in this process: what one process drops, another keeps."""
    sequence = np.random.SeedSequence([random_seed, step, distributed.rank()])
    return int(sequence.generate_state(1, np.uint64)[0])


def some(pieces: Sequence[Encoded], words: int) -> Sequence[Encoded]:
    """Pieces that hold about so many words, from all over the list; all where they hold fewer."""
    total = sum(piece.stop - piece.start for piece in pieces)
    return pieces[:: max(1, round(total / words))]
