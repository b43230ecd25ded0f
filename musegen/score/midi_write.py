"""From a Score to the bytes of a MIDI file of format 1: the conductor's track, then each part's.

What MIDI cannot say is lost: marks, modes other than major and minor, parts without notes on their
way back, and which of two overlapping notes of one pitch in one part ends first (the earlier one
does). Estimated keys are not written, since the notes say them. Every track ends with the piece,
or no silent bar could stand at its end.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import mido
import numpy as np

from musegen.errors import OutputError
from musegen.score.score import (
    MODES,
    Event,
    Ints,
    Part,
    Score,
    bar_ticks,
    barlines_of_metre,
    standing,
)

_DRUM_CHANNEL = 9
_CHANNELS = [channel for channel in range(16) if channel != _DRUM_CHANNEL]
_MAX_GAP = (1 << 28) - 1  # a variable-length quantity has four bytes of seven bits
_MAX_TICKS_PER_QUARTER = 0x7FFF
_MAX_TEMPO_US = 0xFFFFFF
_END_OF_TRACK = b"\xff\x2f"
_DENOMINATORS = (1, 2, 4, 8, 16, 32, 64, 128)
_MAX_NUMERATOR = 255

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
        OutputError: MIDI has no room for its ticks a quarter or for a silence in it.
    """
    if score.ticks_per_quarter > _MAX_TICKS_PER_QUARTER:
        raise OutputError(
            f"MIDI has at most {_MAX_TICKS_PER_QUARTER} ticks a quarter, "
            f"not {score.ticks_per_quarter}"
        )
    midi = mido.MidiFile(type=1, ticks_per_beat=score.ticks_per_quarter)
    conducting = _conducting(score, made_by)
    midi.tracks.append(_track(conducting, _end_of_conducting(score, conducting)))
    channels = _channels(score.parts)
    for part, channel in zip(score.parts, channels, strict=True):
        programs = {p.program for p, c in zip(score.parts, channels, strict=True) if c == channel}
        playing = _playing(part, channel, is_shared=len(programs) > 1)
        midi.tracks.append(_track(playing, score.end))
    saved = io.BytesIO()
    midi.save(file=saved)
    return saved.getvalue()


def _channels(parts: tuple[Part, ...]) -> list[int]:
    """The channel of each part: one each while they last, else one for each program.

    With more than fifteen programs the channels go round again; see `_playing`.
    """
    n_melodic = sum(not part.is_drums for part in parts)
    owners: dict[object, int] = {}
    channels = []
    for number, part in enumerate(parts):
        owner = number if n_melodic <= len(_CHANNELS) else ("program", part.program)
        if part.is_drums:
            channels.append(_DRUM_CHANNEL)
        else:
            turn = owners.setdefault(owner, len(owners))
            channels.append(_CHANNELS[turn % len(_CHANNELS)])
    return channels


def _track(timed: list[_Timed], end: int) -> mido.MidiTrack:
    """A track of messages, in their order, that ends at a tick or with a later message."""
    track = mido.MidiTrack()
    now = 0
    end = max(end, *(tick for tick, _, _ in timed))
    ordered = sorted(timed, key=lambda entry: entry[:2])
    for tick, _, message in [*ordered, (end, _END, _END_OF_TRACK)]:
        if tick - now > _MAX_GAP:
            raise OutputError(f"MIDI has no room for a silence of {tick - now} ticks")
        if message == _END_OF_TRACK:  # mido must know it, or it adds another
            track.append(mido.MetaMessage("end_of_track", time=tick - now))
        elif message[0] == 0xFF:
            track.append(mido.UnknownMetaMessage(message[1], message[2:], time=tick - now))
        else:
            track.append(mido.Message.from_bytes(message, time=tick - now))
        now = tick
    return track


def _meta(kind: int, *data: int) -> bytes:
    return bytes([0xFF, kind, *data])


def _name(name: str) -> Iterator[_Timed]:
    if name:
        yield 0, _CONTROL, _meta(0x03, *name.encode())


