"""Notes as notation must put them: in voices, in bars, in written lengths.

Time is counted in the units of `notatable`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from musegen.score.drum_kit import FEET
from musegen.score.notatable import EXACT, FINEST, UNITS, Tone

MAX_VOICES = 4  # what notation programs have on a staff

_BINARY = UNITS // 32


@dataclass(frozen=True)
class Length:
    """A written length: units, music21's type and dots, and `actual` in the time of `normal`."""

    units: int
    type: str
    dots: int = 0
    actual: int = 1
    normal: int = 1


def _lengths() -> dict[int, Length]:
    """All lengths that one note can have, by units; the plainest where two are equally long."""
    types = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th")
    found: dict[int, Length] = {}
    for actual, normal in ((1, 1), (3, 2), (5, 4), (7, 4)):
        for place, name in enumerate((*types, "256th")):
            for dots in (0, 1):
                total = 8 * UNITS * normal * (2 + dots)
                units, rest = divmod(total, 2 * actual * 2**place)
                if not rest:
                    found.setdefault(units, Length(units, name, dots, actual, normal))
    return found


LENGTHS = _lengths()
_LONGEST_FIRST = sorted(LENGTHS, reverse=True)


def voices(notes: Iterable[Tone], most: int = MAX_VOICES) -> list[list[Tone]]:
    """Notes in voices: within one, notes begin and end together or follow each other.

    The higher of two that begin together takes the lower number. The last of the `most` that there
    may be takes all that find no other place.
    """
    found: list[list[Tone]] = []
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch, note.end)):
        for voice in found:
            latest = voice[-1]
            is_chord = (latest.start, latest.end) == (note.start, note.end)
            if latest.end <= note.start or (is_chord and latest.pitch != note.pitch):
                voice.append(note)
                break
        else:
            if len(found) < most:
                found.append([note])
            else:
                found[-1].append(note)
    return found


def voices_of_drums(notes: Iterable[Tone]) -> list[list[Tone]]:
    """Drums in voices: odd ones, with stems up, are the hands', even ones the feet's."""
    played = list(notes)
    hands, feet = (
        voices((n for n in played if (n.pitch in FEET) == are_feet), MAX_VOICES // 2)
        for are_feet in (False, True)
    )
    pairs = zip_longest(hands, feet, fillvalue=[]) if hands else iter([feet])
    return [voice for pair in pairs for voice in pair]


@dataclass(frozen=True)
class Sound:
    """One note of a piece of a bar: whether it is tied to what was before and to what follows."""

    pitch: int
    velocity: int
    tied_back: bool
    tied_on: bool


@dataclass(frozen=True)
class Piece:
    """A stretch of one written length, in which the same notes sound, or none."""

    start: int
    length: Length
    sounds: tuple[Sound, ...] = field(default=())


def bars_of(voice: Iterable[Tone], cuts: Iterable[int], bars: Bars) -> list[list[Piece]]:
    """The pieces of a voice, bar by bar.

    Args:
        voice: its notes.
        cuts: where else a piece must begin, in units.
        bars: the bars of the piece.
    """
    notes = sorted(voice)
    edges = {*cuts, *bars.lines, *(n.start for n in notes), *(n.end for n in notes)}
    ticks = sorted(edge for edge in edges if edge <= bars.lines[-1])
    written: list[list[Piece]] = [[] for _ in bars.beats]
    following, sounding, bar = 0, [], 0
    for start, end in itertools.pairwise(ticks):
        while following < len(notes) and notes[following].start <= start:
            sounding.append(notes[following])
            following += 1
        sounding = [note for note in sounding if note.end > start]
        bar += start >= bars.lines[bar + 1]
        for place, length in split(
            start, end, bars.lines[bar], bars.beats[bar], is_rest=not sounding
        ):
            until = place + length.units
            sounds = (Sound(n.pitch, n.velocity, n.start < place, n.end > until) for n in sounding)
            written[bar].append(Piece(place, length, tuple(sounds)))
    return written


@dataclass(frozen=True)
class Bars:
    """The bars of a piece: their lines in units, the first 0, and the length of a beat in each."""

    lines: list[int]
    beats: list[int]


def split(
    start: int, end: int, bar: int, beat: int, *, is_rest: bool = False
) -> list[tuple[int, Length]]:
    """A stretch as pieces of one written length each, cut where else it would hide a beat.

    Args:
        start: where it begins, in units.
        end: where it ends.
        bar: where its bar begins.
        beat: how many units a beat lasts.
        is_rest: whether nothing sounds in it; a rest is never syncopated.
    """
    pieces = []
    while start < end:
        units = _first_length(start - bar, end - bar, beat, is_rest)
        pieces.append((start, LENGTHS[units]))
        start += units
    return pieces


def _first_length(start: int, end: int, beat: int, is_rest: bool) -> int:
    """How long the first piece is of a stretch that begins and ends so far into its bar."""
    units = end - start
    is_written = units in LENGTHS and (LENGTHS[units].actual > 1 or start % _BINARY == 0)
    if is_written and not _hides_beat(start, units, beat, is_rest):
        return units
    room = units
    for pulse in (beat, UNITS):  # where a beat is left half-way, its quarters may be divided unlike
        into, whole = start % pulse, units // pulse * pulse
        room = min(units, pulse - into) if into or not whole else whole
        if _is_on_grid(room):
            break
    return next(units for units in _LONGEST_FIRST if units <= room and _is_on_grid(room - units))


def _hides_beat(start: int, units: int, beat: int, is_rest: bool) -> bool:
    """Whether a length would sound over a beat that players look for.

    Those of ♪ ♩ ♪ and ♪ ♩. may, and a note of a tuplet that began so many of its lengths into the
    bar. A dotted beat is left after whole ones alone.
    """
    if LENGTHS[units].actual > 1 and start % units == 0:
        return False
    if beat % 9 == 0:  # a dotted one: UNITS has one factor of 3
        return units > beat - start % beat and (start % beat > 0 or units % beat > 0)
    for pulse in {beat, UNITS}:
        into = start % pulse
        is_usual = 2 * into == pulse and 2 * units in (2 * pulse, 3 * pulse)
        if into and units > pulse - into and (is_rest or not is_usual):
            return True
    return False


def _is_on_grid(units: int) -> bool:
    """Whether lengths can be put together to so many units."""
    return any(units % (UNITS // division) == 0 for division in (FINEST, *EXACT))
