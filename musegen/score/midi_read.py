"""From the bytes of a MIDI file to a Score.

All that a file holds is in the score: as a column, as an event kept unread, as a count in
`Score.unread`, or as a sentence in `Score.faults` on damage and how it was mended.

Tracks sound together, but those of format 2, its patterns, one after the other, each beginning at
120 in 4/4 where it says nothing. A division into frames a second becomes the ticks a quarter of the
same clock at a tempo that holds throughout.

The piece has the texts of tracks without channel messages, and the markers, cues and copyrights of
all; other words stay with the first part of their track, lyrics at its notes as marks. The first
track, if it has no channel messages, is the conductor's: its name is the title. The name of a later
such track becomes a text.

The piece ends with the bar of its last note. Silent bars follow only where the conductor's track
ends exactly on a barline: elsewhere ends of tracks are chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import numpy as np

from musegen.errors import UnreadableFile
from musegen.score.counts import first_faults
from musegen.score.key import CONTRADICTED, key_name, settled_key
from musegen.score.score import (
    DEFAULT_TEMPO_US,
    MODE_DEGREE,
    Event,
    Ints,
    Score,
    bar_ticks,
    barlines_of_metre,
    changes,
)

from .midi_chunks import layout
from .midi_events import Events, Other, events_of
from .midi_lyrics import text_of, without_lyrics
from .midi_metre import without_pickup
from .midi_notes import Sounding, notes_of
from .midi_parts import Track, are_parts, parts_of
from .midi_walk import META

MAX_BARS = 1_000_000  # a damaged time can put a note aeons later
_LAST_START = 1 << 36  # the tick of a pattern
_TEXT, _NAME, _PREFIX, _PORT, _END, _TEMPO = 0x01, 0x03, 0x20, 0x21, 0x2F, 0x51
_METRE, _KEY = 0x58, 0x59
# Sequence number, copyright, marker, cue, SMPTE offset; of words in a first track with notes, its
# further names, those on the instrument and the lyrics stay with it.
_OF_THE_PIECE = (0x00, 0x02, 0x06, 0x07, 0x54)
_OF_THE_PART = (_NAME, 0x04, 0x05, 0x08, 0x09)
_CLICKS = b"\x18\x08"  # what every program writes: 24 clocks a click, 8 thirty-seconds a quarter
_MAX_POWER = 7  # of the denominator: 128
_tick = itemgetter(0)  # of an event, or of a row of tempo, metre or key
_LENGTHS = {_TEMPO: 3, _METRE: 4, _KEY: 2, _PORT: 1}


@dataclass
class _Told:
    """What meta events say of the piece: rows that begin with a tick, and events."""

    tempo: list[tuple[int, ...]] = field(default_factory=list)
    metre: list[tuple[int, ...]] = field(default_factory=list)
    key: list[tuple[int, ...]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    title: str = ""


def read_midi(source: str | Path | bytes) -> Score:
    """The score in a MIDI file, given as its path or as its bytes.

    Raises:
        UnreadableFile: it is not MIDI, or nothing in it is sound; the sentence says why and where.
        OSError: the path cannot be opened.
    """
    file = None if isinstance(source, bytes) else source
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    try:
        return _score(data)
    except UnreadableFile as error:
        raise UnreadableFile(error.message, file=file, hint=error.hint) from error


def _score(data: bytes) -> Score:
    found = layout(data)
    faults, unread = found.faults, Counter(found.unread)
    per_quarter = found.header.ticks_per_quarter
    events = events_of(data, found.tracks, faults)
    starts: list[int] = []
    if found.header.format == 2:
        events, starts = _one_after_the_other(events)
    notes = notes_of(events.messages, events.end, faults)
    unread.update(notes.unread)
    if len(starts) > 1:
        faults.append(f"format 2: its {len(starts)} patterns are read one after the other")
    has_part = are_parts(events.messages, notes, len(found.tracks))
    told, tracks = _told(events, has_part.tolist(), faults, unread)
    _begin_patterns(told, [start for start in starts if start])
    if found.header.timecode_us:
        unread["tempos where frames rule"] += len(told.tempo)
        told.tempo = [(0, found.header.timecode_us)]
    metre = np.array(_changes(told.metre, (4, 4)))
    end = int(notes.end.max(initial=0))
    _check_length(metre, per_quarter, end, notes)
    parts = parts_of(events.messages, notes, tracks, has_part, unread)
    key = settled_key(parts, np.array(sorted(told.key, key=_tick), np.int64).reshape(-1, 3))
    if key[:, 3].any():
        unread.update(f"keys of {key_name(*key)} {CONTRADICTED}" for _, *key in told.key)
    conducted = 0 if has_part[:1].any() else int(events.end[:1].sum())
    barlines = _barlines(metre, per_quarter, end, conducted)
    parts, marks = without_lyrics(parts, barlines)
    return Score(
        per_quarter,
        parts,
        tempo=np.array(_changes(told.tempo, (DEFAULT_TEMPO_US,))),
        metre=without_pickup(metre, per_quarter),
        key=key,
        barlines=barlines,
        marks=marks,
        events=tuple(told.events),
        title=told.title,
        faults=first_faults(faults),
        unread={kind: count for kind, count in unread.items() if count},
        says_tempo=any(tick == 0 for tick, *_ in told.tempo),
    )


def _one_after_the_other(events: Events) -> tuple[Events, list[int]]:
    """The events of tracks that each begin where the one before ends, and where they begin."""
    end = np.cumsum(events.end)
    starts = [0, *end.tolist()][: len(end)]
    if starts and starts[-1] > _LAST_START:
        raise UnreadableFile(f"damaged MIDI: its last pattern begins at tick {starts[-1]}")
    messages = events.messages
    tick = messages.tick + np.array(starts, np.int64)[messages.track]
    others = [other._replace(tick=other.tick + starts[other.track]) for other in events.others]
    return Events(messages._replace(tick=tick), others, end), starts


def _begin_patterns(told: _Told, starts: list[int]) -> None:
    """Each pattern begins in the tempo and metre of a file that says nothing."""
    # Sorted by tick alone, what a pattern says itself must come later.
    told.tempo[:0] = [(start, DEFAULT_TEMPO_US) for start in starts]
    told.metre[:0] = [(start, 4, 4) for start in starts]


def _told(
    events: Events, has_part: list[bool], faults: list[str], unread: Counter[str]
) -> tuple[_Told, list[Track]]:
    """What the meta and exclusive events say: of the piece, and of each track."""
    told = _Told()
    tracks = [Track("", 0, []) for _ in has_part]
    for other in events.others:
        number, tick, place, message = other
        kind = message[1] if message[0] == META else -1
        if wrong := _what_is_wrong(kind, message):
            faults.append(_fault(other, wrong))
        elif kind == _TEMPO:
            told.tempo.append((tick, int.from_bytes(message[2:], "big")))
        elif kind == _METRE:
            told.metre.extend(_metre(other, tick, faults, unread))
        elif kind == _KEY:
            told.key.extend(_key(other, tick, faults))
        elif kind == _PORT:
            tracks[number] = tracks[number]._replace(port=message[2])
            unread["ports"] += 1
        elif kind == _PREFIX:
            unread["channel prefixes"] += 1
        elif kind == _END or (kind == _NAME and not message[2:]):
            pass
        elif kind == _NAME and number and not has_part[number]:
            told.events.append(Event(tick, bytes([META, _TEXT]) + message[2:]))
        elif kind == _NAME and not tracks[number].name:
            tracks[number] = tracks[number]._replace(name=text_of(message[2:]))
        elif _is_of_the_piece(number, kind, has_part[number]):
            told.events.append(Event(tick, message))
        else:
            tracks[number].words.append((tick, place, message))
    if tracks and not has_part[0]:
        told.title = tracks[0].name
    told.events.sort(key=_tick)
    return told, tracks


def _what_is_wrong(kind: int, message: bytes) -> str:
    """Why a meta event says nothing; empty where it does."""
    if kind in _LENGTHS and len(message) - 2 != _LENGTHS[kind]:
        return f"an event of kind {kind:02x} is misshapen, and dropped"
    if kind == _TEMPO and not any(message[2:]):
        return "a tempo of 0 microseconds a quarter, dropped"
    return ""


def _is_of_the_piece(track: int, kind: int, has_part: bool) -> bool:
    """Whether what a track says concerns the piece."""
    if not has_part or kind in _OF_THE_PIECE:
        return True
    return track == 0 and kind not in _OF_THE_PART


def _fault(other: Other, what: str) -> str:
    return f"track {other.track + 1}, byte {other.place}: {what}"


def _metre(
    other: Other, tick: int, faults: list[str], unread: Counter[str]
) -> Iterator[tuple[int, ...]]:
    """The row of a metre, if it makes bars."""
    numerator, power = other.message[2], other.message[3]
    unread["metronome clicks"] += other.message[4:] != _CLICKS
    if numerator and power <= _MAX_POWER:
        yield tick, numerator, 1 << power
    else:
        faults.append(
            _fault(other, f"a metre of {numerator} over 2^{power} makes no bars; dropped")
        )


def _key(other: Other, tick: int, faults: list[str]) -> Iterator[tuple[int, ...]]:
    """The row of a key; beyond seven sharps or flats, its equal with fewer."""
    fifths, is_minor = (other.message[2] + 128) % 256 - 128, other.message[3]
    if abs(fifths) > 11 or is_minor > 1:
        faults.append(_fault(other, f"a key of {fifths} fifths, mode {is_minor}, dropped"))
        return
    if abs(fifths) > 7:
        equal = fifths - 12 if fifths > 0 else fifths + 12
        faults.append(_fault(other, f"a key of {fifths} fifths read as its equal, {equal}"))
        fifths = equal
    yield tick, fifths, MODE_DEGREE["minor" if is_minor else "major"]


def _check_length(metre: Ints, per_quarter: int, end: int, notes: Sounding) -> None:
    """Refuse a piece of more bars than any has; `end` is the tick of its end.

    Raises:
        UnreadableFile: it names the last note.
    """
    starts = [min(row[0], end) for row in metre.tolist()]
    bars = [bar_ticks(n, d, per_quarter) for _, n, d in metre.tolist()]
    spans = zip(starts, [*starts[1:], end], bars, strict=True)
    if sum((stop - start) // bar for start, stop, bar in spans) > MAX_BARS:
        last = int(np.argmax(notes.end))
        raise UnreadableFile(
            f"damaged MIDI: track {notes.track[last] + 1}, byte {notes.place[last]}: "
            f"a note ends at tick {end}, after more than {MAX_BARS:,} bars"
        )


def _barlines(metre: Ints, per_quarter: int, end: int, conducted: int) -> Ints:
    """The barlines that the metre implies, to the one that closes the last note, at `end`.

    Those of silent bars follow if `conducted`, the end of the conductor's track, is a barline.
    """
    shortest = min(bar_ticks(n, d, per_quarter) for _, n, d in metre.tolist())
    if end < conducted <= shortest * MAX_BARS:
        lines = barlines_of_metre(metre, conducted, per_quarter)
        if lines[-1] == conducted:
            return lines
    return barlines_of_metre(metre, end, per_quarter)


def _changes(told: list[tuple[int, ...]], default: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The rows at which something changes, the last of each tick, from tick 0 on."""
    of_tick = {0: default}
    for tick, *values in sorted(told, key=_tick):
        of_tick[tick] = tuple(values)
    return changes((tick, *row) for tick, row in of_tick.items())
