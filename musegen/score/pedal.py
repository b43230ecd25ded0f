"""The sustain pedal folded into the lengths of notes, for those who learn without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .score import Ints, Notes, Part, Score

DOWN = 64  # MIDI 1.0: the pedal is down from this value on


def fold(score: Score) -> Score:
    """The score with notes as long as they sound under the pedal, and without a pedal.

    A note that ends while the pedal is down lasts until the pedal rises, until the next note of its
    pitch in its part, or, where the pedal never rises, until the piece ends; never shorter than it
    was. At the tick of a change, the note ends after it.
    """
    return replace(score, parts=tuple(_folded(part, score.end) for part in score.parts))


def _folded(part: Part, end: int) -> Part:
    notes = part.notes
    empty = part.pedal[:0]
    if not len(part.pedal) or not len(notes):
        return replace(part, pedal=empty)
    ticks, values = part.pedal[np.argsort(part.pedal[:, 0], kind="stable")].T
    held = np.append(False, values >= DOWN)
    is_held = held[np.searchsorted(ticks, notes.end, side="right")]
    releases = np.append(ticks[values < DOWN], max(end, int(notes.end.max())))
    released = releases[np.searchsorted(releases[:-1], notes.end, side="right")]
    until = np.where(is_held, np.minimum(released, _next_onsets(notes)), notes.end)
    duration = np.maximum(until - notes.onset, notes.duration)
    return replace(
        part, notes=Notes(notes.onset, duration, notes.pitch, notes.velocity), pedal=empty
    )


def _next_onsets(notes: Notes) -> Ints:
    """The first later onset on the pitch of each note (N,), or the last tick there can be."""
    never = np.iinfo(np.int64).max
    following = np.full(len(notes), never)
    for pitch in np.unique(notes.pitch).tolist():
        rows = np.flatnonzero(notes.pitch == pitch)
        onsets = np.append(notes.onset[rows], never)
        following[rows] = onsets[np.searchsorted(onsets, notes.onset[rows], side="right")]
    return following
