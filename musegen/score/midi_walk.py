"""Where the events of MIDI tracks begin, whether the tracks are whole or damaged.

That depends on all events before, so places are walked in Python; but how long a common event is (a
short time, and a message of two data bytes with or without its status) is worked out for every byte
at once, and so are four of them in a row. Rarer events are looked at one by one.

Damage is mended by going on at the next place from which events follow soundly; every mend is told
with its track and byte. Source: Standard MIDI Files 1.0.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .midi_chunks import END_OF_TRACK

META, SYSEX, ESCAPE = 0xFF, 0xF0, 0xF7
LONG, SHORT, OTHER, TIME = 1, 2, 3, 4  # two data bytes; one; meta and exclusive; time alone
_FOUR = 5  # the first of four events of two data bytes
_MAX_MENDS = 64  # in one file; what comes after is taken for noise
_SOUND_EVENTS = 6  # in a row, or to the end of the track, are no chance
_WINDOW = 256  # bytes in which a place to go on is sought
_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # of messages that do not belong in files

Octets = NDArray[np.uint8]


def _takes_two(status: int) -> bool:
    """Whether a channel message of this status has two data bytes."""
    return 0x80 <= status < 0xF0 and status & 0xE0 != 0xC0


def _length_of_common(octets: tuple[int, ...]) -> int:
    """The length of a common event at the head of five octets (see `_OCTETS`), or 0."""
    time = 1 + (octets[0] != _DATA)
    body = 2 + (octets[time] == _STATUS)
    is_common = octets[time - 1] == _DATA and set(octets[time + body - 2 : time + body]) == {_DATA}
    return (time + body) * is_common


_DATA, _STATUS, _HIGH = 0, 1, 2  # below 128; a status that takes two data bytes; neither
_OCTETS = bytes(_DATA if b < 0x80 else _STATUS if _takes_two(b) else _HIGH for b in range(256))
_LENGTHS = bytes(map(_length_of_common, itertools.product(range(3), repeat=5))).ljust(256, b"\0")


class _Event(NamedTuple):
    kind: int
    end: int
    running: int
    message: bytes = b""


class Walk:
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
        self.four_steps = _four_steps(self.steps)

    def track(self, number: int, start: int, stop: int) -> None:
        """Walk one track."""
        at, running, steps, four_steps, marks = start, 0, self.steps, self.four_steps, self.marks
        while at < stop:
            if steps[at] and (_takes_two(running) or _has_status(self.data, at)):
                while step := four_steps[at]:
                    marks[at] = _FOUR
                    at += step
                while step := steps[at]:
                    marks[at] = LONG
                    at += step
                running = 0x90  # or another that takes two
                continue
            event = _event(self.data, at, stop, running)
            if event is None:
                at, running = self._mended(number, at, stop, running)
                continue
            marks[at] = event.kind
            at, running = event.end, event.running
            if event.kind == OTHER:
                self.messages.append(event.message)
                if event.message == END_OF_TRACK[:2]:
                    break
        if at < stop:
            self._tell(number, at, f"{stop - at} bytes after the end of the track dropped")

    def all_marks(self) -> Octets:
        """The marks with those of each four events told singly."""
        marks, steps = (np.frombuffer(octets, np.uint8) for octets in (self.marks, self.steps))
        at = np.flatnonzero(marks == _FOUR)
        for _ in range(4):
            marks[at] = LONG
            at = at + steps[at]
        return marks

    def _mended(self, number: int, at: int, stop: int, running: int) -> tuple[int, int]:
        """Where to go on from an unsound event, whose time counts, and the status running there."""
        self.n_mends += 1
        body = _after_delta(self.data, at, stop)
        if body:
            self.marks[at] = TIME
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
    """How long the event is that begins at each byte, and past them, if it is a common one; else 0.

    That is: a time of one or two bytes, then two data bytes, with or without a status before them
    that takes two.
    """
    octets = np.frombuffer((data + b"\xff" * 5).translate(_OCTETS), np.uint8)
    five = octets[:-4]
    for place in range(1, 5):
        five = five * np.uint8(3) + octets[place : len(octets) - 4 + place]
    return bytearray(five.tobytes().translate(_LENGTHS))


def _four_steps(steps: bytearray) -> bytes:
    """How long the four events are that begin at each byte, if all are common; else 0."""
    length = np.frombuffer(steps, np.uint8)
    places = np.arange(len(length))
    for _ in range(2):
        following = length.take(places + length)
        length = (length + following) * (following > 0)
    return length.tobytes()


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
        return _Event(LONG if _takes_two(status) else SHORT, end, status)
    if status not in (META, SYSEX, ESCAPE) or (
        status == META and data[begin : begin + 1] > b"\x7f"
    ):
        return None
    begin += status == META
    length, data_start = _quantity(data, begin, stop)
    end = data_start + length
    if not data_start or end > stop:
        return None
    return _Event(OTHER, end, running, data[body:begin] + data[data_start:end])


def _clipped(data: bytes, body: int, stop: int, running: int) -> _Event | None:
    """The channel message at a place, though its values exceed 127; None where there is none."""
    status, begin = (data[body], body + 1) if data[body] >= 0x80 else (running, body)
    end = begin + 1 + _takes_two(status)
    if end > stop or not 0x80 <= status < SYSEX:
        return None
    return _Event(LONG if _takes_two(status) else SHORT, end, status)


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
