"""The outer shape of a MIDI file: what wraps it, its header, and where its tracks lie.

Nothing is refused that can be told apart: a wrapper and junk are cut off, a chunk whose length is
wrong reaches to the next track, chunks of other kinds are counted. Source: Standard MIDI Files 1.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from musegen.errors import UnreadableFile

END_OF_TRACK = b"\xff\x2f\x00"
MAX_BYTES = 10_000_000  # three million events; a symphony takes a fiftieth of it
_FORMATS = (0, 1, 2)
_DROP_FRAME = 29  # means 30000/1001 frames a second
_CHUNK = re.compile(rb"[A-Za-z][A-Za-z0-9 ]{3}.{4}", re.DOTALL)


class Header(NamedTuple):
    """What the header says; `timecode_us` is a quarter's length in it, 0 where tempo rules."""

    format: int
    n_tracks: int
    ticks_per_quarter: int
    timecode_us: int


@dataclass
class Layout:
    """The header, where each track's events lie (start, stop), and what was odd about them."""

    header: Header
    tracks: list[tuple[int, int]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)


def layout(data: bytes) -> Layout:
    """The layout of a file.

    Raises:
        UnreadableFile: it is empty, has no whole header, no track, no length of a tick, or more
            bytes than any piece.
    """
    if not data:
        raise UnreadableFile("is empty")
    if len(data) > MAX_BYTES:
        raise UnreadableFile(
            f"holds more than {MAX_BYTES // 1_000_000} MB of MIDI, as no piece does"
        )
    start = data.find(b"MThd")
    if start < 0:
        raise UnreadableFile("is not MIDI: it has no MThd header")
    if len(data) < start + 14:
        raise UnreadableFile(f"is cut short within its header, at byte {len(data)}")
    found = Layout(_header(data, start))
    is_wrapped = data[:4] == b"RIFF"
    if start and not is_wrapped:
        found.faults.append(f"byte 0: {start} bytes before the header dropped")
    if found.header.format not in _FORMATS:
        found.faults.append(f"byte {start + 8}: format {found.header.format} read as 1")
    stop = len(data)
    if is_wrapped and start >= 4:  # what the wrapper holds after the music is not MIDI
        size = int.from_bytes(data[start - 4 : start], "little")
        stop = min(stop, start + size) if size else stop
    _find_chunks(data, start + 8 + int.from_bytes(data[start + 4 : start + 8], "big"), stop, found)
    _compare_with_header(found, start)
    return found


def _header(data: bytes, start: int) -> Header:
    kind, n_tracks, division = (
        int.from_bytes(data[at : at + 2], "big") for at in range(start + 8, start + 14, 2)
    )
    if division & 0x7FFF == 0 or division & 0x80FF == 0x8000:
        raise UnreadableFile(f"has 0 ticks a quarter (byte {start + 12}): no note has a length")
    if division < 0x8000:
        return Header(kind, n_tracks, division, 0)
    frames, ticks = 256 - (division >> 8), division & 0xFF
    tempo_us = 1_000_000
    if frames == _DROP_FRAME:
        frames, tempo_us = 30, 1_001_000
    per_second = frames * ticks
    if per_second % 2:  # a quarter of a whole second, then, and else of half of one
        return Header(kind, n_tracks, per_second, tempo_us)
    return Header(kind, n_tracks, per_second // 2, tempo_us // 2)


def _find_chunks(data: bytes, at: int, stop: int, found: Layout) -> None:
    """The tracks from a place on, and the chunks that are none."""
    while at < stop:
        if not _CHUNK.match(data, at, stop):
            track = data.find(b"MTrk", at + 1, stop)
            skipped = (stop if track < 0 else track) - at
            found.faults.append(f"byte {at}: {skipped} bytes that belong to no track dropped")
            at += skipped
            continue
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        end = _end_of_chunk(data, at + 8, length, stop)
        if kind == b"MTrk":
            found.tracks.append((at + 8, end))
            if end - at - 8 != length:
                found.faults.append(
                    f"track {len(found.tracks)}, byte {at + 4}: it should have {length} bytes, "
                    f"and has {end - at - 8}"
                )
        else:
            name = f"{kind.decode()} chunks"
            found.unread[name] = found.unread.get(name, 0) + 1
        at = end


def _end_of_chunk(data: bytes, start: int, length: int, stop: int) -> int:
    """Where a chunk ends: as its length says, if something fit to follow it stands there."""
    end = start + length
    if end == stop or (end < stop and _CHUNK.match(data, end, stop)):
        return end
    if end < stop and length >= 3 and data[end - 3 : end] == END_OF_TRACK:
        return end
    track = data.find(b"MTrk", start, stop)
    return stop if track < 0 else track


def _compare_with_header(found: Layout, start: int) -> None:
    """Tell of tracks that are missing, and refuse a file that lacks them all."""
    promised, n_tracks = found.header.n_tracks, len(found.tracks)
    if promised and not n_tracks:
        raise UnreadableFile(f"is cut short: no track follows its header (byte {start + 14})")
    if promised > n_tracks:
        found.faults.append(f"byte {start + 10}: {promised} tracks are promised, {n_tracks} there")
