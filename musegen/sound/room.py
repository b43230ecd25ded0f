"""The room that a piece sounds in: a feedback delay network (Jot and Chaigne, 1991).

Sound runs round eight delays whose lengths share no factor; what leaves one is spread over all,
a little softer and duller each time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

REVERBERATION = 1.4  # seconds until an echo has fallen by 60 dB
WETNESS = 0.16
_DELAYS = (0.0297, 0.0347, 0.0389, 0.0411, 0.0453, 0.0531, 0.0587, 0.0631)  # seconds
_SIDES = np.array([1, -1] * (len(_DELAYS) // 2), np.float32)[:, None]
_DULLING = 0.3  # the share of the sample before: a gentle low-pass at each round


class Room:
    """A room that sounds on from one piece of sound to the next."""

    def __init__(self, rate: int) -> None:
        self._delays = [round(delay * rate) | 1 for delay in _DELAYS]
        self._block, self._reach = min(self._delays), max(self._delays) + 1
        falls = [[10 ** (-3 * d / (REVERBERATION * rate))] for d in self._delays]
        self._fading = np.array(falls, np.float32)
        # What entered each delay of late.
        self._past = np.zeros((len(self._delays), self._reach + self._block), np.float32)

    def add(self, samples: Samples) -> None:
        """Add to stereo channels (2, S) what the room answers, in place."""
        for start in range(0, samples.shape[1], self._block):
            self._answer(samples[:, start : start + self._block])

    def _answer(self, dry: Samples) -> None:
        delays, reach, past, size = self._delays, self._reach, self._past, dry.shape[1]
        late = np.stack([past[i, reach - d - 1 : reach - d + size] for i, d in enumerate(delays)])
        late = self._fading * ((1 - _DULLING) * late[:, 1:] + _DULLING * late[:, :-1])
        spread = late - late.sum(axis=0) * np.float32(2 / len(delays))  # Householder's reflection
        past[:, reach : reach + size] = spread + _SIDES * dry.sum(axis=0)
        past[:, :-size] = past[:, size:].copy()
        dry[0] += np.float32(WETNESS) * late[0::2].sum(axis=0)
        dry[1] -= np.float32(WETNESS) * late[1::2].sum(axis=0)
