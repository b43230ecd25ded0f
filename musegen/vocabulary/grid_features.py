"""What a network should not have to count in a `grid`: what sounds, how it moved, and in which key.

All of it is known before a step, but for what the step itself makes of a voice, which is known once
that voice is drawn. Degrees are semitones above the tonic of the likeliest key so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from musegen.score.key import likeliest_keys
from musegen.score.score import Ints

from .vocabulary import Feature, Features, before

HOLD, REST = 128, 129
PLACES = 64  # steps of a bar told apart
BARS = 16
HELD = 32  # steps of holding told apart
_LEAP = 12  # semitones; wider ones count as that
_PITCHES = 129  # a pitch plus one, or 0 for none
PITCHED = ("sounding", "home", "now")  # whose values move with the music


class Voices(NamedTuple):
    """What the past implies before each of N steps, and what the step makes of it.

    Attributes:
        sounding: the pitch plus one that sounds in each voice, 0 for none (N, V).
        held: for how many steps (N, V).
        move: the semitones of the last step from pitch to pitch plus 13, 0 for none (N, V).
        key: see `keys` (N,).
        now: as `sounding`, but after the step (N, V); 0 where it is not known.
    """

    sounding: Ints
    held: Ints
    move: Ints
    key: Ints
    now: Ints


def names(kind: str, order: Sequence[int]) -> list[str]:
    """The names of a kind of feature that each voice has."""
    return [f"{kind} {voice + 1}" for voice in order]


def grid_features(order: Sequence[int], n_metres: int) -> tuple[Feature, ...]:
    """The features, in order, of voices drawn in this order."""

    def each(kind: str, size: int, late: bool = False) -> list[Feature]:
        return [Feature(n, size, k if late else -1) for k, n in enumerate(names(kind, order))]

    return (
        Feature("place", PLACES + 1),
        Feature("bars", BARS),
        Feature("metre", n_metres + 1),
        Feature("key", 25),
        *each("sounding", _PITCHES),
        *each("held", HELD + 1),
        *each("move", 2 * _LEAP + 2),
        *each("degree", 13),
        *each("home", _PITCHES),
        *each("now", _PITCHES, late=True),
        *each("leap", 2 * _LEAP + 2, late=True),
        *each("degree now", 13, late=True),
    )


def near(k: int, order: Sequence[int]) -> tuple[str, ...]:
    """What the pitch of the voice that is drawn at place k is often near."""
    home, now = names("home", order), names("now", order)
    return (*names("sounding", order), home[k], *now[:k], *now[k + 1 :])


def columns(clock: Ints, voices: Voices) -> Features:
    """Place, bars and metre (N, 3), and what is known of the voices → features (N, G)."""
    sounding, held, move, key, now = voices
    degree, degree_now = _degree(sounding, key), _degree(now, key)
    home = sounding - (degree + 4) % 12 + 5  # the tonic nearest the pitch, at most 6 above it
    home = np.where((degree > 0) & (home >= 1) & (home < _PITCHES), home, 0)
    leap = np.where(sounding > 0, steps(sounding, now), 0)
    held = np.minimum(held, HELD)
    groups = (clock, key[:, None], sounding, held, move, degree, home, now, leap, degree_now)
    return np.concatenate(groups, axis=1).astype(np.int16)


def steps(former: Ints, after: Ints) -> Ints:
    """Semitones from pitch to pitch, each plus one, as a value from 1 on; 0 where one is none."""
    size = np.clip(after - former, -_LEAP, _LEAP) + _LEAP + 1
    return np.where((former > 0) & (after > 0), size, 0)


def keys(counts: Ints, first: Ints) -> Ints:
    """The likeliest keys: tonic plus one, plus 12 in minor; 0 before anything has sounded.

    Args:
        counts: for how many steps each pitch class has sounded (N, 12).
        first: the pitch class from which keys are tried, so that of equally likely ones the same is
            taken in every transposition (N,).
    """
    turned = (np.arange(12) + first[:, None]) % 12
    likeliest = likeliest_keys(np.take_along_axis(counts, turned, axis=1))
    minor, tonic = np.divmod(likeliest, 12)
    found = 1 + (tonic + first) % 12 + 12 * minor
    return np.where(counts.any(axis=1), found, 0)


def moved_key(key: Ints, semitones: int) -> Ints:
    """The values of these keys moved."""
    minor, tonic = np.divmod(key - 1, 12)
    return np.where(key > 0, 1 + (tonic + semitones) % 12 + 12 * minor, 0)


def pitch_classes(now: Ints) -> Ints:
    """How many voices (N, V) sound each pitch class (N, 12)."""
    sounds = (now > 0)[:, :, None]
    classes: Ints = (sounds & ((now[:, :, None] - 1) % 12 == np.arange(12))).sum(axis=1)
    return classes


def voices_of(words: Ints, is_step: np.ndarray) -> Voices:
    """What is known beside each word of a whole piece (T, V); which of them are steps (T,)."""
    rows = np.arange(len(words))[:, None]
    speaks = is_step[:, None] & (words != HOLD)
    last = np.maximum.accumulate(np.where(speaks, rows, -1))
    said = np.take_along_axis(words, np.maximum(last, 0), 0)
    now = np.where((last >= 0) & (said < HOLD), said + 1, 0) * is_step[:, None]
    sounding, since = before(now), before(last, -1)
    n_steps = np.cumsum(is_step)
    held = np.where(sounding > 0, before(n_steps)[:, None] - n_steps[since] + 1, 0)
    counts = before(np.cumsum(pitch_classes(now), axis=0))
    heard = now[now.any(axis=1)]
    first = (heard[0][heard[0] > 0][0] - 1) % 12 if len(heard) else 0
    key = keys(counts, np.full(len(words), first))
    return Voices(sounding, held, _moves(speaks & (words < HOLD), words), key, now)


def _moves(begins: np.ndarray, words: Ints) -> Ints:
    """The last step from pitch to pitch before each word, in each voice (T, V)."""
    rows = np.arange(len(words))[:, None]
    last = np.maximum.accumulate(np.where(begins, rows, -1))
    earlier = before(last, -1)  # where the pitch begins that was last before a new one
    pitch = np.where(last >= 0, np.take_along_axis(words, np.maximum(last, 0), 0) + 1, 0)
    former = np.where(earlier >= 0, np.take_along_axis(words, np.maximum(earlier, 0), 0) + 1, 0)
    move = np.where(begins, steps(former, pitch), 0)
    return before(np.take_along_axis(move, np.maximum(last, 0), 0) * (last >= 0))


def _degree(pitch: Ints, key: Ints) -> Ints:
    """Semitones above the tonic, plus one (N, V); 0 where there is no pitch or no key."""
    known = (pitch > 0) & (key > 0)[:, None]
    return np.where(known, (pitch - key[:, None]) % 12 + 1, 0)
