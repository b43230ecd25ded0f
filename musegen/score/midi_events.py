"""The events of MIDI tracks as columns. Where they begin is found in `midi_walk`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musegen.errors import UnreadableFile
from musegen.score.score import Ints

from .midi_walk import LONG, OTHER, SHORT, Octets, Walk

_LAST_TICK = 1 << 34  # days at the finest division; beyond, times are damage


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


def events_of(data: bytes, tracks: list[tuple[int, int]], faults: list[str]) -> Events:
    """The events of the tracks that lie at (start, stop) in a file's bytes.

    `faults` is added to: a sentence for each place that was mended.

    Raises:
        UnreadableFile: times are out of all bounds.
    """
    walk = Walk(data, tracks, faults)
    for number, (start, stop) in enumerate(tracks):
        walk.track(number, start, stop)
    padded = np.frombuffer(data + bytes(8), np.uint8)
    marks = walk.all_marks()
    places = np.flatnonzero(marks > 0)
    kinds = marks[places]
    delta, body = _delta_times(padded, places)
    bounds = np.searchsorted(places, [*(start for start, _ in tracks), len(data)])
    track = np.repeat(np.arange(len(tracks)), np.diff(bounds))
    total = np.append(0, np.cumsum(delta))
    at_bounds = total[bounds]
    tick, end = total[1:] - at_bounds[track], np.diff(at_bounds)
    if len(end) and end.max() > _LAST_TICK:
        late = int(np.argmax(tick > _LAST_TICK))
        raise UnreadableFile(
            f"damaged MIDI: track {track[late] + 1}, byte {places[late]}: tick {tick[late]}"
        )
    other = np.flatnonzero(kinds == OTHER)
    columns = (column[other].tolist() for column in (track, tick, places))
    others = [Other(*row) for row in zip(*columns, walk.messages, strict=True)]
    voice = np.flatnonzero(kinds <= SHORT)
    status, first, second = _values(padded, body[voice], kinds[voice] == LONG)
    messages = Messages(track[voice], tick[voice], status, first, second, places[voice])
    return Events(messages, others, end)


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


def _values(padded: Octets, body: Ints, is_long: NDArray[np.bool_]) -> tuple[Octets, ...]:
    """Status, first and second data byte of channel messages, running status being filled in."""
    octets = padded[body]
    says = octets >= 0x80
    status = octets[np.maximum.accumulate(says * np.arange(len(body)))]
    first = body + says
    second = np.minimum(padded[first + 1], 127) * is_long
    return status, np.minimum(padded[first], 127), second
