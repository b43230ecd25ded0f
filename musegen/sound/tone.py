"""One note as samples: partials added up, noise beside them, and the way loudness runs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .timbre import Drum, Timbre

Mono = NDArray[np.float32]

MOST_PARTIALS = 32
SHADES = (1.5, 1.25, 1.0, 0.8)  # powers of the brightness, from the softest velocities up
TOUCHES = len(SHADES)
_BLOCK = 8192  # samples at a time, so that what is worked on stays in the processor's cache
FAINT = 10 ** (-50 / 20)
FULL_DECAY = 7.0  # time constants until −61 dB
VIBRATO_HERTZ, VIBRATO_DELAY = 5.4, 0.35
MIDDLE_C = 60
# Cents and cycles by which each player of several is off: a bare third of a turn between them,
# so that they neither cancel nor coincide as the note begins.
PLAYERS = ((0.0, 0.0), (-7.0, 0.13), (6.0, 0.31))
BREATH_BAND = (300.0, 7000.0)
STRIKE_DECAY = 0.02  # seconds


def hertz_of(pitch: int) -> float:
    """The frequency of a pitch in equal temperament, A4 (69) at 440 Hz."""
    return float(440 * 2 ** ((pitch - 69) / 12))


def full_length(timbre: Timbre, pitch: int) -> float:
    """The seconds after which a note that was never let go cannot be heard; inf if it is held."""
    return float("inf") if timbre.sustain else FULL_DECAY * _decay(timbre, pitch)


def tone(timbre: Timbre, pitch: int, touch: int, size: int, rate: int, first: int = 0) -> Mono:
    """So many samples (size,) of a note that is not let go.

    Args:
        timbre: the instrument.
        pitch: 0–127, 60 being middle C.
        touch: shade of velocity, 0 to `TOUCHES` − 1.
        size: how many samples.
        rate: samples a second; no partial lies above half of it.
        first: where in the note they begin.

    Returns:
        Sound of about unit power as it begins.
    """
    hertz = hertz_of(pitch)
    # Resonances stay where they are: the higher the note, the fewer of its partials they lift.
    exponent = SHADES[touch] * (hertz / hertz_of(MIDDLE_C)) ** 0.6
    shine = (exponent * np.log(timbre.brightness), exponent * np.log(timbre.mellowed))
    ratios, strengths = _partials(timbre, hertz, max(shine), rate)
    sound = np.empty(size, np.float32)
    for start in range(0, size, _BLOCK):
        seconds = np.arange(first + start, first + min(start + _BLOCK, size)) / rate
        block = _added(timbre, hertz, shine, ratios, strengths, seconds)
        sound[start : start + len(block)] = block
    loudest = strengths * np.exp((ratios - 1) * max(shine))
    sound /= np.sqrt((loudest**2).sum() * timbre.voices / 2, dtype=np.float32) or 1
    _add_noise(sound, timbre, rate, first)
    sound *= _envelope(timbre, pitch, size, rate, first)
    return sound


def drum_tone(drum: Drum, rate: int) -> Mono:
    """A stroke on a drum, to its end (size,), of about unit level as it begins."""
    longest = max(drum.decay if drum.partials else 0, drum.noise_decay if drum.noise else 0)
    seconds = np.arange(round(FULL_DECAY * longest * rate)) / rate
    sound = np.zeros(len(seconds))
    fallen = drum.drop * 0.03 * (1 - np.exp(-seconds / 0.03))
    for hertz, strength in drum.partials:
        if hertz < rate / 2:
            turned = 2 * np.pi * hertz * (seconds + fallen)
            sound += strength * np.sin(turned) * np.exp(-seconds / drum.decay)
    noise = np.resize(noise_loop(*drum.band, rate), len(seconds))
    for burst in range(drum.bursts if drum.noise else 0):
        since = seconds - 0.012 * burst
        shape = np.exp(-np.maximum(since, 0) / drum.noise_decay) * (since >= 0)
        sound += drum.noise / drum.bursts * noise * shape
    sound *= np.minimum(1, seconds / 0.001)
    return sound.astype(np.float32)


@lru_cache(maxsize=64)
def noise_loop(low: float, high: float, rate: int) -> Mono:
    """Noise of unit power between two frequencies (2^17,), without a seam where it repeats."""
    size = 2**17
    hertz = np.fft.rfftfreq(size, 1 / rate)
    inside = (hertz >= low) & (hertz <= min(high, rate / 2))
    turns = np.random.default_rng(1).uniform(0, 2 * np.pi, len(hertz))
    loop = np.fft.irfft(inside / np.sqrt(np.maximum(hertz, 1)) * np.exp(1j * turns), size)
    loop /= np.sqrt((loop**2).mean()) or 1
    single = loop.astype(np.float32)
    single.setflags(write=False)
    return single


def _partials(
    timbre: Timbre, hertz: float, shine: float, rate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ratios and strengths (K,) of the partials that can be heard and that the rate can hold."""
    ratios = np.array(timbre.ratios or range(1, MOST_PARTIALS + 1), dtype=np.float64)
    strengths = np.resize(timbre.pattern, len(ratios)) * ratios**-timbre.slope
    heard = strengths * np.exp((ratios - 1) * shine) > FAINT
    kept = heard & (ratios * hertz < 0.49 * rate)
    return ratios[kept], strengths[kept]


