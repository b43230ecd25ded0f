"""How like music: shares that give away what a model does badly, for generated and real bars."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from musegen.score.score import Ints, Score

_LONG_BARS = 2  # a note of more bars than this is very long


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
