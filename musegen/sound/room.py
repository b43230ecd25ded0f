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
_DULLING = 0.3  # the share of the sample before: a gentle low-pass at each round


def add_room(samples: Samples, rate: int) -> None:
    """Add to stereo channels (2, S) what the room answers, in place."""
    delays = [round(delay * rate) | 1 for delay in _DELAYS]
    block = min(delays)
    reach = max(delays) + 1
    fading = np.array([[10 ** (-3 * d / (REVERBERATION * rate))] for d in delays], np.float32)
    past = np.zeros((len(delays), reach + block), np.float32)  # what entered each delay of late
    sides = np.array([1, -1] * (len(delays) // 2), np.float32)[:, None]
    for start in range(0, samples.shape[1], block):
        dry = samples[:, start : start + block]
        size = dry.shape[1]
        late = np.stack([past[i, reach - d - 1 : reach - d + size] for i, d in enumerate(delays)])
        late = fading * ((1 - _DULLING) * late[:, 1:] + _DULLING * late[:, :-1])
        spread = late - late.sum(axis=0) * np.float32(2 / len(delays))  # Householder's reflection
        past[:, reach : reach + size] = spread + sides * dry.sum(axis=0)
        past[:, :-size] = past[:, size:].copy()
        dry[0] += np.float32(WETNESS) * late[0::2].sum(axis=0)
        dry[1] -= np.float32(WETNESS) * late[1::2].sum(axis=0)
