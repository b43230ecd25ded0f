"""What makes two pieces, or two passages, the same music up to transposition."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from musegen.score.score import Ints, Notes, Score

STEPS_PER_QUARTER = 24
PASSAGE = 24  # notes
SHORTEST = 8  # notes; shorter passages are anybody's
SKETCH = 16  # passages
_RATIO_STEPS = 4  # to a doubling of the length: 2:3, 3:4 and 1:1 are told apart
_NO_LENGTH = 64  # the step of a ratio in which a note without length takes part
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no power of it vanishes modulo 2^64


def melody_hash(score: Score) -> str:
    """32 hexadecimal digits, the same for two encodings of one piece in any key.

    Equal means: the same set of onsets and pitches, where onsets count from the first note in steps
    of 24 to the quarter and pitches from the lowest. So tempo, metre, ticks a quarter, lengths,
    velocities, programs, silence at the start and the sharing out among parts do not matter;
    written repeats that one has played out do. Drums count only where there is nothing else, with
    the pitches as they are.
    """
    pitched = _steps_and_pitches(score, drums=False)
    if len(pitched):
        pitched[:, 1] -= pitched[:, 1].min()
    heard = pitched if len(pitched) else _steps_and_pitches(score, drums=True)
    if len(heard):
        heard[:, 0] -= heard[:, 0].min()
    data = np.unique(heard, axis=0).astype("<i8").tobytes()
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def lowest_pitch(score: Score) -> int:
    """The pitch from which `melody_hash` counts: the lowest, of drums none; 0 where there is none.

    Of two pieces with one hash, that by which the one is higher.
    """
    parts = (part.notes.pitch for part in score.parts if not part.is_drums and len(part.notes))
    return min((int(pitch.min()) for pitch in parts), default=0)


def _steps_and_pitches(score: Score, *, drums: bool) -> Ints:
    """Onset in steps from the first tick on which a note begins, and pitch, of all notes (N, 2)."""
    chosen = [part.notes for part in score.parts if part.is_drums == drums and len(part.notes)]
    if not chosen:
        return np.zeros((0, 2), dtype=np.int64)
    onset = np.concatenate([notes.onset for notes in chosen])
    onset = onset - onset.min()
    steps = (2 * STEPS_PER_QUARTER * onset + score.ticks_per_quarter) // (
        2 * score.ticks_per_quarter
    )
    return np.stack([steps, np.concatenate([notes.pitch for notes in chosen])], axis=1)


def passage_sketch(score: Score) -> list[int]:
    """The least passage hashes of a score, 16 at most: a sample by which scores can be compared.

    Of two scores the share of the sample that is common estimates the share of passages that is
    (bottom-k sketch, Broder 1997). Passages have 24 notes; drums have none.
    """
    least: list[int] = passages(score)[:SKETCH].tolist()
    return least


def passages(score: Score) -> NDArray[np.uint64]:
    """The hashes of the different passages of 24 notes in a score's parts that are no drums."""
    found = [passage_hashes(part.notes, PASSAGE) for part in score.parts if not part.is_drums]
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *found]))


def passage_hashes(notes: Notes, n: int) -> NDArray[np.uint64]:
    """A number for every passage of `n` consecutive notes (N − n + 1,), in their order.

    Two passages have one number where each step from note to note is the same: its interval,
    whether the two begin together, and the ratio of their lengths to a quarter of a doubling. So
    key, tempo, ticks and velocities do not matter, and neither do rests. Different passages share a
    number by accident about once in 2^64.

    Raises:
        ValueError: a passage has fewer than two notes.
    """
    if n < 2:
        raise ValueError(f"a passage has at least two notes, not {n}")
    if len(notes) < n:
        return np.zeros(0, dtype=np.uint64)
    interval = np.diff(notes.pitch) + 128
    together = np.diff(notes.onset) == 0
    step = (interval << 8) | (_length_ratios(notes.duration) << 1) | together
    powers = np.multiply.accumulate(np.full(n - 1, _BASE))
    windows = sliding_window_view(_scattered(step.astype(np.uint64)), n - 1)
    numbers: NDArray[np.uint64] = windows @ powers
    return numbers


def _length_ratios(duration: Ints) -> Ints:
    """The ratio of each length to the one before in steps (N − 1,), from 0 to 127."""
    has_length = (duration[1:] > 0) & (duration[:-1] > 0)
    octaves = np.diff(np.log2(np.maximum(duration, 1)))
    steps = np.clip(np.rint(_RATIO_STEPS * octaves).astype(np.int64), 1 - _NO_LENGTH, 63)
    return np.where(has_length, steps, -_NO_LENGTH) + 64


def _scattered(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each number spread over all 64 bits, one to one (the finaliser of splitmix64)."""
    mixed: NDArray[np.uint64] = values * _BASE
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
