"""From note-ons and note-offs to notes: which ends which, and with which program each sounds.

Within a track and channel the first note of a pitch to begin is the first to end. A note that is
never ended lasts until the next one of its pitch, until its channel is silenced, or until its track
ends; but no less long than one of its pitch that began before it. A channel has one program at a
time, whichever track sets it; its first one holds, in its track, from the beginning of its tick.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from musegen.score.score import Ints

from .midi_events import Messages
from .midi_walk import Octets

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM = 0x8, 0x9, 0xB, 0xC
_SILENCES = (120, 123, 124, 125, 126, 127)  # all sound off, all notes off, and what implies it
_USUAL_RELEASE = 64  # the velocity of a note-off that means no more than 0 does
_PLACE_BITS = 24  # of a byte in a file, see midi_chunks.MAX_BYTES
_FEW_TRACKS = 32  # of sixteen channels of 128 pitches: 16 bits


class Sounding(NamedTuple):
    """Notes as columns (N,): track, channel, onset and end in ticks, pitch, velocity, and place.

    `place` is the byte at which the note begins, `unread` counts what notes have no place for.
    """

    track: Ints
    channel: Ints
    onset: Ints
    end: Ints
    pitch: Octets
    velocity: Octets
    place: Ints
    unread: dict[str, int]


def notes_of(messages: Messages, track_end: Ints, faults: list[str]) -> Sounding:
    """The notes that the messages make, in the order of the file.

    `track_end` is the tick at which each track ends; `faults` is added to: a sentence for each
    track with notes that are never ended.
    """
    _, tick, status, pitch, velocity, _ = messages
    kind = status >> 4
    rows = np.flatnonzero((kind == NOTE_OFF) | (kind == NOTE_ON))
    few: type[np.integer[Any]] = np.int64
    if len(track_end) <= _FEW_TRACKS:
        few = np.uint16  # sorted in linear time
    groups = (messages.track[rows].astype(few) << 4 | status[rows] & 0xF) << 7 | pitch[rows]
    order = np.argsort(groups, kind="stable")
    rows, groups = rows[order], groups[order]
    is_on = (status[rows] >= NOTE_ON << 4) & (velocity[rows] > 0)
    ons, offs = np.flatnonzero(is_on), np.flatnonzero(_end_something(groups, is_on))
    begun, ended = rows[ons], rows[offs]
    end = np.empty(len(begun), np.int64)
    is_ended = _have_ends(groups[ons], groups[offs])
    end[is_ended] = tick[ended]
    if not is_ended.all():
        hanging = np.flatnonzero(~is_ended)
        least = _former_ends(end, is_ended, groups[ons])[hanging]
        end[hanging] = np.maximum(_ends_of_hanging(messages, begun, hanging, track_end), least)
        _tell_of_hanging(messages, begun[hanging], faults)
    releases = velocity[ended[status[ended] < NOTE_ON << 4]]
    said = ((releases != 0) & (releases != _USUAL_RELEASE)).sum()
    strays = len(rows) - len(ons) - len(offs)
    unread = {"release velocities": int(said), "note-offs without a note": strays}
    end_of = np.full(len(tick), -1)
    end_of[begun] = end
    begun = np.flatnonzero(end_of >= 0)
    track, onset, status, pitch, velocity, place = messages.rows(begun)
    return Sounding(track, status & 0xF, onset, end_of[begun], pitch, velocity, place, unread)


def _end_something(groups: Ints, is_on: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the messages, in their groups, are note-offs before which a note sounds (N,)."""
    is_last = np.ones(len(groups), bool)
    is_last[:-1] = groups[1:] != groups[:-1]
    last = np.flatnonzero(is_last)
    sounding = np.cumsum(np.where(is_on, 1, -1))
    if not sounding[last].any() and sounding.min(initial=0) == 0:  # as in most files
        return ~is_on
    sizes = np.diff(last, prepend=-1)
    sounding -= np.repeat(np.append(0, sounding[last[:-1]]), sizes)
    # Each group lies lower than the ones before, so that its minimum is its own.
    lower = np.repeat(np.arange(len(last)), sizes) * (2 * len(groups) + 1)
    least = np.minimum.accumulate(np.minimum(sounding, 0) - lower)
    before = np.append(0, least[:-1])
    return np.asarray(~is_on & (sounding - lower >= np.minimum(before, -lower)))


