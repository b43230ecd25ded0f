"""One piece as a network reads it: nats, likeliest values, and what each word was read from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from musegen.network.attention import Attention
from musegen.network.backbones import Recurrent, State
from musegen.network.next_word import NextWordNetwork
from musegen.score.score import Ints
from musegen.vocabulary.vocabulary import Features, Mask, Words

_CHUNK = 512  # words read at once, as where pieces are measured
FAR = 128  # words back to which gradients are followed
_ROWS = 32  # gradients worked out at once

Floats = NDArray[np.float64]


class Piece(NamedTuple):
    """The words of a piece on a device: before each (T, F), themselves (T, F), features (T, G)."""

    before: Tensor
    words: Tensor
    features: Tensor

    @classmethod
    def of(cls, network: NextWordNetwork, words: Words, features: Features) -> Piece:
        """A whole piece, for a network."""
        device = next(network.parameters()).device
        after = np.concatenate([[network.no_word], words]).astype(np.int64)
        columns = (after[:-1], after[1:], features.astype(np.int64))
        return cls(*(torch.from_numpy(column).to(device) for column in columns))

    def part(self, start: int, stop: int) -> Piece:
        """Some of its words."""
        return Piece(*(column[start:stop] for column in self))


class Reading(NamedTuple):
    """What reading told.

    Attributes:
        nats: −log p of each field of each word (T, F).
        values: the likeliest of each, best first (T, F, K).
        probabilities: of those (T, F, K).
        attended: the words that each head of each layer weighed most, most first, for the words
            asked for; −1 is the beginning (N, L, H, K). None where nothing attends.
        weights: of those, of all words' weights, which sum to 1 (N, L, H, K).
    """

    nats: Floats
    values: Ints
    probabilities: Floats
    attended: Ints | None
    weights: Floats | None


@torch.no_grad()
def read_closely(network: NextWordNetwork, piece: Piece, asked: Ints, few: int) -> Reading:
    """Read a whole piece.

    Args:
        network: in evaluation mode.
        piece: all its words.
        asked: the words of which is told what was attended to (N,), rising.
        few: K, how many values, and words attended to, are kept.
    """
    shape = (*piece.words.shape, few)
    nats, probabilities = np.zeros(shape[:2]), np.zeros(shape)
    values = np.full(shape, -1)
    state: State | None = None
    attended = []
    for first in range(0, len(piece.words), _CHUNK):
        now = piece.part(first, first + _CHUNK)
        with _watched(network) as weighed:
            hidden, state = network.read(now.before[None], now.features[None], state)
        for field, rows, scores in network.heads.scored(hidden[0], now.words, now.features):
            log_p = scores.log_softmax(dim=-1)
            at = first + rows.cpu().numpy()
            nats[at, field] = -log_p.gather(1, now.words[rows, field][:, None])[:, 0].cpu().numpy()
            best = log_p.topk(min(few, log_p.shape[1]))
            kept = best.indices.shape[1]
            values[at, field, :kept] = best.indices.cpu().numpy()
            probabilities[at, field, :kept] = best.values.exp().cpu().numpy()
        here = asked[(asked >= first) & (asked < first + _CHUNK)] - first
        if weighed:
            attended.append(_strongest(weighed, here, first + len(now.words), few))
    if not attended:
        return Reading(nats, values, probabilities, None, None)
    words, weights = (np.concatenate(columns) for columns in zip(*attended, strict=True))
    return Reading(nats, values, probabilities, words, weights)


@contextmanager
def _watched(network: NextWordNetwork) -> Iterator[list[Tensor]]:
    """What each layer of attention weighs (1, H, T, S) while a network reads, in their order."""
    weighed: list[Tensor] = []

    def watch(layer: Attention, given: tuple[Tensor, ...]) -> None:
        weighed.append(layer.weights(*given))  # type: ignore[arg-type]

    layers = [module for module in network.modules() if isinstance(module, Attention)]
    hooks = [layer.register_forward_pre_hook(watch) for layer in layers]
    try:
        yield weighed
    finally:
        for hook in hooks:
            hook.remove()


def _strongest(weighed: list[Tensor], asked: Ints, stop: int, few: int) -> tuple[Ints, Floats]:
    """The words most weighed and their weights (n, L, H, K); of those of no weight, −1 and 0.

    Args:
        weighed: of each layer (1, H, T, S).
        asked: of the T words (n,).
        stop: the word after the last of them, as the piece counts.
        few: K.
    """
    of_all = torch.stack([layer[0, :, asked] for layer in weighed]).permute(2, 0, 1, 3)
    best = of_all.topk(min(few, of_all.shape[-1]))
    # What stands at one place of what is read is the word before: that is what is attended to.
    words = best.indices + stop - of_all.shape[-1] - 1
    missing = (0, few - best.values.shape[-1])
    padded = [torch.nn.functional.pad(column, missing) for column in (words, best.values)]
    weights = padded[1].double().cpu().numpy()
    return np.where(weights > 0, padded[0].cpu().numpy(), -1), weights


def gradients(
    network: NextWordNetwork, piece: Piece, asked: Ints, fields: Mask, distances: list[int]
) -> list[list[float]]:
    """How much nats hang on what was read so many words before: ‖dL / dx‖ of each such vector x.

    Args:
        network: in evaluation mode, with a recurrent backbone.
        piece: all its words.
        asked: the words of whose nats L is the sum (N,).
        fields: which of their fields count (N, F).
        distances: in words; 1 is the word right before. None is over FAR.

    Returns:
        For each of them the norms, those of distances beyond the beginning left out.
    """
    assert isinstance(network.backbone, Recurrent)
    states, norms = _states(network, piece), []
    for first in range(0, len(asked), _ROWS):
        at = asked[first : first + _ROWS]
        chunks = np.maximum(at // FAR - 1, 0)  # so at least FAR words before are read
        now = torch.from_numpy(chunks[:, None] * FAR + np.arange(2 * FAR))
        now = now.clamp(max=len(piece.words) - 1)  # those after the last change nothing
        before, words, features = (column[now.to(column.device)] for column in piece)
        rows, place = torch.arange(len(at)), torch.from_numpy(at - chunks * FAR)
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):  # none in eval
            inputs = network.embedding(before, features).detach().requires_grad_()
            hidden, _ = network.backbone(inputs, _together([states[c] for c in chunks]))
            given = (column[rows, place] for column in (hidden, words, features))
            log_p = network.heads.log_prob(*given)
            counted = torch.from_numpy(fields[first : first + _ROWS]).to(log_p.device)
            (slope,) = torch.autograd.grad((log_p * counted).sum(), inputs)
        for row, (its, last) in enumerate(zip(slope.norm(dim=-1).tolist(), place, strict=True)):
            known = [k for k in distances if k <= at[row]]
            norms.append([its[int(last) + 1 - k] for k in known])
    return norms


@torch.no_grad()
def _states(network: NextWordNetwork, piece: Piece) -> list[State]:
    """The state before every FAR-th word, first that of no word: zeros."""
    states: list[State] = []
    state: State | None = None
    for first in range(0, len(piece.words), FAR):
        now = piece.part(first, first + FAR)
        _, state = network.read(now.before[None], now.features[None], state)
        states.append(state)
    zeros = [
        tuple(map(torch.zeros_like, its)) if isinstance(its, tuple) else torch.zeros_like(its)
        for its in states[0]
    ]
    return [zeros, *states[:-1]]


def _together(states: list[State]) -> State:
    """The states of several pieces as that of a batch: layer by layer, an LSTM's memory too."""
    return [
        tuple(torch.cat(parts, dim=1) for parts in zip(*layer, strict=True))
        if isinstance(layer[0], tuple)
        else torch.cat(layer, dim=1)
        for layer in zip(*states, strict=True)
    ]
