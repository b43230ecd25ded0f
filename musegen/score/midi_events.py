"""The events of MIDI tracks as columns, whether the tracks are whole or damaged.

Where an event begins depends on all events before it, so places are walked in Python; but how long
a common event is (a time, and a message of two data bytes with or without its status) is worked out
for every byte at once, and so are the values. Rarer events are looked at one by one.

Damage is mended by going on at the next place from which events follow soundly; every mend is told
with its track and byte. Source: Standard MIDI Files 1.0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musegen.errors import UnreadableFile
from musegen.score.score import Ints

from .midi_chunks import END_OF_TRACK

META, SYSEX, ESCAPE = 0xFF, 0xF0, 0xF7
_LONG, _SHORT, _OTHER, _TIME = 1, 2, 3, 4  # two data bytes; one; meta and exclusive; time alone
_MAX_MENDS = 64  # in one file; what comes after is taken for noise
_SOUND_EVENTS = 6  # in a row, or to the end of the track, are no chance
_WINDOW = 256  # bytes in which a place to go on is sought
_LAST_TICK = 1 << 34  # days at the finest division; beyond, times are damage
_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # of messages that do not belong in files

Octets = NDArray[np.uint8]


class Messages(NamedTuple):
    """Channel messages as columns (M,), in the order of the file; the octets as they stand there.

    `status` is the kind in its high and the channel in its low four bits, `place` the byte in the
    file at which the event begins, `second` 0 where there is one data byte.
    """

    track: Ints
    tick: Ints
    status: Octets
    first: Octets
    second: Octets
    place: Ints

    def rows(self, chosen: Ints) -> Messages:
        """Those of the messages."""
        return Messages(*(column[chosen] for column in self))  # type: ignore[arg-type]


class Other(NamedTuple):
    """A meta event (`ff`, type, data) or an exclusive message (`f0` or `f7`, data)."""

    track: int
    tick: int
    place: int
    message: bytes


class Events(NamedTuple):
    """All events of a file; `end` is the tick at which each track ends (tracks,)."""

    messages: Messages
    others: list[Other]
    end: Ints


class _Event(NamedTuple):
    kind: int
    end: int
    running: int
    message: bytes = b""


def events_of(data: bytes, tracks: list[tuple[int, int]], faults: list[str]) -> Events:
    """The events of the tracks that lie at (start, stop) in a file's bytes.

    `faults` is added to: a sentence for each place that was mended.

    Raises:
        UnreadableFile: times are out of all bounds.
    """
    walk = _Walk(data, tracks, faults)
    for number, (start, stop) in enumerate(tracks):
        walk.track(number, start, stop)
    padded = np.frombuffer(data + bytes(8), np.uint8)
    places = np.flatnonzero(np.frombuffer(walk.marks, np.uint8))
    kinds = np.frombuffer(walk.marks, np.uint8)[places]
    delta, body = _delta_times(padded, places)
    bounds = np.searchsorted(places, [*(start for start, _ in tracks), len(data)])
    track = np.repeat(np.arange(len(tracks)), np.diff(bounds))
    tick, end = _ticks(delta, bounds)
    if len(end) and end.max() > _LAST_TICK:
        late = int(np.argmax(tick > _LAST_TICK))
        raise UnreadableFile(
            f"damaged MIDI: track {track[late] + 1}, byte {places[late]}: tick {tick[late]}"
        )
    other = np.flatnonzero(kinds == _OTHER)
    columns = (column[other].tolist() for column in (track, tick, places))
    others = [Other(*row) for row in zip(*columns, walk.messages, strict=True)]
    voice = np.flatnonzero(kinds <= _SHORT)
    status, first, second = _values(padded, body[voice], kinds[voice] == _LONG)
    messages = Messages(track[voice], tick[voice], status, first, second, places[voice])
    return Events(messages, others, end)


class _Walk:
    """Marks where events begin (`marks`, a kind for each byte) and gathers the rarer ones."""

    def __init__(self, data: bytes, tracks: list[tuple[int, int]], faults: list[str]) -> None:
        self.data = data
        self.marks = bytearray(len(data))
        self.messages: list[bytes] = []
        self.faults = faults
        self.n_mends = 0
        self.steps = _steps(data)
        for start, stop in tracks:  # no event reaches over the end of its track
            for at in range(max(start, stop - 7), stop):
                if at + self.steps[at] > stop:
                    self.steps[at] = 0
            self.steps[stop] = 0

    def track(self, number: int, start: int, stop: int) -> None:
        """Walk one track."""
        at, running, steps, marks, mark = start, 0, self.steps, self.marks, _LONG  # locals are fast
        while at < stop:
            if steps[at] and (_takes_two(running) or _has_status(self.data, at)):
                while step := steps[at]:
                    marks[at] = mark
                    at += step
                running = 0x90  # or another that takes two
                continue
            event = _event(self.data, at, stop, running)
            if event is None:
                at, running = self._mended(number, at, stop, running)
                continue
            marks[at] = event.kind
            at, running = event.end, event.running
            if event.kind == _OTHER:
                self.messages.append(event.message)
                if event.message == END_OF_TRACK[:2]:
                    break
        if at < stop:
            self._tell(number, at, f"{stop - at} bytes after the end of the track dropped")

    def _mended(self, number: int, at: int, stop: int, running: int) -> tuple[int, int]:
        """Where to go on from an unsound event, whose time counts, and the status running there."""
        self.n_mends += 1
        body = _after_delta(self.data, at, stop)
        if body:
            self.marks[at] = _TIME
        if self.n_mends > _MAX_MENDS:
            self._tell(number, at, f"too much damage; {stop - at} bytes dropped")
            return stop, 0
        clipped = _clipped(self.data, body, stop, running) if body else None
        if clipped and _is_sound(self.data, clipped.end, stop, clipped.running):
            self.marks[at] = clipped.kind
            self._tell(number, at, "a value over 127 read as 127")
            return clipped.end, clipped.running
        known = [body + 1 + _DATA_BYTES.get(self.data[body], 0)] if body else []
        for place in (*known, *range(at + 1, min(at + _WINDOW, stop))):
            if _is_sound(self.data, place, stop, 0):
                self._tell(number, at, f"{place - at} bytes that are no message dropped")
                return place, 0
        self._tell(number, at, f"{stop - at} bytes to the end of the track dropped")
        return stop, 0

    def _tell(self, number: int, place: int, what: str) -> None:
        self.faults.append(f"track {number + 1}, byte {place}: {what}")


def _steps(data: bytes) -> bytearray:
    """How long the event is that begins at each byte, if it is a common one; else 0.

    That is: a time of one to four bytes, then two data bytes, with or without a status before them
    that takes two.
    """
    octets = np.frombuffer(data + b"\xff" * 8, np.uint8)
    high = octets >= 0x80
    two = ~(high[:-1] | high[1:])
    status = high & (octets < 0xF0) & ((octets & 0xE0) != 0xC0)
    body = 2 * two[:-1].view(np.uint8) + 3 * (status[:-2] & two[1:]).view(np.uint8)
    size = len(data)
    steps = np.zeros(size, np.uint8)
    for length in (4, 3, 2, 1):
        there = body[length : length + size]
        whole = there + np.uint8(length) * (there > 0)
        steps = np.where(high[length - 1 : length - 1 + size], steps, whole)
    return bytearray(steps.tobytes() + bytes(1))


def _takes_two(status: int) -> bool:
    """Whether a channel message of this status has two data bytes."""
    return 0x80 <= status < 0xF0 and status & 0xE0 != 0xC0


def _has_status(data: bytes, at: int) -> bool:
    """Whether the event at a place says its status."""
    body = _after_delta(data, at, len(data))
    return body > 0 and data[body] >= 0x80


def _after_delta(data: bytes, at: int, stop: int) -> int:
    """The place after the time of an event; 0 where that is unsound or nothing follows."""
    for place in range(at, min(at + 4, stop - 1)):
        if data[place] < 0x80:
            return place + 1
    return 0


def _quantity(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """The variable-length quantity at a place and the place after it, which is 0 if unsound."""
    value = 0
    for place in range(at, min(at + 4, stop)):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return 0, 0


def _event(data: bytes, at: int, stop: int, running: int) -> _Event | None:
    """The event at a place, or None if it is unsound.

    Running status goes on after meta and exclusive events: the standard ends it there, but files
    that rely on it are about, and others are not hurt.
    """
    body = _after_delta(data, at, stop)
    if not body:
        return None
    status, begin = (data[body], body + 1) if data[body] >= 0x80 else (running, body)
    if 0x80 <= status < SYSEX:
        end = begin + 1 + _takes_two(status)
        if end > stop or max(data[begin:end]) >= 0x80:
            return None
        return _Event(_LONG if _takes_two(status) else _SHORT, end, status)
    if status not in (META, SYSEX, ESCAPE) or (
        status == META and data[begin : begin + 1] > b"\x7f"
    ):
        return None
    begin += status == META
    length, data_start = _quantity(data, begin, stop)
    end = data_start + length
    if not data_start or end > stop:
        return None
    return _Event(_OTHER, end, running, data[body:begin] + data[data_start:end])


def _clipped(data: bytes, body: int, stop: int, running: int) -> _Event | None:
    """The channel message at a place, though its values exceed 127; None where there is none."""
    status, begin = (data[body], body + 1) if data[body] >= 0x80 else (running, body)
    end = begin + 1 + _takes_two(status)
    if end > stop or not 0x80 <= status < SYSEX:
        return None
    return _Event(_LONG if _takes_two(status) else _SHORT, end, status)


def _is_sound(data: bytes, at: int, stop: int, running: int) -> bool:
    """Whether events follow from a place on, with the status that runs there (0: none)."""
    for _ in range(_SOUND_EVENTS):
        event = _event(data, at, stop, running) if at < stop else None
        if event is None:
            return False
        at, running = event.end, event.running
        if at == stop or event.message == END_OF_TRACK[:2]:
            return True
    return True


def _delta_times(padded: Octets, places: Ints) -> tuple[Ints, Ints]:
    """The time in ticks that stands at each place, and the place after it."""
    octets = padded[places]
    delta, body = (octets & 0x7F).astype(np.int64), places + 1
    more = np.flatnonzero(octets >= 0x80)
    while len(more):
        octets = padded[body[more]]
        delta[more] = delta[more] << 7 | octets & 0x7F
        body[more] += 1
        more = more[octets >= 0x80]
    return delta, body


def _ticks(delta: Ints, bounds: Ints) -> tuple[Ints, Ints]:
    """The tick of each event, counted from the start of its track, and that of each track's end.

    `bounds` are the rows at which tracks begin, and the number of rows (tracks + 1,).
    """
    total = np.concatenate([[0], np.cumsum(delta)])
    at_bounds = total[bounds]
    return total[1:] - np.repeat(at_bounds[:-1], np.diff(bounds)), np.diff(at_bounds)


def _values(padded: Octets, body: Ints, is_long: NDArray[np.bool_]) -> tuple[Octets, ...]:
    """Status, first and second data byte of channel messages, running status being filled in."""
    octets = padded[body]
    says = octets >= 0x80
    status = octets[np.maximum.accumulate(np.where(says, np.arange(len(body)), 0))]
    first = body + says
    second = np.minimum(padded[first + 1], 127) * is_long
    return status, np.minimum(padded[first], 127), second
