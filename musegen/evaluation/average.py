"""The mean of several predictions: of several models, of a piece in several keys, or of both.

Field by field, p(value | past) is a mean over models and shifts of p(value moved | past moved),
each weighted by how well it has done lately in the piece: by e to the half of its log-likelihood of
the fields before, those long ago counting less (exponential weights, Vovk 1990). That is a
distribution like any other, as moving is one to one, and it hangs on the past alone; a shift has no
weight any more after the first field that it cannot move (there it gives no probability at all). So
its nats are honest; but they are those of many readings of the piece, and are told as such.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from musegen.corpus.prepare import Encoded, Prepared
from musegen.network.next_word import NextWordNetwork

from .likelihood import field_nats

Nats = NDArray[np.float64]

SHIFTS = tuple(range(-6, 6))  # semitones: every key once
_TRUST = 0.5  # how much a nat better makes of a reading
_MEMORY = 0.995  # how much of a nat still counts a field later


class Readings:
    """Pieces as several networks read them in several keys.

    Args:
        networks: that all know the words of the corpus.
        prepared: the corpus.
        pieces: which of its pieces.
        shifts: the transpositions to average over, in semitones; 0 must be among them.
    """

    def __init__(
        self,
        networks: Sequence[NextWordNetwork],
        prepared: Prepared,
        pieces: Sequence[Encoded],
        shifts: Sequence[int] = SHIFTS,
    ) -> None:
        self._prepared, self._pieces = prepared, pieces
        self._each = [(shift, network) for shift in shifts for network in networks]
        self._read = self._measured(None)

    def mean(self, instead: int | None = None) -> dict[str, Nats]:
        """−log of the mean p of each field of each word of each piece, by its path: (T, F).

        `instead`: see field_nats.
        """
        measured = self._read if instead is None else self._measured(instead)
        out = {}
        for piece in self._pieces:
            nats, asked = (
                np.stack([its[piece.path] for its in every]) for every in (self._read, measured)
            )
            moves = np.stack([_moves(self._prepared, piece, shift) for shift, _ in self._each])
            out[piece.path] = _mean(nats, moves, nats if instead is None else asked)
        return out

    def _measured(self, instead: int | None) -> list[dict[str, Nats]]:
        return [
            field_nats(network, self._prepared, self._pieces, semitones=shift, instead=instead)
            for shift, network in self._each
        ]


def _moves(prepared: Prepared, piece: Encoded, shift: int) -> NDArray[np.bool_]:
    """Which fields of the words of a piece can be moved (T, F)."""
    words, features = (a[piece.start : piece.stop] for a in (prepared.words, prepared.features))
    if shift == 0:
        return np.ones(words.shape, bool)
    return prepared.vocabulary.moves(words, features, shift)


def _mean(nats: Nats, moves: NDArray[np.bool_], asked: Nats) -> Nats:
    """What the mean of R readings needs for what is asked (T, F).

    Args:
        nats: of the piece (R, T, F).
        moves: which fields of it each can move (R, T, F).
        asked: of what is asked (R, T, F), the piece itself or a value in place of each word.
    """
    readings = len(nats)
    still = np.logical_and.accumulate(moves.reshape(readings, -1), axis=1)
    log_p = np.where(still, -nats.reshape(readings, -1), -np.inf)
    wanted = log_p if asked is nats else -asked.reshape(readings, -1)
    found, done = np.zeros(log_p.shape[1]), np.zeros(readings)
    for t, now in enumerate(log_p.T):
        weights = np.exp(_TRUST * (done - done.max()))
        found[t] = -np.log(weights @ np.exp(wanted[:, t]) / weights.sum())
        done = _MEMORY * done + now
    return found.reshape(nats.shape[1:])