def _have_ends(ons: Ints, offs: Ints) -> NDArray[np.bool_]:
    """Which note-ons, given the sorted groups of ons and offs, an off remains for (N,)."""
    if len(ons) == len(offs):  # no group has more offs than ons
        return np.ones(len(ons), bool)
    place_in_group = np.arange(len(ons)) - np.searchsorted(ons, ons)
    n_offs = np.searchsorted(offs, ons, side="right") - np.searchsorted(offs, ons)
    return np.asarray(place_in_group < n_offs)


def _former_ends(end: Ints, is_ended: NDArray[np.bool_], groups: Ints) -> Ints:
    """The end of the last note of each one's group up to it that is ended (N,); 0 without one."""
    former = np.maximum.accumulate(np.where(is_ended, np.arange(len(end)), 0))
    is_there = is_ended[former] & (groups[former] == groups)
    return np.where(is_there, end[former], 0)


def _ends_of_hanging(messages: Messages, begun: Ints, hanging: Ints, track_end: Ints) -> Ints:
    """Where notes end that are never ended; `begun` are the rows of all note-ons, in groups."""
    rows = begun[hanging]
    channel = messages.status & 0xF
    end = track_end[messages.track[rows]]
    following = np.append(begun[1:], begun[-1:])[hanging]
    repeats = following != rows
    for column in (messages.track, channel, messages.first):
        repeats &= column[following] == column[rows]
    end[repeats] = messages.tick[following[repeats]]
    silences = (messages.status >> 4 == CONTROL) & np.isin(messages.first, _SILENCES)
    # One number for channel and row: the next in order is the channel's next silence.
    places = (messages.track << 4 | channel) * (len(channel) + 1) + np.arange(len(channel))
    silent = np.sort(places[silences])
    heard = np.append(silent, -1)[np.searchsorted(silent, places[rows])]
    row = heard - places[rows] + rows
    is_heard = (heard >= 0) & (row < len(channel))
    end[is_heard] = np.minimum(end[is_heard], messages.tick[row[is_heard]])
    return end


def _tell_of_hanging(messages: Messages, rows: Ints, faults: list[str]) -> None:
    """A sentence for each track with notes that are never ended."""
    places: dict[int, int] = {}
    for row in rows.tolist():
        track, place = int(messages.track[row]), int(messages.place[row])
        places[track] = min(place, places.get(track, place))
    counts = Counter(messages.track[rows].tolist())
    for track, place in sorted(places.items()):
        faults.append(
            f"track {track + 1}, byte {place}: notes from here on never end, {counts[track]} in "
            "all; they end with the next of their pitch, with silence or with the track"
        )


class Programs:
    """The program that each channel has at each moment of a file.

    The first one of a channel holds in its track for its whole tick: it may stand after notes, but
    means them too.
    """

    def __init__(self, messages: Messages, port: Ints) -> None:
        """`port` says of each track whose sixteen channels it means."""
        changes = messages.rows(np.flatnonzero(messages.status >> 4 == PROGRAM))
        moments = _moments(changes.tick, changes.place)
        order = np.argsort(moments)
        self._port = port
        self._moments, self._program = moments[order], changes.first[order]
        self._channel = (port[changes.track] << 4 | changes.status & 0xF)[order]
        _, first = np.unique(self._channel, return_index=True)
        n_channels = 16 * (int(port.max(initial=0)) + 1)
        rows = order[first]
        tracks = np.searchsorted(messages.track, changes.track[rows])
        self._moments[first] = _moments(changes.tick[rows], messages.place[tracks] - 1)
        self._settled = np.full(n_channels, -1)  # the moment of each channel's last change
        self._settled[self._channel] = self._moments  # of several, numpy keeps the last
        self._last = np.zeros(n_channels, np.int64)
        self._last[self._channel] = self._program

    def at(self, track: Ints, channel: Ints, tick: Ints, place: Ints) -> Ints:
        """The program of each channel (N,) at a tick, before the byte `place` of the file.

        Within a tick, tracks are played in their order: an earlier place is before.
        """
        channel = self._port[track] << 4 | channel
        moments = _moments(tick, place)
        program: Ints = self._last[channel]
        early = self._settled[channel] >= moments
        for number in set(channel[early].tolist()):
            mine, asked = self._channel == number, np.flatnonzero(channel == number)
            programs = np.concatenate([[0], self._program[mine]])
            program[asked] = programs[np.searchsorted(self._moments[mine], moments[asked])]
        return program


def _moments(tick: Ints, place: Ints) -> Ints:
    """One number for tick and place that rises with both (N,)."""
    moments: Ints = tick << _PLACE_BITS | place
    return moments
