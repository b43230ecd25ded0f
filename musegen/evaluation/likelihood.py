"""How likely pieces are under a model, in nats, from their first word to their end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from musegen.corpus.batches import Batch, gather, whole
from musegen.corpus.conditions import Long
from musegen.corpus.prepare import Encoded, Prepared
from musegen.network.next_word import NextWordNetwork
from musegen.vocabulary.vocabulary import Features, Words

_CHUNK = 512  # words read at once
_BATCH_WORDS = 4096


def tensors(batch: Batch, device: torch.device) -> tuple[Tensor, ...]:
    """The columns of a batch, in its order, on a device."""
    words = (batch.before, batch.words, batch.features)
    columns = (*words, batch.valid, batch.conditions, batch.fields)
    return tuple(torch.from_numpy(column).to(device) for column in columns)


@torch.no_grad()
def field_nats(
    network: NextWordNetwork,
    prepared: Prepared,
    pieces: Sequence[Encoded],
    *,
    told: Callable[[Encoded], Long] | None = None,
    semitones: int = 0,
    instead: int | None = None,
) -> dict[str, NDArray[np.float64]]:
    """−log p of each field of each word of each piece, by its path: (T, F), in nats.

    The end of the piece counts.

    Args:
        network: in training or not; it is left as it was.
        prepared: the corpus.
        pieces: which of its pieces.
        told: what is told of a piece beside its words (T, C); None: nothing is.
        semitones: by how much the pieces are moved.
        instead: a value of the first field, to be measured in place of each word.
    """
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    longest = max(piece.stop - piece.start for piece in pieces)
    batch = max(1, min(64, _BATCH_WORDS // min(longest, _CHUNK)))
    out = {}
    for windows in whole(pieces, batch):
        windows = [replace(window, semitones=semitones) for window in windows]
        before, words, features, valid, *_ = tensors(gather(prepared, windows), device)
        conditions = None
        if instead is not None:
            words = torch.zeros_like(words)
            words[..., 0] = instead
        if told is not None:
            rows = [torch.from_numpy(told(window.piece)) for window in windows]
            conditions = pad_sequence(rows, batch_first=True).to(device)
        nats = read_in_chunks(network, before, words, features, valid, conditions)
        for row, window in enumerate(windows):
            out[window.piece.path] = nats[row, : window.stop].double().cpu().numpy()
    network.train(was_training)
    return out


@torch.no_grad()
def read_in_chunks(
    network: NextWordNetwork,
    before: Tensor,
    words: Tensor,
    features: Tensor,
    valid: Tensor,
    conditions: Tensor | None,
) -> Tensor:
    """Nats (B, T, F), read in chunks with the state carried over; see `log_prob`."""
    state, parts = None, []
    for first in range(0, words.shape[1], _CHUNK):
        now = slice(first, first + _CHUNK)
        log_p, state = network.log_prob(
            before[:, now],
            words[:, now],
            features[:, now],
            valid[:, now],
            state,
            None if conditions is None else conditions[:, now],
        )
        parts.append(-log_p)
    return torch.cat(parts, dim=1)


def word_nats(
    network: NextWordNetwork,
    words: Words,
    features: Features,
    told: Long,
    chosen: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """−log p of each field of N chosen words of T that are read (N, F), in nats.

    Args:
        network: not in training.
        words: (T, F).
        features: theirs (T, G).
        told: what is told beside each (T, C).
        chosen: which of them (T,).
    """
    device = next(network.parameters()).device
    before = np.concatenate([np.array([network.shape.sizes]), words[:-1]])
    columns = (torch.from_numpy(c.astype(np.int64))[None] for c in (before, words, features, told))
    last, words_, features_, told_ = (column.to(device) for column in columns)
    valid = torch.from_numpy(chosen)[None].to(device)
    nats = read_in_chunks(network, last, words_, features_, valid, told_)[valid]
    found: NDArray[np.float64] = nats.double().cpu().numpy()
    return found


def nats_per_unit(nats: dict[str, NDArray[np.float64]], pieces: Sequence[Encoded]) -> float:
    """All nats of the pieces over all their units."""
    units = sum(piece.units for piece in pieces)
    return float(sum(nats[piece.path].sum() for piece in pieces) / max(units, 1))