def _added(
    timbre: Timbre,
    hertz: float,
    shine: tuple[float, float],
    ratios: NDArray[np.float64],
    strengths: NDArray[np.float64],
    seconds: NDArray[np.float64],
) -> Mono:
    """The partials added up at the given seconds (S,)."""
    struck, settled = shine
    bright: float | NDArray[np.float32] = settled
    if struck != settled:
        fading = (struck - settled) * np.exp(-seconds / timbre.mellowing)
        bright = (settled + fading).astype(np.float32)
    depth = (2 ** (timbre.vibrato / 1200) - 1) * np.minimum(1, (seconds / VIBRATO_DELAY) ** 2)
    swing = depth * np.sin(2 * np.pi * VIBRATO_HERTZ * seconds) / (2 * np.pi * VIBRATO_HERTZ)
    players = []
    for cents, ahead in PLAYERS[: timbre.voices]:
        cycles = hertz * 2 ** (cents / 1200) * (seconds + swing) + ahead
        if not timbre.ratios:  # whole turns are nothing to a harmonic, and single precision does
            cycles = (cycles - np.floor(cycles)).astype(np.float32)
        players.append(cycles * np.float32(2 * np.pi))
    sound = np.zeros(len(seconds), np.float32)
    for ratio, strength in np.stack([ratios, strengths], axis=1).astype(np.float32):
        wave = np.sin(ratio * players[0])
        for angle in players[1:]:
            wave += np.sin(ratio * angle)
        wave *= strength * np.exp((ratio - 1) * bright)
        sound += wave
    return sound


def _add_noise(sound: Mono, timbre: Timbre, rate: int, first: int) -> None:
    """Add breath and strike to a tone (S,) from its sample `first` on, in place."""
    if not (timbre.breath or timbre.strike):
        return
    samples = np.arange(first, first + len(sound))
    seconds = samples.astype(np.float32) / np.float32(rate)
    level = timbre.breath + timbre.strike * np.exp(-seconds / STRIKE_DECAY)
    sound += level * noise_loop(*BREATH_BAND, rate).take(samples, mode="wrap")


def _envelope(timbre: Timbre, pitch: int, size: int, rate: int, first: int) -> Mono:
    """How loudness runs while the key is down (size,), from sample `first` on."""
    samples = np.arange(first, first + size)
    seconds = samples.astype(np.float32) / np.float32(rate)
    falling: Mono = np.exp(-seconds / np.float32(_decay(timbre, pitch)))
    shape: Mono = timbre.sustain + np.float32(1 - timbre.sustain) * falling
    attack = round(timbre.attack * rate)
    rising = samples[: max(0, attack - first)]
    shape[: len(rising)] *= np.sin(0.5 * np.pi * rising / max(1, attack)) ** 2
    return shape


def _decay(timbre: Timbre, pitch: int) -> float:
    """The time constant in seconds; what dies away does so sooner the higher it is."""
    pull = 0.0 if timbre.sustain else (MIDDLE_C - pitch) / 20
    return float(timbre.decay * 2**pull)
