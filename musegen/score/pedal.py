"""For how long notes sound under the sustain pedal, and the pedal folded into their lengths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .score import Ints, Notes, Part, Score

PEDAL_DOWN = 64  # controller 64 is off below this and on from it (MIDI 1.0, control changes)


def fold(score: Score) -> Score:
    """The score with notes as long as they sound under the pedal, and without a pedal.

    The piece does not become longer: what rings on at its end is cut there.
    """
    return replace(score, parts=tuple(_folded(part, score.end) for part in score.parts))


def _folded(part: Part, end: int) -> Part:
    notes = part.notes
    duration = np.minimum(sounding_ends(part, end), end) - notes.onset
    longer = Notes(notes.onset, duration, notes.pitch, notes.velocity)
    return replace(part, notes=longer, pedal=part.pedal[:0])


def sounding_ends(part: Part, last: int) -> Ints:
    """The tick at which each note of a part stops sounding (N,), the pedal being heeded.

    A note released while the pedal is down sounds until the pedal rises, until its key is struck
    again, or until the tick `last`, whichever comes first; never less than it was written.
    """
    ends = part.notes.end
    if not len(part.pedal):
        return ends
    ticks, values = part.pedal[np.argsort(part.pedal[:, 0], kind="stable")].T
    is_last = np.append(ticks[1:] != ticks[:-1], True)  # of two at one tick the later holds
    ticks, is_down = ticks[is_last], values[is_last] >= PEDAL_DOWN
    state = np.searchsorted(ticks, ends, side="right") - 1
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