def _conducting(score: Score, made_by: str) -> list[_Timed]:
    """Title, tempo, metre, key, and the events of the piece."""
    timed = [*_name(score.title)]
    if made_by:
        timed.append((0, _CONTROL, _meta(0x01, *made_by.encode())))
    for tick, tempo_us in score.tempo.tolist():
        tempo = min(tempo_us, _MAX_TEMPO_US).to_bytes(3, "big")
        timed.append((tick, _CONTROL, _meta(0x51, *tempo)))
    for tick, numerator, denominator in _metre_with_its_bars(score).tolist():
        power = denominator.bit_length() - 1
        timed.append((tick, _CONTROL, _meta(0x58, numerator, power, 24, 8)))
    for tick, fifths, mode, is_estimated in score.key.tolist():
        if not is_estimated:
            has_minor_third = MODES[mode] in ("dorian", "phrygian", "minor", "locrian")
            timed.append((tick, _CONTROL, _meta(0x59, fifths & 0xFF, has_minor_third)))
    return timed + [(event.tick, _CONTROL, event.message) for event in score.events]


def _playing(part: Part, channel: int, *, is_shared: bool) -> list[_Timed]:
    """Name, program, pedal, events and notes of a part.

    Where its channel must serve parts of other programs, every note says its program anew.
    """
    program = bytes([0xC0 | channel, part.program])
    timed = [*_name(part.name), (0, _CONTROL, program)]
    timed += [(e.tick, _CONTROL, _on_channel(e, channel)) for e in part.events]
    timed += [(t, _CONTROL, bytes([0xB0 | channel, 64, v])) for t, v in part.pedal.tolist()]
    for onset, duration, pitch, velocity in part.notes.rows.tolist():
        if is_shared:
            timed.append((onset, _BEGINNING, program))
        timed.append((onset, _BEGINNING, bytes([0x90 | channel, pitch, velocity])))
        ends = _END if duration else _BEGINNING
        timed.append((onset + duration, ends, bytes([0x80 | channel, pitch, 0])))
    return timed


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
    lines = barlines_of_metre(_metre_with_its_bars(score), last, score.ticks_per_quarter)
    return last + int(last in lines)


def _metre_with_its_bars(score: Score) -> Ints:
    """The metre column (K, 3) that puts a reader's barlines where the score has them.

    A bar that its metre does not explain, as a pickup, gets a metre of its own; where none is as
    long as the bar, a longer one is cut off by the next change, if need be at the very end.
    """
    metre, per_quarter = score.metre, score.ticks_per_quarter
    implied = barlines_of_metre(metre, score.end, per_quarter)
    if not len(score.barlines) or np.array_equal(score.barlines, implied):
        return np.array([(t, *_written(n, d)) for t, n, d in metre.tolist()], dtype=np.int64)
    rows: list[tuple[int, int, int]] = []
    starts = [0, *score.barlines[:-1].tolist()]
    for start, stop in reversed(list(zip(starts, score.barlines.tolist(), strict=True))):
        numerator, denominator = standing(metre, start)
        if bar_ticks(numerator, denominator, per_quarter) == stop - start:
            bar = _written(numerator, denominator)
        else:
            after = rows[-1][1:] if rows else _written(numerator, denominator)
            bar = _metre_of_bar(stop - start, denominator, per_quarter, after)
            if not rows and bar_ticks(*bar, per_quarter) != stop - start:
                rows.append((stop, *after))
        if rows and rows[-1][1:] == bar:
            rows.pop()  # it changes nothing
        rows.append((start, *bar))
    return np.array(rows[::-1], dtype=np.int64)


def _metre_of_bar(
    length: int, denominator: int, per_quarter: int, after: tuple[int, ...]
) -> tuple[int, int]:
    """The metre of a bar of so many ticks: as long as it, in the coarsest denominator from its own.

    Else one a little longer, and other than the metre after it, whose change then cuts the bar off.
    """
    whole = 4 * per_quarter
    for d in _DENOMINATORS:
        if d >= denominator and length * d % whole == 0 and length * d // whole <= _MAX_NUMERATOR:
            return length * d // whole, d
    for d in reversed(_DENOMINATORS):
        longer = -(-length * d // whole)
        if longer <= _MAX_NUMERATOR and (longer, d) != after:
            return longer, d
    return _MAX_NUMERATOR, 1


def _written(numerator: int, denominator: int) -> tuple[int, int]:
    """The metre as MIDI can write it: a numerator of one byte over a power of two."""
    power = min(max(denominator.bit_length() - 1, 0), 7)
    return min(numerator, _MAX_NUMERATOR), 1 << power
