"""From the bytes of a MIDI file to a Score.

symusic reads; what it refuses is first written anew by mido. Before either, the header is mended:
bytes before `MThd` (a RIFF wrapper, a mailer's junk) are cut off, formats other than 0 and 1 are
read as 1 (all tracks together), and a division into frames a second becomes the ticks a quarter of
the same clock at the tempo that then holds throughout.

A part is a track, or each channel and program of it. Not kept: notes never ended, parts without
notes (their lyrics go to the piece), aftertouch, system exclusive messages, and text in later
tracks other than names, lyrics and markers.

The piece ends with the bar of its last note. Silent bars follow only where a first track without
notes, the conductor's, ends exactly on a barline: elsewhere ends of tracks are chance.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import mido
import numpy as np
import symusic

from musegen.errors import UnreadableFile
from musegen.score.key import settled_key
from musegen.score.score import (
    DEFAULT_TEMPO_US,
    MODE_DEGREE,
    Event,
    Ints,
    Notes,
    Part,
    Score,
    bar_ticks,
    barlines_of_metre,
)

MAX_BARS = 1_000_000  # a damaged time can put a note aeons later
_NAME, _LYRIC, _MARKER = 0x03, 0x05, 0x06
_END_OF_TRACK = 0x2F
# Columns of their own, the end, and those that bind what follows to a channel or a port.
_NOT_EVENTS = {_NAME, _END_OF_TRACK, 0x20, 0x21, 0x51, 0x58, 0x59}
_SUSTAIN = 64
_MIDO_ERRORS = (OSError, EOFError, ValueError, IndexError, mido.KeySignatureError)


class _Header(NamedTuple):
    ticks_per_quarter: int
    is_timecode: bool


def read_midi(source: str | Path | bytes) -> Score:
    """The score in a MIDI file, given as its path or as its bytes.

    Raises:
        UnreadableFile: it is empty, cut short, damaged, or not MIDI.
        OSError: the path cannot be opened.
    """
    file = None if isinstance(source, bytes) else source
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    try:
        data, header = _mended(data)
        tracks = list(_tracks(data))
        return _score(_parsed(data), tracks, header)
    except UnreadableFile as error:
        raise UnreadableFile(error.message, file=file, hint=error.hint) from error


def _mended(data: bytes) -> tuple[bytes, _Header]:
    """The data from its header on, made a format that symusic reads, and what the header says."""
    start = data.find(b"MThd")
    if not data:
        raise UnreadableFile("is empty")
    if start < 0:
        raise UnreadableFile("is not MIDI: it has no MThd header")
    data = data[start:]
    if len(data) < 14:
        raise UnreadableFile("is cut short within its header")
    kind, n_tracks, division = struct.unpack(">HHH", data[8:14])
    is_timecode = division >= 0x8000
    if is_timecode:
        frames, ticks_per_frame = 256 - (division >> 8), division & 0xFF
        division = frames * ticks_per_frame * DEFAULT_TEMPO_US // 1_000_000
    if division == 0:
        raise UnreadableFile("has 0 ticks a quarter, so no note has a length")
    kind = min(kind, 1)
    mended = data[:8] + struct.pack(">HHH", kind, n_tracks, min(division, 0x7FFF)) + data[14:]
    return mended, _Header(min(division, 0x7FFF), is_timecode)


def _tracks(data: bytes) -> Iterator[bytes]:
    """The bytes of each track chunk."""
    at = 8 + int.from_bytes(data[4:8], "big")
    number = 0
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        if kind == b"MTrk":
            number += 1
            if at + 8 + length > len(data):
                there = len(data) - at - 8
                raise UnreadableFile(
                    f"is cut short: track {number} has {there} of its {length} bytes"
                )
            yield data[at + 8 : at + 8 + length]
        at += 8 + length


def _parsed(data: bytes) -> Any:
    """A symusic score of the data."""
    try:
        return symusic.Score.from_midi(data)
    except RuntimeError as refusal:
        try:
            midi = mido.MidiFile(file=io.BytesIO(data), clip=True)
            saved = io.BytesIO()
            midi.save(file=saved)
            return symusic.Score.from_midi(saved.getvalue())
        except (*_MIDO_ERRORS, RuntimeError):
            reason = str(refusal).removeprefix("MiniMidi: ").removesuffix(": iostream error")
            raise UnreadableFile(f"damaged MIDI: {reason}") from refusal


def _score(parsed: Any, tracks: list[bytes], header: _Header) -> Score:
    """A Score of what symusic read, and of what it leaves out."""
    title, head, names = _heads(tracks)
    end = _end_of_conducting(tracks)
    parts, events = _parts(parsed, names)
    events |= head
    markers = ((mark.time, _meta(_MARKER, mark.text)) for mark in parsed.markers)
    events |= {Event(*mark) for mark in markers if "\ufffd".encode() not in mark[1]}
    tempo = _rows(parsed.tempos, "mspq")[: 0 if header.is_timecode else None]
    metre = _rows(parsed.time_signatures, "numerator", "denominator")
    keys = _rows(parsed.key_signatures, "key", "tonality")
    keys = keys[(abs(keys[:, 1]) <= 7) & (keys[:, 2] <= 1)]
    keys[:, 2] *= MODE_DEGREE["minor"]
    score = Score(
        ticks_per_quarter=header.ticks_per_quarter,
        parts=parts,
        tempo=_changes(tempo, (DEFAULT_TEMPO_US,)),
        metre=_changes(metre, (4, 4)),
        events=tuple(sorted(events)),
        title=title,
    )
    return replace(score, key=settled_key(score, keys), barlines=_barlines(score, end))


def _end_of_conducting(tracks: list[bytes]) -> int:
    """The tick at which the conductor's track ends; 0 if the first track holds music."""
    messages = [message for track in tracks[:1] for message in _opening_meta_events(track)]
    return messages[-1][0] if messages and messages[-1][1] == _END_OF_TRACK else 0


