"""How like music: shares that give away what a model does badly, and how alike two pieces are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from musegen.score.score import Ints, Score

_LONG_BARS = 2  # a note of more bars than this is very long
_LAGS = (1, 2, 4, 8)  # bars between which a piece is held against itself
_STEPS = 4  # a quarter, for the rhythm of a bar
_BANDS = 6  # semitones
_LENGTHS = 2 ** np.arange(-3.5, 4)  # quarters; between them lie 32nds, 16ths, … breves


def shares(score: Score, first_bar: int = 0) -> dict[str, float]:
    """Shares over the bars from `first_bar` on, each 0 to 1.

    silent_parts: parts that played before (or at all) and have no note there.
    long_notes: notes longer than two bars.
    repeated_bars: bars that repeat the one before them to the note.

    Raises:
        ValueError: the score has no such bar.
    """
    if not 0 <= first_bar < score.n_bars:
        raise ValueError(f"bar {first_bar} of {score.n_bars}")
    edges = np.concatenate([[0], score.barlines])
    start, end = int(edges[first_bar]), int(edges[-1])
    playing = [part for part in score.parts if len(part.notes)]
    inside = [(p.notes.onset >= start) & (p.notes.onset < end) for p in playing]
    durations: Ints = np.concatenate(
        [
            np.zeros(0, np.int64),
            *(p.notes.duration[i] for p, i in zip(playing, inside, strict=True)),
        ]
    )
    bar = float(np.median(np.diff(edges[first_bar:])))
    contents = [_bar(score, a, b) for a, b in pairwise(edges.tolist())]
    pairs = pairwise(contents[max(first_bar - 1, 0) :])
    repeated = [bool(b) and a == b for a, b in pairs]
    return {
        "silent_parts": float(np.mean([not i.any() for i in inside])) if inside else 0.0,
        "long_notes": float((durations > _LONG_BARS * bar).mean()) if len(durations) else 0.0,
        "repeated_bars": float(np.mean(repeated)) if repeated else 0.0,
    }


def _bar(score: Score, start: int, end: int) -> frozenset[tuple[int, int, int, int]]:
    """The notes that begin in a bar: part, onset in the bar, pitch, duration."""
    found = set()
    for number, part in enumerate(score.parts):
        rows = part.notes.rows[(part.notes.onset >= start) & (part.notes.onset < end)]
        found |= {(number, on - start, pitch, length) for on, length, pitch, _ in rows.tolist()}
    return frozenset(found)


def likeness(score: Score, other: Score) -> dict[str, float]:
    """How alike two scores are in what does not hang on their length, each 0 to 1.

    pitch_classes: what their histograms have in common, weighted by length.
    range: the same of bands of six semitones.
    rhythm: the same of lengths of notes, by powers of two.
    density: notes a quarter, the lower by the higher.
    form: how like each other are bars that are 1, 2, 4 and 8 apart, as shares of onsets at the same
        place in the bar; one less the mean difference. Left out where either has no such bars.

    Drums count in density and form alone.
    """
    both = (score, other)
    classes, bands, lengths = zip(*map(_histograms, both), strict=True)
    own, rival = (density(piece) for piece in both)
    found = {
        "pitch_classes": _common(*classes),
        "range": _common(*bands),
        "rhythm": _common(*lengths),
        "density": min(own, rival) / max(own, rival, 1e-9),
    }
    one, two = (form(piece) for piece in both)
    lags = [lag for lag in one if lag in two]
    if lags:
        found["form"] = 1 - float(np.mean([abs(one[lag] - two[lag]) for lag in lags]))
    return found


def _histograms(score: Score) -> tuple[NDArray[np.float64], ...]:
    """Of pitch classes (12,), bands of pitch and lengths, each of sum 1, or 0 without notes."""
    rows = [part.notes.rows for part in score.parts if not part.is_drums]
    notes: Ints = np.concatenate([np.zeros((0, 4), np.int64), *rows])
    lengths, pitch = notes[:, 1], notes[:, 2]
    bins = np.digitize(lengths / score.ticks_per_quarter, _LENGTHS)
    found = (
        np.bincount(pitch % 12, lengths, 12),
        np.bincount(pitch // _BANDS, lengths, 128 // _BANDS + 1),
        np.bincount(bins, minlength=len(_LENGTHS) + 1).astype(np.float64),
    )
    return tuple(counts / max(counts.sum(), 1e-9) for counts in found)


def _common(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.minimum(one, other).sum())


def density(score: Score) -> float:
    """Notes a quarter."""
    return score.n_notes * score.ticks_per_quarter / max(score.end, 1)


def form(score: Score) -> dict[int, float]:
    """By lag, the mean share of places with an onset that two bars so far apart have in common."""
    onsets = np.concatenate([np.zeros(0, np.int64), *(part.notes.onset for part in score.parts)])
    steps = _STEPS * onsets // score.ticks_per_quarter
    edges = _STEPS * np.concatenate([[0], score.barlines]) // score.ticks_per_quarter
    bars = [
        frozenset((steps[(steps >= a) & (steps < b)] - a).tolist())
        for a, b in pairwise(edges.tolist())
    ]
    found = {}
    for lag in _LAGS:
        pairs = [(a, b) for a, b in zip(bars, bars[lag:], strict=False) if a | b]
        if pairs:
            found[lag] = float(np.mean([len(a & b) / len(a | b) for a, b in pairs]))
    return found
