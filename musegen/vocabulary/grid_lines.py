"""What a voice sings, as steps of a grid, and back."""

from __future__ import annotations

import numpy as np

from musegen.score.score import Ints, Notes, Part, Score, rescaled

from .grid_features import HOLD

_VELOCITY = 80


def line_of(score: Score, part: Part, steps: int) -> tuple[Ints, Ints, Ints]:
    """First step, step after the last and pitch (N,) of what a voice sings.

    Of notes that begin together the highest stays; a note ends where the next begins.

    Args:
        score: whose ticks count.
        part: the voice.
        steps: time steps a quarter.
    """
    notes = part.notes
    start, stop = (
        rescaled(ticks, score.ticks_per_quarter, steps) for ticks in (notes.onset, notes.end)
    )
    order = np.lexsort((stop, notes.pitch, start))
    order = order[np.diff(start[order], append=-1) != 0]
    start, pitch = start[order], notes.pitch[order]
    stop = np.maximum(stop[order], start + 1)
    stop[:-1] = np.minimum(stop[:-1], start[1:])
    return start, stop, pitch


def part_of(column: Ints, name: str, program: int) -> Part:
    """The part of a voice from its values, a step each (T,)."""
    begins = np.flatnonzero(column < HOLD)
    stops = np.append(np.flatnonzero(column != HOLD), len(column))
    ends = stops[np.searchsorted(stops, begins, side="right")]
    velocity = np.full(len(begins), _VELOCITY)
    return Part(name, program, Notes(begins, ends - begins, column[begins], velocity))
