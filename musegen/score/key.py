"""The key of a piece: what its signatures say, and what its notes say.

The estimate is Krumhansl and Schmuckler's: the key whose profile correlates best with how long each
pitch class sounds. The profiles are those of Krumhansl and Kessler (Psychological Review 89, 1982,
p. 343; the method in Krumhansl, Cognitive Foundations of Musical Pitch, 1990, ch. 4).
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from musegen.score.score import MODE_DEGREE, Ints, Score, changes

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


def pitch_class_ticks(score: Score, start: int = 0, stop: int | None = None) -> NDArray[np.float64]:
    """How many ticks each pitch class sounds (12,); notes that begin in [start, stop), no drums."""
    ticks = np.zeros(12)
    stop = score.end + 1 if stop is None else stop
    for part in score.parts:
        if not part.is_drums:
            notes = part.notes
            heard = slice(*np.searchsorted(notes.onset, [start, stop]))
            lasts = np.maximum(notes.duration[heard], 1)
            ticks += np.bincount(notes.pitch[heard] % 12, weights=lasts, minlength=12)
    return ticks


def estimate_key(score: Score) -> tuple[int, int]:
    """The fifths (−5 to 6) and mode (major or minor) that suit the whole piece best.

    C major where no note has a pitch.
    """
    return _KEYS[int(np.argmax(_PROFILES @ pitch_class_ticks(score)))]


def settled_key(score: Score, signatures: Ints, *, is_printed: bool = False) -> Ints:
    """The key column (K, 4) of a score, from the signatures that its file holds.

    Args:
        score: the piece; its own key column is not looked at.
        signatures: rows of tick, fifths, mode (S, 3), sorted by tick; several may share a tick.
        is_printed: they stand on paper, and are believed whatever the notes say.

    Of several at one tick, as transposing instruments have, the commonest stands, and of equally
    common ones that which explains most of the notes that follow: has them in its scale. One key
    for the whole piece is estimated, and marked so, where there is no signature or where the
    signatures together explain less than `BELIEVED` of what the estimate does (`BELIEVED_UNASKED`
    where they say C major and no more).
    """
    if not pitch_class_ticks(score).any():
        return _unrepeated([(*row, 0) for row in _commonest(score, signatures)])
    estimate = estimate_key(score)
    given = _commonest(score, signatures)
    share = BELIEVED_UNASKED if given == _UNASKED else BELIEVED
    if given and is_printed:
        share = 0.0
    if not given or _explained(score, given) < share * _explained(score, [(0, *estimate)]):
        return np.array([(0, *estimate, 1)], dtype=np.int64)
    return _unrepeated([(*row, 0) for row in given])


def _commonest(score: Score, signatures: Ints) -> list[tuple[int, int, int]]:
    """One signature (tick, fifths, mode) at each tick."""
    ticks = np.unique(signatures[:, 0]).tolist()
    chosen = []
    for tick, stop in zip(ticks, [*ticks[1:], score.end + 1], strict=False):
        here = slice(*np.searchsorted(signatures[:, 0], [tick, tick + 1]))
        votes = Counter(map(tuple, signatures[here, 1:].tolist()))
        most = max(votes.values())
        keys = [key for key, count in votes.items() if count == most]
        if len(keys) > 1:
            sounding = pitch_class_ticks(score, tick, stop)
            keys.sort(key=lambda key: -float(sounding @ _SCALES[key[0] + 7]))
        chosen.append((tick, keys[0][0], keys[0][1]))
    return chosen


def _explained(score: Score, keys: list[tuple[int, int, int]]) -> float:
    """For how many ticks notes sound that are in the scale of the key standing where they begin."""
    starts = [0, *(tick for tick, _, _ in keys[1:])]
    scales = _SCALES[[fifths + 7 for _, fifths, _ in keys]]
    explained = 0.0
    for part in score.parts:
        if not part.is_drums:
            notes = part.notes
            key = np.searchsorted(starts, notes.onset, side="right") - 1
            explained += float(np.maximum(notes.duration, 1) @ scales[key, notes.pitch % 12])
    return explained


def _unrepeated(rows: list[tuple[int, int, int, int]]) -> Ints:
    """The rows that change the key (K, 4)."""
    return np.array(changes(rows), dtype=np.int64).reshape(-1, 4)