def _barlines(score: Score, end: int) -> Ints:
    """The barlines that the metre implies, to the one that closes the last note.

    Those of silent bars follow if `end`, that of the conductor's track, is a barline.
    """
    per_quarter = score.ticks_per_quarter
    shortest = min(bar_ticks(n, d, per_quarter) for _, n, d in score.metre.tolist())
    if score.end // shortest > MAX_BARS:
        raise UnreadableFile(f"damaged MIDI: its last note ends at tick {score.end}")
    if score.end < end <= shortest * MAX_BARS:
        lines = barlines_of_metre(score.metre, end, per_quarter)
        if lines[-1] == end:
            return lines
    return barlines_of_metre(score.metre, score.end, per_quarter)


def _heads(tracks: list[bytes]) -> tuple[str, set[Event], dict[str, str]]:
    """The title, the piece's own events, and part names by what symusic makes of them."""
    title, events, names = "", set(), {}
    for number, track in enumerate(tracks):
        messages = list(_opening_meta_events(track))
        for tick, kind, data in messages:
            if kind == _NAME:
                names[data.decode(errors="replace")] = _text(data)
            elif number == 0 and kind not in _NOT_EVENTS:
                events.add(Event(tick, bytes([0xFF, kind]) + data))
        is_conductor = bool(messages) and messages[-1][1] == _END_OF_TRACK
        if number == 0 and is_conductor and len(tracks) > 1:
            title = next((_text(data) for _, kind, data in messages if kind == _NAME), "")
    return title, events, names


def _opening_meta_events(track: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Tick, kind and data of each meta event before the track's first message for a channel."""
    at = tick = 0
    while at < len(track):
        delta, at = _variable_length(track, at)
        tick += delta
        status = track[at] if at < len(track) else 0
        if status not in (0xF0, 0xF7, 0xFF):
            return
        kind = track[at + 1] if status == 0xFF and at + 1 < len(track) else _NAME
        length, at = _variable_length(track, at + (2 if status == 0xFF else 1))
        if status == 0xFF:
            yield tick, kind, track[at : at + length]
        at += length


def _variable_length(data: bytes, at: int) -> tuple[int, int]:
    """The variable-length quantity at a place, and the place after it."""
    value = 0
    while at < len(data):
        value = (value << 7) | (data[at] & 0x7F)
        at += 1
        if data[at - 1] < 0x80:
            break
    return value, at


def _text(data: bytes) -> str:
    """Text as UTF-8, or as latin-1 where it is not that."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _meta(kind: int, text: str) -> bytes:
    return bytes([0xFF, kind]) + text.encode()


def _parts(parsed: Any, names: dict[str, str]) -> tuple[tuple[Part, ...], set[Event]]:
    """The parts that hold notes, and the lyrics of the others."""
    parts: list[Part] = []
    astray: set[Event] = set()
    for track in parsed.tracks:
        name = names.get(track.name, track.name)
        lyrics = [Event(word.time, _meta(_LYRIC, word.text)) for word in track.lyrics if word.text]
        if track.note_num():
            parts.append(_part(track, name, lyrics))
        elif parts and parts[-1].name == name:  # symusic puts a track's lyrics in a part after it
            kept = sorted([*parts[-1].events, *lyrics], key=lambda event: event.tick)
            parts[-1] = replace(parts[-1], events=tuple(kept))
        else:
            astray.update(lyrics)
    return tuple(parts), astray


def _part(track: Any, name: str, lyrics: list[Event]) -> Part:
    notes = _rows(track.notes, "duration", "pitch", "velocity")
    controls = _rows(track.controls, "number", "value")
    is_pedal = controls[:, 1] == _SUSTAIN
    bends = _rows(track.pitch_bends, "value")
    bends[:, 1] += 8192
    others = [Event(tick, bytes([0xB0, n, v])) for tick, n, v in controls[~is_pedal].tolist()]
    others += [Event(tick, bytes([0xE0, v & 127, v >> 7])) for tick, v in bends.tolist()]
    return Part(
        name=name,
        program=track.program,
        notes=Notes.of(notes),
        is_drums=track.is_drum,
        pedal=controls[is_pedal][:, [0, 2]],
        events=tuple(sorted([*others, *lyrics], key=lambda event: event.tick)),
    )


def _rows(events: Any, *names: str) -> Ints:
    """The named columns of a symusic list, after the tick: (K, 1 + names)."""
    columns: dict[str, Ints] = {n: v.astype(np.int64) for n, v in events.numpy().items()}
    if any((columns[name] < 0).any() for name in ("time", "duration") if name in columns):
        raise UnreadableFile("damaged MIDI: its times exceed what 31 bits hold")
    rows: Ints = np.stack([columns[name] for name in ("time", *names)], axis=1)
    return rows


def _changes(rows: Ints, default: tuple[int, ...]) -> Ints:
    """The rows at which something changes, the last of each tick, from tick 0 on; no zeros."""
    rows = rows[(rows[:, 1:] > 0).all(axis=1)]
    rows = np.concatenate([np.array([[0, *default]]), rows])
    last_of_tick = np.append(rows[1:, 0] != rows[:-1, 0], True)
    rows = rows[last_of_tick]
    differs = np.append(True, (rows[1:, 1:] != rows[:-1, 1:]).any(axis=1))
    changes: Ints = rows[differs]
    return changes
