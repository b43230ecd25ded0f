"""When a tick sounds, in seconds, and for how long a note sounds under the pedal."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musegen.score.score import Ints, Part, Score

PEDAL_DOWN = 64  # controller 64 is off below this and on from it (MIDI 1.0, control changes)


def seconds_at(score: Score, ticks: ArrayLike) -> NDArray[np.float64]:
    """The seconds from the beginning at which ticks (…) sound by the tempo map (…)."""
    ticks = np.asarray(ticks, dtype=np.int64)
    starts, tempo_us = score.tempo.T
    seconds_a_tick = tempo_us / (1e6 * score.ticks_per_quarter)
    begins = np.concatenate([[0.0], np.cumsum(np.diff(starts) * seconds_a_tick[:-1])])
    row = np.searchsorted(starts, ticks, side="right") - 1
    return np.asarray(begins[row] + (ticks - starts[row]) * seconds_a_tick[row])


def sounding_ends(part: Part, last: int) -> Ints:
    """The tick at which each note of a part stops sounding (N,), the pedal being heeded.

    A note released while the pedal is down sounds until the pedal rises, until its key is struck
    again, or until the tick `last`, whichever comes first; never less than it was written.
    """
    ends = part.notes.end
    if not len(part.pedal):
        return ends
    ticks, values = part.pedal[np.argsort(part.pedal[:, 0], kind="stable")].T
    is_down = values >= PEDAL_DOWN
    state = np.searchsorted(ticks, ends, side="right") - 1  # of two at one tick the later holds
    held = (state >= 0) & is_down[state]
    rises = np.append(ticks[~is_down], max(last, 0))
    lifted = rises[np.searchsorted(rises[:-1], ends, side="right")]
    lengthened = np.minimum(lifted, _next_strikes(part))
    return np.where(held, np.maximum(ends, lengthened), ends)


def _next_strikes(part: Part) -> Ints:
    """The next later onset at each note's own pitch (N,); far off if none comes."""
    onset, pitch = part.notes.onset, part.notes.pitch
    span = int(onset.max(initial=0)) + 1
    strikes = pitch * span + onset
    known = np.unique(strikes)
    never = np.iinfo(np.int64).max
    following = np.append(known, never)[np.searchsorted(known, strikes, side="right")]
    return np.where(following // span == pitch, following % span, never)
