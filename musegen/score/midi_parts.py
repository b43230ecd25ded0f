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
_AFTER_ALL = 1 << 62  # a place in the file beyond any

_Kept = tuple[list[int], list[int], list[bytes]]  # tick, place and message of events


class Track(NamedTuple):
    """What a track says beside its channel messages, and where it lies.

    `shift` is the tick at which it begins, `port` which sixteen channels it means, `words` rows of
    tick, place and message of the meta and exclusive events that stay with it.
    """

    name: str
    shift: int
    port: int
    words: list[tuple[int, int, bytes]]


def are_parts(messages: Messages, notes: Sounding, n_tracks: int) -> NDArray[np.bool_]:
    """Which of the tracks hold parts, that play or rest (tracks,)."""
    slots = np.bincount(messages.track << 4 | messages.status & 0xF, minlength=n_tracks << 4)
    n_channels = (slots.reshape(n_tracks, 16) > 0).sum(axis=1)
    plays = np.bincount(notes.track, minlength=n_tracks) > 0
    either: NDArray[np.bool_] = plays | (n_channels == 1)
    return either


def parts_of(
    messages: Messages, notes: Sounding, tracks: list[Track], unread: Counter[str]
) -> tuple[Part, ...]:
    """The parts, by track, channel and program.

    `unread` is added to: messages to channels that no part is on.
    """
    shift = np.array([track.shift for track in tracks], np.int64)
    port = np.array([track.port for track in tracks], np.int64)
    programs = Programs(messages, shift, port)
    begun = notes.onset + shift[notes.track]
    program = programs.at(notes.track, notes.channel, begun, notes.place)
    code = (notes.track << 4 | notes.channel) << 7 | program
    order = np.argsort(code, kind="stable")
    code = code[order]
    sounding = code[np.append(True, code[1:] != code[:-1])[: len(code)]]
    resting = _resting(messages, notes, programs, shift)
    codes = np.sort(np.array([*sounding.tolist(), *resting], np.int64))
    columns: list[Ints] = [
        column[order].astype(np.int64)
        for column in (begun, notes.end - notes.onset, notes.pitch, notes.velocity)
    ]
    bounds = [*np.searchsorted(code, codes).tolist(), len(code)]
    controls = _controls(messages, programs, codes, shift, port, unread)
    parts = []
    for i, (code, (pedal, events)) in enumerate(zip(codes.tolist(), controls, strict=True)):
        number, channel = code >> 11, code >> 7 & 0xF
        is_first_of_track = not i or number != codes[i - 1] >> 11
        words = tracks[number].words if is_first_of_track else []
        parts.append(
            Part(
                name=tracks[number].name,
                program=code & 0x7F,
                notes=Notes(*(column[bounds[i] : bounds[i + 1]] for column in columns)),
                is_drums=channel == DRUM_CHANNEL,
                pedal=pedal,
                events=_merged(events, words),
                channel=channel if tracks[number].port == 0 else None,
            )
        )
    return tuple(parts)


def _merged(events: _Kept, words: list[tuple[int, int, bytes]]) -> tuple[Event, ...]:
    """Messages and words of a part in their order."""
    if words:
        rows = sorted([*zip(*events, strict=True), *words])
        return tuple([Event(tick, message) for tick, _, message in rows])
    return tuple(map(Event, events[0], events[2]))


def _resting(messages: Messages, notes: Sounding, programs: Programs, shift: Ints) -> Iterator[int]:
    """The codes of track, channel and program of the tracks that rest."""
    rests = are_parts(messages, notes, len(shift))
    rests[notes.track] = False
    for track in np.flatnonzero(rests).tolist():
        rows = np.arange(*np.searchsorted(messages.track, [track, track + 1]))
        slot = track << 4 | int(messages.status[rows[0]] & 0xF)
        changes = rows[messages.status[rows] >> 4 == PROGRAM]
        if len(changes):
            yield slot << 7 | int(messages.first[changes[0]])
        else:
            row = rows[:1]
            channel, tick = messages.status[row] & 0xF, messages.tick[row] + shift[track]
            found = programs.at(messages.track[row], channel, tick, messages.place[row])
            yield slot << 7 | int(found[0])


def _controls(
    messages: Messages,
    programs: Programs,
    codes: Ints,
    shift: Ints,
    port: Ints,
    unread: Counter[str],
) -> Iterator[tuple[Ints, _Kept]]:
    """For each part its pedal (P, 2), and the tick, place and message of all else."""
    kind = messages.status >> 4
    chosen = np.flatnonzero((kind > NOTE_ON) & (kind != PROGRAM))
    messages = messages.rows(chosen)
    channel, tick = messages.status & 0xF, messages.tick + shift[messages.track]
    program = programs.at(messages.track, channel, tick, np.full(len(tick), _AFTER_ALL))
    part = _part_of((messages.track << 4 | channel) << 7 | program, codes, port)
    unread["messages to channels without a part"] += int((part == len(codes)).sum())
    order = np.lexsort((tick, part))
    bounds = np.searchsorted(part[order], np.arange(len(codes) + 1)).tolist()
    is_pedal = (messages.status >> 4 == CONTROL) & (messages.first == _SUSTAIN)
    values = np.stack([tick, messages.second], axis=1)
    for start, stop in itertools.pairwise(bounds):
        rows = order[start:stop]
        pedals = is_pedal[rows]
        yield values[rows[pedals]], _kept(messages, tick, rows[~pedals])


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


def _kept(messages: Messages, tick: Ints, rows: Ints) -> _Kept:
    """What is kept of the messages in these rows: they are put on channel 0."""
    if not len(rows):
        return [], [], []
    kind = messages.status[rows] & 0xF0
    columns = (kind, messages.first[rows], messages.second[rows])
    octets = np.stack(columns, axis=1).astype(np.uint8).tobytes()
    starts = 3 * np.arange(len(rows))
    ends = starts + np.where((kind == 0xC0) | (kind == 0xD0), 2, 3)
    said = [octets[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return tick[rows].tolist(), messages.place[rows].tolist(), said
