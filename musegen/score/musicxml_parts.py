"""music21's parts and staves → a score's parts: notes as they sound, ties joined; their time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from musegen.score.abc_fields import spell
from musegen.score.musicxml_controls import controls_in
from musegen.score.musicxml_dynamics import says_loudness
from musegen.score.musicxml_marks import Timed, is_grace
from musegen.score.musicxml_safe import Element
from musegen.score.score import Event, Notes, Part, Score, standing

_TICKS_PER_QUARTER = 480
_MAX_TICKS_PER_QUARTER = 10_080  # divisible by all up to ten; finer lengths are rounded to it
_LOUDNESS = 80 / 127  # where no dynamic stands
DIVIDED = "-divided"  # ends the id of a part that our writer shared out between two staves

_Voice: TypeAlias = tuple[int, str]  # the number of its staff, from 0, and its name there


@dataclass(frozen=True)
class Declared:
    """What a MusicXML file's list of parts says of one: its name, its program if it has any."""

    name: str
    program: int | None
    is_drums: bool
    controls: tuple[Event, ...] = ()


def declared_parts(root: Element, drums: set[str]) -> dict[str, Declared]:
    """What the list of parts says of each, by its id; `drums` are the ids of those."""
    found = {}
    for part in root.iter("score-part"):
        text = (part.findtext("midi-instrument/midi-program") or "").strip()
        is_program = text.isdecimal() and 1 <= int(text) <= 128
        number, name = part.get("id", ""), " ".join((part.findtext("part-name") or "").split())
        program = int(text) - 1 if is_program else None
        found[number] = Declared(name, program, number in drums, controls_in(part))
    return found


@dataclass(frozen=True)
class Line:
    """What becomes a part: a music21 part, or a staff of one; its elements by their time."""

    stream: Any
    timed: list[Timed]

    @classmethod
    def of(cls, staff: Any, *more: Any) -> Line:
        """A staff, or several together."""
        timed = [entry for stream in (staff, *more) for entry in _timed(stream)]
        return cls(staff, sorted(timed, key=lambda entry: entry[0]))

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


def instruments_of(stream: Any) -> list[list[Line]]:
    """The lines of each instrument of a stream, one a staff; `DIVIDED` staves are one line."""
    groups: dict[str, list[Any]] = {}
    for number, part in enumerate(stream.parts):
        name = _part_id(part) if "PartStaff" in part.classes else str(number)
        groups.setdefault(name, []).append(part)
    return [
        [Line.of(*staves)] if name.endswith(DIVIDED) else [Line.of(staff) for staff in staves]
        for name, staves in groups.items()
    ]


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


def parts_of(staves: list[Line], ticks: Ticks, declared: dict[str, Declared]) -> list[Part]:
    """The parts of an instrument, one a staff: ties and dynamics reach from staff to staff."""
    dynamics = sorted(
        (
            (offset, mark.volumeScalar)
            for line in staves
            for offset, mark in line.of_class("Dynamic")
            if says_loudness(mark)
        ),
        key=lambda dynamic: dynamic[0],
    )
    starts = [offset for offset, _ in dynamics]
    ties = _Ties()
    for offset, voice, element, note in _sounding(staves):
        place = bisect_right(starts, offset)
        loudness = dynamics[place - 1][1] if place else _LOUDNESS
        velocity = _velocity((note, element), loudness)
        onset, end = ticks(offset), ticks(offset + Fraction(element.quarterLength))
        ties.add([onset, end - onset, note.pitch.midi, velocity], voice, note.tie)
    said = _declared(staves[0].stream, declared)
    return [
        Part(
            said.name,
            said.program or 0,
            Notes.of(np.array(rows, dtype=np.int64)),
            said.is_drums,
            events=said.controls,
        )
        for rows in ties.rows_of(len(staves))
    ]


def _declared(first: Any, declared: dict[str, Declared]) -> Declared:
    """What is said of an instrument, and a program for it, from its first staff."""
    told = declared.get(_part_id(first), Declared(first.partName or "", None, False))
    if told.program is not None or told.is_drums:  # a drum kit is the standard one unless said
        return told
    return replace(told, program=_program(told.name, first.getInstrument(returnDefault=False)))


class _Ties:
    """Rows of notes, in which a tied note lengthens the one that it is tied to."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, list[int]]] = []  # each with its staff
        self._open: dict[int, list[tuple[_Voice, list[int]]]] = {}  # by pitch

    def rows_of(self, staves: int) -> list[list[list[int]]]:
        """The rows of each of so many staves: a note is where it begins."""
        found: list[list[list[int]]] = [[] for _ in range(staves)]
        for staff, row in self._rows:
            found[staff].append(row)
        return found

    def add(self, row: list[int], voice: _Voice, tie: Any) -> None:
        """Add a note, or lengthen the one whose tie it ends: its own voice's, or of its staff."""
        kind = tie.type if tie is not None else ""
        held = self._open.setdefault(row[2], [])
        begun = self._begun(held, row[0], voice) if kind in ("stop", "continue") else None
        if begun is None:
            self._rows.append((voice[0], row))
        else:
            begun[1] += row[1]
            row = begun
        if kind in ("start", "continue"):
            held.append((voice, row))

    @staticmethod
    def _begun(held: list[tuple[_Voice, list[int]]], onset: int, voice: _Voice) -> list[int] | None:
        held[:] = [entry for entry in held if entry[1][0] + entry[1][1] >= onset]
        fitting = [entry for entry in held if entry[1][0] + entry[1][1] == onset]
        if not fitting:
            return None
        chosen = max(fitting, key=lambda entry: (entry[0] == voice, entry[0][0] == voice[0]))
        held[:] = [entry for entry in held if entry is not chosen]
        return chosen[1]


def _sounding(staves: list[Line]) -> Iterator[tuple[Fraction, _Voice, Any, Any]]:
    """Offset, voice, note or chord, and single note, of all that has a pitch, in order of time."""
    timed = [
        (offset, (staff, voice), element)
        for staff, line in enumerate(staves)
        for offset, voice, element in line.timed
    ]
    for offset, voice, element in sorted(timed, key=lambda entry: entry[0]):
        if "NotRest" not in element.classes or is_grace(element):
            continue
        if "Harmony" in element.classes:  # a chord symbol is no chord
            continue
        for note in element.notes if element.isChord else [element]:
            if note.isNote and 0 <= note.pitch.midi <= 127:
                yield offset, voice, element, note


def spelled_otherwise(score: Score, lines: list[Line], ticks: Ticks) -> int:
    """How many notes `spell` spells otherwise in the keys of a score than its lines do."""
    found = 0
    for part, line in zip(score.parts, lines, strict=True):
        for offset, _, _, note in _sounding([] if part.is_drums else [line]):
            is_tone = note.pitch.ps == note.pitch.midi  # a microtone is told as such
            if is_tone and (note.tie is None or note.tie.type == "start"):
                fifths = (*standing(score.key, ticks(offset)), 0)[0]
                found += spell(note.pitch.midi, fifths)[0] != note.pitch.step
    return found


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
