"""The key of a piece: what its signatures say, and what its notes say; and the names of pitches.

The estimate is Krumhansl and Schmuckler's: the key whose profile correlates best with how long each
pitch class sounds. The profiles are those of Krumhansl and Kessler (Psychological Review 89, 1982,
p. 343; the method in Krumhansl, Cognitive Foundations of Musical Pitch, 1990, ch. 4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from musegen.score.abc_fields import SEMITONES, key_text, spell
from musegen.score.score import (
    MODE_DEGREE,
    MODES,
    TONIC_FIFTHS,
    Ints,
    Part,
    Score,
    changes,
    tonic,
)

_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_KEYS = [
    ((7 * tonic + lift + 5) % 12 - 5, MODE_DEGREE[mode])
    for mode, lift in (("major", 0), ("minor", 9))  # A minor has the signature of C major
    for tonic in range(12)
]
_PROFILES = np.array([np.roll(p, tonic) for p in (_MAJOR, _MINOR) for tonic in range(12)])
_PROFILES -= _PROFILES.mean(axis=1, keepdims=True)
_PROFILES /= np.linalg.norm(_PROFILES, axis=1, keepdims=True)

# Row f + 7: the seven pitch classes of a signature of f sharps.
_SCALES = np.zeros((15, 12))
for _fifths in range(-7, 8):
    _SCALES[_fifths + 7, [7 * (_fifths + step) % 12 for step in range(-1, 6)]] = 1

# Signatures are disbelieved that explain less than this share of what the estimate explains. A
# piece that leaves its home key for half its length stays above it. C major alone is what many
# programs write unasked, so it is believed only where hardly a note speaks against it.
BELIEVED = 0.7
BELIEVED_UNASKED = 0.97
_UNASKED = [(0, 0, MODE_DEGREE["major"])]

CONTRADICTED = "that the notes contradict"  # what is told of keys that are overruled ends so


def key_name(fifths: int, mode: int) -> str:
    """A key as people name it: `F# minor`.

    Args:
        fifths: of its signature, -7 to 7.
        mode: an index into MODES.
    """
    return f"{key_text(fifths + TONIC_FIFTHS[mode], 0)} {MODES[mode]}"


def pitch_name(pitch: int, fifths: int = 0) -> str:
    """A MIDI pitch by name, spelled as scores of that signature are: 60 is C4, 68 G#4, in E♭ Ab4.

    Args:
        pitch: 0 to 127.
        fifths: of the signature that stands, −7 to 7. A minor key's raised degrees are sharps.
    """
    letter, _, octave = spell(pitch, fifths)
    alteration = pitch - 12 * (octave + 1) - SEMITONES[letter]
    return f"{letter}{'#' * alteration}{'b' * -alteration}{octave}"


def pitch_class_ticks(parts: Iterable[Part], starts: Sequence[int] = (0,)) -> NDArray[np.float64]:
    """How many ticks each pitch class sounds from each start to the next (K, 12); no drums.

    A note counts where it begins. The first of the rising `starts` is 0.
    """
    melodic = [part.notes for part in parts if not part.is_drums]
    if not melodic:
        return np.zeros((len(starts), 12))
    onset = np.concatenate([notes.onset for notes in melodic])
    cell = np.concatenate([notes.pitch for notes in melodic]) % 12
    cell += 12 * (np.searchsorted(starts, onset, side="right") - 1)
    lasts = np.maximum(np.concatenate([notes.duration for notes in melodic]), 1)
    ticks = np.bincount(cell, lasts.astype(np.float64), minlength=12 * len(starts))
    return ticks.reshape(-1, 12).astype(np.float64)


def estimate_key(parts: Iterable[Part]) -> tuple[int, int]:
    """The fifths (−5 to 6) and mode (major or minor) that suit the whole piece best.

    C major where no note has a pitch.
    """
    return _likeliest(pitch_class_ticks(parts)[0])


def home_key(score: Score) -> tuple[int, int]:
    """The fifths and mode in which a piece stands: those it begins with, or else its estimate."""
    if len(score.key):
        _, fifths, mode, _ = score.key[0].tolist()
        return fifths, mode
    return estimate_key(score.parts)


def fifths_at(score: Score, ticks: Ints) -> Ints:
    """The fifths of the signature that stands at each tick (N,); before the first, of the home."""
    row = np.searchsorted(score.key[:, 0], ticks, side="right")
    standing: Ints = np.append(home_key(score)[0], score.key[:, 1])[row]
    return standing


def home_number(fifths: int, mode: int) -> int:
    """A key as one number: the pitch class of its tonic, and 12 more in a minor mode."""
    return tonic(fifths, mode) + 12 * (TONIC_FIFTHS[mode] > 1)


def moved_home(number: int, semitones: int) -> int:
    """The number of a key moved by semitones."""
    return (number + semitones) % 12 + number // 12 * 12


def _likeliest(sounding: NDArray[np.float64]) -> tuple[int, int]:
    """The key that suits pitch classes of these ticks (12,) best."""
    return _KEYS[int(np.argmax(_PROFILES @ sounding))]


def settled_key(parts: Iterable[Part], signatures: Ints, *, is_printed: bool = False) -> Ints:
    """The key column (K, 4) of a score, from the signatures that its file holds.

    Args:
        parts: those of the piece.
        signatures: rows of tick, fifths, mode (S, 3), sorted by tick; several may share a tick.
        is_printed: they stand on paper, and are believed whatever the notes say.

    Of several at one tick, as transposing instruments have, the commonest stands, and of equally
    common ones that which explains most of the notes that follow: has them in its scale. One key
    for the whole piece is estimated, and marked so, where there is no signature or where the
    signatures together explain less than `BELIEVED` of what the estimate does (`BELIEVED_UNASKED`
    where they say C major and no more).
    """
    votes: dict[int, Counter[tuple[int, int]]] = {}
    for tick, fifths, mode in signatures.tolist():
        votes.setdefault(tick, Counter())[fifths, mode] += 1
    sounding = pitch_class_ticks(parts, [0, *votes])  # before the first signature, after each
    given = [
        (tick, *_commonest(keys, after))
        for (tick, keys), after in zip(votes.items(), sounding[1:], strict=True)
    ]
    total = sounding.sum(axis=0)
    if not total.any():
        return _unrepeated(given)
    fifths, mode = _likeliest(total)
    share = BELIEVED_UNASKED if given == _UNASKED else BELIEVED
    if is_printed:
        share = 0.0
    if not given or _explained(sounding, given) < share * float(total @ _SCALES[fifths + 7]):
        return np.array([(0, fifths, mode, 1)], dtype=np.int64)
    return _unrepeated(given)


def _commonest(votes: Counter[tuple[int, int]], sounding: NDArray[np.float64]) -> tuple[int, int]:
    """Of fifths and modes the commonest, or of such that which explains what sounds (12,)."""
    most = max(votes.values())
    keys = [key for key, count in votes.items() if count == most]
    return max(keys, key=lambda key: float(sounding @ _SCALES[key[0] + 7]))


def _explained(sounding: NDArray[np.float64], given: list[tuple[int, int, int]]) -> float:
    """For how many ticks notes sound that are in the scale of the key standing where they begin.

    Before the first key (the first row), that stands too.
    """
    scales = _SCALES[[fifths + 7 for _, fifths, _ in (given[0], *given)]]
    return float((sounding * scales).sum())


def _unrepeated(given: list[tuple[int, int, int]]) -> Ints:
    """The rows that change the key, none estimated (K, 4)."""
    return np.array([(*row, 0) for row in changes(given)], dtype=np.int64).reshape(-1, 4)
