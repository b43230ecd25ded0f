"""The mean of several predictions: of several models, of a piece in several keys, or of both.

Field by field, p(value | past) is the mean over models and shifts of p(value moved | past moved).
That is a distribution like any other, as moving is one to one, and it hangs on the past alone: the
shifts are the same for every piece, and one counts no more after the first field that it cannot
move (there it gives no probability at all). So its nats are honest; but they are those of many
readings of the piece, and are told as such.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from musegen.corpus.prepare import Encoded, Prepared
from musegen.network.next_word import NextWordNetwork

from .likelihood import field_nats

SHIFTS = tuple(range(-6, 6))  # semitones: every key once


def averaged_nats(
    networks: Sequence[NextWordNetwork],
    prepared: Prepared,
    pieces: Sequence[Encoded],
    shifts: Sequence[int] = SHIFTS,
    *,
    instead: int | None = None,
) -> dict[str, NDArray[np.float64]]:
    """−log of the mean p of each field of each word of each piece, by its path: (T, F), in nats.

    Args:
        networks: that all know the words of the corpus.
        prepared: the corpus.
        pieces: which of its pieces.
        shifts: the transpositions to average over, in semitones; 0 must be among them.
        instead: see field_nats.
    """
    readings = [
        (shift, field_nats(network, prepared, pieces, semitones=shift, instead=instead))
        for shift in shifts
        for network in networks
    ]
    out = {}
    for piece in pieces:
        nats = np.stack([nats[piece.path] for _, nats in readings])
        moves = np.stack([_moves(prepared, piece, shift) for shift, _ in readings])
        out[piece.path] = _mean(nats, moves)
    return out


def _moves(prepared: Prepared, piece: Encoded, shift: int) -> NDArray[np.bool_]:
    """Which fields of the words of a piece can be moved (T, F)."""
    words, features = (a[piece.start : piece.stop] for a in (prepared.words, prepared.features))
    if shift == 0:
        return np.ones(words.shape, bool)
    return prepared.vocabulary.moves(words, features, shift)


def _mean(nats: NDArray[np.float64], moves: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The nats (T, F) of the mean of R readings (R, T, F), each until it cannot move (R, T, F)."""
    shape = nats.shape[1:]
    still = np.logical_and.accumulate(moves.reshape(len(moves), -1), axis=1)
    counted = np.concatenate([np.ones_like(still[:, :1]), still[:, :-1]], axis=1)
    log_p = np.where(still, -nats.reshape(len(nats), -1), -np.inf)
    most = log_p.max(axis=0)
    total = np.exp(log_p - most).sum(axis=0)
    return np.asarray(np.log(counted.sum(axis=0)) - most - np.log(total)).reshape(shape)
