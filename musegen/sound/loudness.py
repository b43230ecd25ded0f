"""How loud sound is to the ear (ITU-R BS.1770-4), and bringing it to a level without clipping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

TARGET_LUFS = -16.0
CEILING = 10 ** (-1 / 20)  # −1 dBFS: room for what a player's filters add between the samples

_REACH = 5  # hops

# The two filters of K weighting, printed for 48 kHz: numerator and denominator (tables 1 and 2).
_K_WEIGHTING_RATE = 48_000
_K_WEIGHTING = (
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
    ),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)


def loudness(samples: Samples, rate: int) -> float:
    """The gated loudness of stereo samples (S, 2) in LUFS; −inf for silence."""
    hop = rate // 10
    n_hops = max(1, len(samples) // hop)
    weights = _k_weights(hop, rate)
    power = np.zeros(n_hops)
    for place in range(n_hops):
        heard = np.fft.rfft(samples[place * hop : (place + 1) * hop], hop, axis=0)
        power[place] = weights @ (np.abs(heard) ** 2).sum(axis=1)
    gated = np.convolve(power, np.full(4, 0.25), "valid") if n_hops > 4 else power
    for gate in (-70.0, None):
        level = _lufs(gated.mean()) - 10 if gate is None else gate
        gated = gated[gated > 10 ** ((level + 0.691) / 10)]
        if not len(gated):
            return float("-inf")
    return _lufs(float(gated.mean()))


def levelled(samples: Samples, rate: int) -> Samples:
    """The samples (S, 2) at `TARGET_LUFS`, their peaks held under `CEILING`; silence as it is."""
    heard = loudness(samples, rate)
    if heard == float("-inf"):
        return samples
    samples *= np.float32(10 ** ((TARGET_LUFS - heard) / 20))
    return _limited(samples, hop=rate // 200)


def limited(blocks: Iterable[Samples], rate: int) -> Iterator[Samples]:
    """Blocks (S, 2) with their peaks held as `levelled` holds those of all of them at once.

    All but the last are as long as the hops of a limiter go into, and none is shorter than its
    reach; each comes when the next is known.
    """
    hop = rate // 200
    margin = (2 * _REACH + 1) * hop
    before = now = np.zeros((0, 2), np.float32)
    for after in chain(blocks, [before]):
        if len(now):
            around = np.concatenate([before, now, after[:margin]])
            yield _limited(around, hop)[len(before) : len(before) + len(now)]
        before, now = now[-margin:], after


def _limited(samples: Samples, hop: int) -> Samples:
    """The samples with each peak turned down smoothly from a little before to a little after.

    The gain of a hop is the least that any hop nearby needs, averaged over as wide a window, so
    what is heard between never passes the ceiling.
    """
    edges = np.arange(0, len(samples), hop)
    peaks = np.maximum.reduceat(np.abs(samples).max(axis=1), edges)
    if peaks.max() <= CEILING:
        return samples
    reach = _REACH
    needed = np.pad(np.minimum(1, CEILING / np.maximum(peaks, CEILING)), 2 * reach, "edge")
    least = np.lib.stride_tricks.sliding_window_view(needed, 2 * reach + 1).min(axis=1)
    gain = np.convolve(least, np.full(2 * reach + 1, 1 / (2 * reach + 1)), "valid")
    # Gain runs straight between the edges of hops, where it is the lesser of the two it parts:
    # so it stays within what either hop needs.
    edge = np.minimum(np.append(gain, gain[-1]), np.append(gain[0], gain)).astype(np.float32)
    ramp = np.arange(hop, dtype=np.float32) / hop
    straight = edge[:-1, None] + np.diff(edge)[:, None] * ramp
    samples *= straight.reshape(-1, 1)[: len(samples)]
    return samples


def _k_weights(size: int, rate: int) -> NDArray[np.float64]:
    """What turns |rfft|² of `size` samples into K-weighted mean power, by bin (size // 2 + 1,)."""
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size, 1 / rate) / _K_WEIGHTING_RATE)
    weights = np.full(len(turn), 2 / size**2)  # Parseval; each bin stands for two but the ends
    weights[0] = weights[0] / 2
    weights[-1] /= 2 if size % 2 == 0 else 1
    for above, below in _K_WEIGHTING:
        weights *= np.abs(np.polyval(above[::-1], turn) / np.polyval(below[::-1], turn)) ** 2
    return weights


def _lufs(power: float) -> float:
    return float(-0.691 + 10 * np.log10(power))
