"""music21's parts and staves → a score's parts: notes as they sound, ties joined; their time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from musegen.score.musicxml_marks import Timed, is_grace
from musegen.score.musicxml_safe import Element
from musegen.score.score import Notes, Part

_TICKS_PER_QUARTER = 480
_MAX_TICKS_PER_QUARTER = 10_080  # divisible by all up to ten; finer lengths are rounded to it
_LOUDNESS = 80 / 127  # where no dynamic stands


@dataclass(frozen=True)
class Declared:
    """What a MusicXML file's list of parts says of one: its name, its program if it has any."""

    name: str
    program: int | None
    is_drums: bool


def declared_parts(root: Element, drums: set[str]) -> dict[str, Declared]:
    """What the list of parts says of each, by its id; `drums` are the ids of those."""
    found = {}
    for part in root.iter("score-part"):
        text = (part.findtext("midi-instrument/midi-program") or "").strip()
        is_program = text.isdecimal() and 1 <= int(text) <= 128
        number, name = part.get("id", ""), " ".join((part.findtext("part-name") or "").split())
        found[number] = Declared(name, int(text) - 1 if is_program else None, number in drums)
    return found


@dataclass(frozen=True)
class Line:
    """What becomes a part: a music21 part, or the staves of one; its elements by their time."""

    staves: list[Any]
    timed: list[Timed]

    @classmethod
    def of(cls, staves: list[Any]) -> Line:
        """The staves together."""
        timed = [entry for staff in staves for entry in _timed(staff)]
        return cls(staves, sorted(timed, key=lambda entry: entry[0]))

    def of_class(self, name: str) -> Iterator[tuple[Fraction, Any]]:
        """Offset and element, for the elements of a music21 class."""
        return ((offset, e) for offset, _, e in self.timed if name in e.classes)


def _timed(stream: Any, start: Fraction = Fraction(0), voice: str = "") -> Iterator[Timed]:
    """The elements of a part, out of its bars and voices."""
    for element in stream.elements:
        offset = start + Fraction(stream.elementOffset(element))
        if not element.isStream:
            yield offset, voice, element
        elif "Voice" in element.classes:
            yield from _timed(element, offset, str(element.id))
        else:
            yield from _timed(element, offset, voice)


def lines_of(stream: Any) -> list[Line]:
    """The parts of a stream; the staves of one part come together."""
    groups: dict[str, list[Any]] = {}
    for number, part in enumerate(stream.parts):
        name = _part_id(part) if "PartStaff" in part.classes else str(number)
        groups.setdefault(name, []).append(part)
    return [Line.of(staves) for staves in groups.values()]


def names_of(stream: Any) -> list[str]:
    """What to call each part of a stream: its id, or else its number."""
    return [_part_id(part) or str(n) for n, part in enumerate(stream.parts, start=1)]


def _part_id(part: Any) -> str:
    """The id of a part in its file, which music21 keeps in the first instrument or a staff's id."""
    if "PartStaff" in part.classes:
        return str(part.id).rpartition("-Staff")[0]
    instrument = part.getElementsByClass("Instrument").first()
    return str(instrument.partId) if instrument is not None else ""


class Ticks:
    """Offsets in quarters as ticks, so many to the quarter that all of a piece's are whole."""

    def __init__(self, lines: list[Line]) -> None:
        denominators = {
            Fraction(value).limit_denominator(_MAX_TICKS_PER_QUARTER).denominator
            for line in lines
            for offset, note in line.of_class("NotRest")
            for value in (offset, note.quarterLength)
        }
        whole = math.lcm(_TICKS_PER_QUARTER, *denominators)
        self.per_quarter = whole if whole <= _MAX_TICKS_PER_QUARTER else _MAX_TICKS_PER_QUARTER

    def __call__(self, quarters: float | Fraction) -> int:
        """The tick that is nearest an offset in quarters."""
        return round(Fraction(quarters) * self.per_quarter)


def part_of(line: Line, ticks: Ticks, declared: dict[str, Declared]) -> Part:
    """A part, its ties joined."""
    dynamics = list(line.of_class("Dynamic"))
    starts = [offset for offset, _ in dynamics]
    ties = _Ties()
    for offset, voice, element, note in _sounding(line):
        place = bisect_right(starts, offset)
        loudness = dynamics[place - 1][1].volumeScalar if place else _LOUDNESS
        velocity = _velocity((note, element), loudness)
        onset, end = ticks(offset), ticks(offset + Fraction(element.quarterLength))
        ties.add([onset, end - onset, note.pitch.midi, velocity], voice, note.tie)
    first = line.staves[0]
    told = declared.get(_part_id(first), Declared(first.partName or "", None, False))
    name = told.name
    instrument = first.getInstrument(returnDefault=False)
    program = told.program
    if program is None:  # a drum kit is the standard one unless said
        program = 0 if told.is_drums else _program(name, instrument)
    return Part(name, program, Notes.of(np.array(ties.rows, dtype=np.int64)), told.is_drums)


class _Ties:
    """Rows of notes, in which a tied note lengthens the one that it is tied to."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []
        self._open: dict[int, list[tuple[str, list[int]]]] = {}  # by pitch: voice and row

    def add(self, row: list[int], voice: str, tie: Any) -> None:
        """Add a note, or lengthen the one whose tie it ends, its own voice's before another's."""
        kind = tie.type if tie is not None else ""
        held = self._open.setdefault(row[2], [])
        begun = self._begun(held, row[0], voice) if kind in ("stop", "continue") else None
        if begun is None:
            self.rows.append(row)
        else:
            begun[1] += row[1]
            row = begun
        if kind in ("start", "continue"):
            held.append((voice, row))

    @staticmethod
    def _begun(held: list[tuple[str, list[int]]], onset: int, voice: str) -> list[int] | None:
        held[:] = [entry for entry in held if entry[1][0] + entry[1][1] >= onset]
        fitting = [entry for entry in held if entry[1][0] + entry[1][1] == onset]
        if not fitting:
            return None
        chosen = next((entry for entry in fitting if entry[0] == voice), fitting[0])
        held[:] = [entry for entry in held if entry is not chosen]
        return chosen[1]


def _sounding(line: Line) -> Iterator[tuple[Fraction, str, Any, Any]]:
    """Offset, voice, note or chord, and single note, of all that has a pitch."""
    for offset, voice, element in line.timed:
        if "NotRest" not in element.classes or is_grace(element):
            continue
        if "Harmony" in element.classes:  # a chord symbol is no chord
            continue
        for note in element.notes if element.isChord else [element]:
            if note.isNote and 0 <= note.pitch.midi <= 127:
                yield offset, voice, element, note


def _velocity(sources: Iterable[Any], loudness: float) -> int:
    """How loud a note says that it is, or its chord; or else as the dynamics have it."""
    for source in sources:
        if source.hasVolumeInformation() and source.volume.velocityScalar is not None:
            loudness = source.volume.velocityScalar
            break
    return min(127, max(1, round(127 * loudness)))


def _program(name: str, instrument: Any) -> int:
    """The program of the instrument that music21 found, or of the one a part is named for."""
    from music21 import instrument as instruments

    if instrument is not None and instrument.midiProgram:
        return int(instrument.midiProgram)
    try:
        return instruments.fromString(name).midiProgram or 0
    except instruments.InstrumentException:
        return 0
