"""From the notes and messages of MIDI tracks to parts.

A part is what sounds in one track on one channel with one program. A track without notes whose
messages are all for one channel is a part that rests: a staff of an orchestra. Other tracks without
notes only prepare channels. Controls go to the part of the program that their channel has at the
end of their tick, if it has notes, since they prepare it; else to another part of that channel.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musegen.score.score import Event, Ints, Notes, Part

from .midi_channels import DRUM_CHANNEL
from .midi_events import Messages
from .midi_notes import CONTROL, NOTE_ON, PROGRAM, Programs, Sounding

_SUSTAIN = 64
_NO_PEDAL = np.zeros((0, 2), np.int64)
_AFTER_ALL = 1 << 62  # a place in the file beyond any

_Kept = tuple[int, int, bytes]  # tick, place and message of an event


class Track(NamedTuple):
    """What a track says beside its channel messages.

    `port` is which sixteen channels it means, `words` the meta and exclusive events that stay with
    it.
    """

    name: str
    port: int
    words: list[_Kept]


def are_parts(messages: Messages, notes: Sounding, n_tracks: int) -> NDArray[np.bool_]:
    """Which of the tracks hold parts, that play or rest (tracks,)."""
    slots = np.bincount(messages.track << 4 | messages.status & 0xF, minlength=n_tracks << 4)
    n_channels = (slots.reshape(n_tracks, 16) > 0).sum(axis=1)
    plays = np.bincount(notes.track, minlength=n_tracks) > 0
    either: NDArray[np.bool_] = plays | (n_channels == 1)
    return either


def parts_of(
    messages: Messages,
    notes: Sounding,
    tracks: list[Track],
    has_part: NDArray[np.bool_],
    unread: Counter[str],
) -> tuple[Part, ...]:
    """The parts, by track, channel and program; `has_part` says which tracks hold any.

    `unread` is added to: messages to channels that no part is on.
    """
    port = np.array([track.port for track in tracks], np.int64)
    programs = Programs(messages, port)
    program = programs.at(notes.track, notes.channel, notes.onset, notes.place)
    code = (notes.track << 4 | notes.channel) << 7 | program
    order = np.argsort(code, kind="stable")
    code = code[order]
    sounding = code[np.append(True, code[1:] != code[:-1])[: len(code)]].tolist()
    codes = np.array(sorted([*sounding, *_resting(messages, notes, programs, has_part)]), np.int64)
    bounds = [*np.searchsorted(code, codes).tolist(), len(code)]
    table = np.array([notes.onset, notes.end - notes.onset, notes.pitch, notes.velocity])
    table = table.take(order, axis=1)
    pedals, events = _controls(messages, programs, codes, port, unread)
    words = {number: track.words for number, track in enumerate(tracks)}
    parts = []
    for i, code_of_part in enumerate(codes.tolist()):
        number, channel = code_of_part >> 11, code_of_part >> 7 & 0xF
        parts.append(
            Part(
                name=tracks[number].name,
                program=code_of_part & 0x7F,
                notes=Notes(*table[:, bounds[i] : bounds[i + 1]]),
                is_drums=channel == DRUM_CHANNEL,
                pedal=pedals[i],
                events=_in_order(events[i], words.pop(number, [])),  # words to a track's first part
                channel=channel if tracks[number].port == 0 else None,
            )
        )
    return tuple(parts)


def _in_order(messages: list[_Kept], words: list[_Kept]) -> tuple[Event, ...]:
    """The messages of a part, which are in order, and its words."""
    rows = sorted([*messages, *words]) if words else messages
    return tuple([Event(tick, message) for tick, _, message in rows])


def _resting(
    messages: Messages, notes: Sounding, programs: Programs, has_part: NDArray[np.bool_]
) -> Iterator[int]:
    """The codes of track, channel and program of the tracks that rest."""
    rests = has_part.copy()
    rests[notes.track] = False
    for track in np.flatnonzero(rests).tolist():
        rows = np.arange(*np.searchsorted(messages.track, [track, track + 1]))
        slot = track << 4 | int(messages.status[rows[0]] & 0xF)
        changes = rows[messages.status[rows] >> 4 == PROGRAM]
        if len(changes):
            yield slot << 7 | int(messages.first[changes[0]])
        else:
            first = messages.rows(rows[:1])
            found = programs.at(first.track, first.status & 0xF, first.tick, first.place)
            yield slot << 7 | int(found[0])


def _controls(
    messages: Messages, programs: Programs, codes: Ints, port: Ints, unread: Counter[str]
) -> tuple[list[Ints], list[list[_Kept]]]:
    """The pedal (P, 2) of each part, and for each all else that it is told."""
    kind = messages.status >> 4
    messages = messages.rows(np.flatnonzero((kind > NOTE_ON) & (kind != PROGRAM)))
    if not len(messages.tick):
        return [_NO_PEDAL] * len(codes), [[]] * len(codes)
    channel, after = messages.status & 0xF, np.full(len(messages.tick), _AFTER_ALL)
    program = programs.at(messages.track, channel, messages.tick, after)
    part = _part_of((messages.track << 4 | channel) << 7 | program, codes, port)
    order = np.lexsort((messages.tick, part))
    messages, part = messages.rows(order), part[order]
    is_pedal = (messages.status >> 4 == CONTROL) & (messages.first == _SUSTAIN)
    pedals, others = np.flatnonzero(is_pedal), np.flatnonzero(~is_pedal)
    values = np.stack([messages.tick[pedals], messages.second[pedals]], axis=1)
    kept = _kept(messages.rows(others))
    unread["messages to channels without a part"] += int((part == len(codes)).sum())
    return (
        [values[first:stop] for first, stop in _spans(part[pedals], len(codes))],
        [kept[first:stop] for first, stop in _spans(part[others], len(codes))],
    )


def _part_of(code: Ints, codes: Ints, port: Ints) -> Ints:
    """For each code (M,) of track, channel and program the part that is so coded.

    Else the first part of its track and channel, or else of its channel; else there is none, which
    is told by one beyond the last.
    """
    part = np.searchsorted(codes, code)
    lost = np.flatnonzero(np.append(codes, -1)[part] != code)
    if len(lost):
        slots, slot = codes >> 7, code[lost] >> 7
        first = np.searchsorted(slots, slot)
        is_there = np.append(slots, -1)[first] == slot
        channels = {c: i for i, c in reversed(list(enumerate(_channel(slots, port).tolist())))}
        others = [channels.get(c, len(codes)) for c in _channel(slot, port).tolist()]
        part[lost] = np.where(is_there, first, others)
    return part


def _channel(slot: Ints, port: Ints) -> Ints:
    """The channel among those of all ports, from track and channel."""
    channel: Ints = port[slot >> 4] << 4 | slot & 0xF
    return channel


def _spans(part: Ints, n_parts: int) -> Iterator[tuple[int, int]]:
    """From where to where the rows of each part lie, given the sorted parts of rows."""
    return itertools.pairwise(np.searchsorted(part, np.arange(n_parts + 1)).tolist())


def _kept(messages: Messages) -> list[_Kept]:
    """What is kept of the messages: they are put on channel 0."""
    kind = messages.status & 0xF0
    octets = np.stack([kind, messages.first, messages.second], axis=1).tobytes()
    said = [octets[start : start + 3] for start in range(0, len(octets), 3)]
    for row in np.flatnonzero((kind == 0xC0) | (kind == 0xD0)).tolist():
        said[row] = said[row][:2]  # one data byte
    return list(zip(messages.tick.tolist(), messages.place.tolist(), said, strict=True))
