"""Contestants trained for one time on one split, and what is measured of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from musegen.corpus.prepare import Prepared
from musegen.evaluation.embeddings import pitch_embedding
from musegen.evaluation.likelihood import field_nats, nats_per_unit
from musegen.evaluation.reach import gradients_by_distance, nats_by_place, nats_by_repeat
from musegen.evaluation.trained import network_for
from musegen.network.checkpoint import device_of

from .contestants import Contestant
from .fit import Event, Fit, Learnt, Validated, some
from .schedule import Extent

_MEASURED = 50_000  # held-out words at most, at the end
_FOLLOWED = 100  # held-out words for each second of training: a small share of the time
_FOLLOWED_LEAST = 2000

Figures = dict[str, Any]


def compare(
    prepared: Prepared,
    contestants: Sequence[Contestant],
    extent: Extent,
    device: str,
    told: Callable[[int, Event], None] | None = None,
) -> Iterator[Figures]:
    """Train and measure one contestant after the other; yields the figures of each.

    Args:
        prepared: the corpus.
        contestants: who takes part.
        extent: how long each learns.
        device: `auto`, `cpu`, `cuda` or `mps`.
        told: hears the number of the contestant and each event of its training.
    """
    for number, contestant in enumerate(contestants):
        hear = None if told is None else partial(told, number)
        yield figures(prepared, contestant, extent, device, hear)


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


def figures(
    prepared: Prepared,
    contestant: Contestant,
    extent: Extent,
    device: str,
    told: Callable[[Event], None] | None = None,
) -> Figures:
    """Train one contestant, and measure the best of its averaged weights.

    Returns:
        By name: all that the command line promises of a run; None for what is no finite number,
        as a network may have gone astray.
    """
    torch.manual_seed(contestant.fit.random_seed)
    network = network_for(prepared.vocabulary, contestant.network).to(device_of(device))
    followed = min(max(extent.seconds * _FOLLOWED, _FOLLOWED_LEAST), _MEASURED)
    fit = Fit(network, prepared, contestant.fit, extent, valid_words=round(followed))
    held_out = some(fit.held_out, _MEASURED)
    at_start = gradients_by_distance(network, prepared)
    log, norms, best = _followed(fit, told)
    memory = _bytes_held(fit)
    network.load_state_dict(best, strict=False)
    trained = gradients_by_distance(network, prepared)
    nats = field_nats(network, prepared, held_out)
    seconds, words = fit.counters.seconds, fit.counters.words
    notes = _notes_per_word(fit)
    found = {
        "name": contestant.name,
        "group": contestant.group,
        "backbone": contestant.network.backbone,
        "parameters": network.n_parameters,
        "width": contestant.network.width,
        "depth": contestant.network.depth,
        "length": contestant.fit.length,
        "clip": contestant.fit.clip if math.isfinite(contestant.fit.clip) else None,
        "steps": fit.counters.step,
        "seconds": seconds,
        "notes": round(words * notes),
        "notes_per_second": words * notes / seconds,
        "memory_mb": memory / 1e6,
        "valid_nats": nats_per_unit(nats, held_out),
        "curve": {
            "seconds": [event.seconds for event in log],
            "notes": [round(event.words * notes) for event in log],
            "valid_nats": [event.valid_nats for event in log],
            "train_nats": [event.train_nats for event in log],
        },
        "by_position": nats_by_place(nats),
        "by_repeat": nats_by_repeat(nats, prepared, held_out),
        "gradient_by_distance": {
            "distance": trained["distance"],
            "at_start": at_start["norm"],
            "trained": trained["norm"],
        },
        "gradient": _spread(norms, contestant.fit.clip),
        "embedding": pitch_embedding(network, prepared),
    }
    plain: Figures = _finite(found)
    return plain


def _finite(value: Any) -> Any:
    """The value as JSON knows it: None for numbers that are not finite."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _followed(
    fit: Fit, told: Callable[[Event], None] | None
) -> tuple[list[Validated], list[float], dict[str, Tensor]]:
    """Train to the end: measurements, the norms of all gradients, and the best average."""
    log: list[Validated] = []
    norms: list[float] = []
    best = fit.average
    for event in fit.events():
        if isinstance(event, Learnt):
            norms.append(event.gradient)
        else:
            log.append(event)
            if event.best:
                best = {name: weight.clone() for name, weight in fit.average.items()}
        if told:
            told(event)
    return log, norms, best


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

    batch = fit.batches[0]
    before, words, features, valid = (
        torch.from_numpy(array).to(fit.device)
        for array in (batch.before, batch.words, batch.features, batch.valid)
    )
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        nats, _ = fit.network.log_prob(before, words, features, valid)
    del nats
    return 3 * weights + state + sum(kept.values())


def _notes_per_word(fit: Fit) -> float:
    """How many notes a word of what is learnt from stands for, on average."""
    return sum(p.notes for p in fit.learnt) / sum(p.stop - p.start for p in fit.learnt)
