"""From a Score to the bytes of a MIDI file of format 1: the conductor's track, then each part's.

What MIDI cannot say is lost: marks other than lyrics, modes other than major and minor, and which
of two overlapping notes of one pitch in one part ends first (the earlier one does). Estimated keys
are not written, since the notes say them. Every track ends with the piece, or no silent bar could
stand at its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter

import numpy as np

from musegen.errors import OutputError
from musegen.score.score import (
    MODES,
    Event,
    Part,
    Score,
    bar_ticks,
)

from .midi_channels import channels_of
from .midi_lyrics import text_of, with_lyrics
from .midi_metre import metre_with_its_bars

_MAX_GAP = (1 << 28) - 1  # a variable-length quantity has four bytes of seven bits
_MAX_TICKS_PER_QUARTER = 0x7FFF
_MAX_PARTS = 0xFFFF - 1  # and the conductor's track
_MAX_TEMPO_US = 0xFFFFFF
_META, _EXCLUSIVE, _END_OF_EXCLUSIVE = 0xFF, 0xF0, 0xF7
_END_OF_TRACK = b"\xff\x2f"
_BANK_SELECTS = (0, 32)
_TEXTS = range(0x01, 0x10)  # kinds of meta events that are words

# Within a tick: controls before what they bear on, then ends before beginnings, so that a repeated
# note is not cut off; but a note without length ends where it begins.
_CONTROL, _END, _BEGINNING = 0, 1, 2

_Timed = tuple[int, int, bytes]  # tick, order within it, message


def write_midi(score: Score, made_by: str = "") -> bytes:
    """The score as a MIDI file; repeats are not unfolded.

    Args:
        score: what to write.
        made_by: a text event at the start says what made the music.

    Raises:
        OutputError: MIDI has no room for its ticks a quarter, its parts or a silence in it.
    """
    per_quarter = score.ticks_per_quarter
    if per_quarter > _MAX_TICKS_PER_QUARTER:
        raise OutputError(
            f"MIDI has at most {_MAX_TICKS_PER_QUARTER} ticks a quarter, not {per_quarter}"
        )
    if len(score.parts) > _MAX_PARTS:
        raise OutputError(f"MIDI has room for {_MAX_PARTS} parts, not {len(score.parts)}")
    encoding = _encoding(score)
    conducting = _conducting(score, made_by, encoding)
    tracks = [_track(conducting, _end_of_conducting(score, conducting))]
    end = score.end
    played = _played(score.parts, with_lyrics(score.parts, score.marks))
    for part, playing in zip(score.parts, played, strict=True):
        tracks.append(_track([*_name(part.name, encoding), *playing], end))
    numbers = (1, len(tracks), per_quarter)  # format 1
    return _chunk(b"MThd", b"".join(n.to_bytes(2, "big") for n in numbers)) + b"".join(tracks)


def messages_of(score: Score) -> list[tuple[int, bytes]]:
    """What a MIDI port is sent and when: ticks, and messages to channels or exclusive ones."""
    timed = [(event.tick, _CONTROL, event.message) for event in score.events]
    timed += chain.from_iterable(_played(score.parts, score.parts))
    return [
        (tick, message)
        for tick, _, message in sorted(timed, key=itemgetter(0, 1))
        if message[0] < _EXCLUSIVE or (message[0], message[-1]) == (_EXCLUSIVE, _END_OF_EXCLUSIVE)
    ]


def _played(parts: Sequence[Part], written: Iterable[Part]) -> Iterator[list[_Timed]]:
    """What each part plays on its channel; `written` are the parts with all that is to be said."""
    channels = channels_of(parts)
    programs: dict[int, set[int]] = defaultdict(set)
    for part, channel in zip(parts, channels, strict=True):
        programs[channel].add(part.program)
    for part, channel in zip(written, channels, strict=True):
        yield _playing(part, channel, is_shared=len(programs[channel]) > 1)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, "big") + data


def _quantity(value: int) -> bytes:
    """A variable-length quantity: seven bits a byte, the high bit set in all but the last."""
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(value & 0x7F | 0x80)
    return bytes(reversed(octets))


def _track(timed: list[_Timed], end: int) -> bytes:
    """A track chunk of messages, in their order, that ends at a tick or with a later message."""
    events: list[bytes] = []
    now = 0
    end = max(end, *(tick for tick, _, _ in timed))
    ordered = sorted(timed, key=lambda entry: entry[:2])
    for tick, _, message in [*ordered, (end, _END, _END_OF_TRACK)]:
        if tick - now > _MAX_GAP:
            raise OutputError(f"MIDI has no room for a silence of {tick - now} ticks")
        events.append(_quantity(tick - now))
        if message[0] >= _EXCLUSIVE:  # its length stands between its kind and its data
            start = 2 if message[0] == _META else 1
            events += [message[:start], _quantity(len(message) - start), message[start:]]
        else:
            events.append(message)
        now = tick
    return _chunk(b"MTrk", b"".join(events))


def _meta(kind: int, *data: int) -> bytes:
    return bytes([_META, kind, *data])


def _name(name: str, encoding: str) -> Iterator[_Timed]:
    if name:
        yield 0, _CONTROL, _meta(0x03, *name.encode(encoding))


def _encoding(score: Score) -> str:
    """That of the names: Latin-1 where texts are kept in it and it can say them, else UTF-8."""
    events = [*score.events, *(event for part in score.parts for event in part.events)]
    texts = (m[2:] for _, m in events if m[0] == _META and m[1] in _TEXTS)
    names = [score.title, *(part.name for part in score.parts)]
    can_say = all(text_of(name.encode("latin-1", "ignore")) == name for name in names)
    in_latin_1 = (text_of(text).encode() != text for text in texts)
    return "latin-1" if can_say and any(in_latin_1) else "utf-8"


def _conducting(score: Score, made_by: str, encoding: str) -> list[_Timed]:
    """Title, tempo, metre, key, and the events of the piece."""
    timed = [*_name(score.title, encoding)]
    if made_by:
        timed.append((0, _CONTROL, _meta(0x01, *made_by.encode())))
    for tick, tempo_us in score.tempo.tolist():
        tempo = min(tempo_us, _MAX_TEMPO_US).to_bytes(3, "big")
        timed.append((tick, _CONTROL, _meta(0x51, *tempo)))
    for tick, numerator, denominator in metre_with_its_bars(score).tolist():
        power = denominator.bit_length() - 1
        timed.append((tick, _CONTROL, _meta(0x58, numerator, power, 24, 8)))
    for tick, fifths, mode, is_estimated in score.key.tolist():
        if not is_estimated:
            has_minor_third = MODES[mode] in ("dorian", "phrygian", "minor", "locrian")
            timed.append((tick, _CONTROL, _meta(0x59, fifths & 0xFF, has_minor_third)))
    return timed + [(event.tick, _CONTROL, event.message) for event in score.events]


def _playing(part: Part, channel: int, *, is_shared: bool) -> list[_Timed]:
    """Program, pedal, events and notes of a part.

    Where its channel must serve parts of other programs, every note says its program anew.
    """
    program = bytes([0xC0 | channel, part.program])
    timed = [*_preparing(part, channel, program)]
    timed += [(t, _CONTROL, bytes([0xB0 | channel, 64, v])) for t, v in part.pedal.tolist()]
    for onset, duration, pitch, velocity in part.notes.rows.tolist():
        if is_shared:
            timed.append((onset, _BEGINNING, program))
        timed.append((onset, _BEGINNING, bytes([0x90 | channel, pitch, velocity])))
        ends = _END if duration else _BEGINNING
        timed.append((onset + duration, ends, bytes([0x80 | channel, pitch, 0])))
    return timed


def _preparing(part: Part, channel: int, program: bytes) -> Iterator[_Timed]:
    """The program and the events; a bank takes effect with the next program, so that follows it."""
    banks = [event.tick for event in part.events if _selects_bank(event)]
    if 0 not in banks:
        yield 0, _CONTROL, program
    for event in part.events:
        yield event.tick, _CONTROL, _on_channel(event, channel)
        if _selects_bank(event):
            yield event.tick, _CONTROL, program


def _selects_bank(event: Event) -> bool:
    return event.message[0] == 0xB0 and event.message[1] in _BANK_SELECTS


def _on_channel(event: Event, channel: int) -> bytes:
    first = event.message[0]
    return event.message if first >= 0xF0 else bytes([first | channel, *event.message[1:]])


def _end_of_conducting(score: Score, timed: list[_Timed]) -> int:
    """Where the conductor's track ends: with the piece, or off the barlines after what is later.

    A reader takes an end on a barline for that of the piece.
    """
    last = max(tick for tick, _, _ in timed)
    if last <= score.end:
        return score.end
    metre = metre_with_its_bars(score)
    start, numerator, denominator = metre[np.searchsorted(metre[:, 0], last) - 1].tolist()
    bar = bar_ticks(numerator, denominator, score.ticks_per_quarter)
    return last + int(last in metre[:, 0] or (last - start) % bar == 0)
