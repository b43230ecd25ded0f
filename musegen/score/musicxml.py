"""MusicXML, compressed or not, and kern, read through music21.

Kept: parts with their names and programs, notes as they sound with ties joined, dynamics as
velocities, metre, key, tempo, the bars as long as they are, repeats, endings and chord symbols. Not
kept: grace notes, ornaments, articulation and lyrics.
"""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from musegen.errors import UnreadableFile
from musegen.score.key import estimate_key, settled_key
from musegen.score.score import (
    DEFAULT_TEMPO_US,
    MODE_DEGREE,
    Ints,
    Mark,
    Notes,
    Part,
    Score,
)

_TICKS_PER_QUARTER = 480
_MAX_TICKS_PER_QUARTER = 10_080  # divisible by all up to ten; finer lengths are rounded to it
_LOUDNESS = 80 / 127  # where no dynamic stands
_BARS = {"double": "||", "final": "|]"}


def read_music21(path: str | Path) -> Score:
    """The score in a MusicXML (.musicxml, .xml, .mxl) or kern (.krn) file.

    Raises:
        UnreadableFile: music21 cannot read it, or finds no bars in it.
    """
    from music21 import converter

    kind = "humdrum" if Path(path).suffix.lower() == ".krn" else "musicxml"
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            stream = converter.parse(path, format=kind, forceSource=True)
            stream.toSoundingPitch(inPlace=True)
            score = _score(stream)
        except UnreadableFile as error:
            raise UnreadableFile(error.message, file=path) from error
        except Exception as error:  # music21 lets through whatever its parsers run into
            reason = str(error).strip() or type(error).__name__
            raise UnreadableFile(f"music21 cannot read it: {reason}", file=path) from error
    # music21 titles an untitled piece with its file's name.
    return replace(score, title="") if score.title == Path(path).name else score


def _score(stream: Any) -> Score:
    """A Score of a music21 stream of parts."""
    if not stream.parts or not stream.parts[0].getElementsByClass("Measure"):
        raise UnreadableFile("holds no bars of music")
    flat = [part.flatten() for part in stream.parts]
    ticks = _Ticks(flat)
    tempo = {0: DEFAULT_TEMPO_US} | {
        ticks(mark.offset): round(60e6 / mark.getQuarterBPM())
        for part in reversed(flat)  # the first part's word counts
        for mark in part.getElementsByClass("MetronomeMark")
        if mark.getQuarterBPM()
    }
    metre = {0: (4, 4)} | {
        ticks(sign.offset): (sign.numerator, sign.denominator)
        for sign in flat[0].getElementsByClass("TimeSignature")
    }
    measures = list(stream.parts[0].getElementsByClass("Measure"))
    end = max(part.highestTime for part in stream.parts)
    lines = [ticks(offset) for offset in (*(measure.offset for measure in measures[1:]), end)]
    score = Score(
        ticks_per_quarter=ticks.per_quarter,
        parts=tuple(_part(p, f, ticks) for p, f in zip(stream.parts, flat, strict=True)),
        tempo=_changes({tick: (tempo_us,) for tick, tempo_us in tempo.items()}),
        metre=_changes(metre),
        barlines=np.unique([line for line in lines if line]),
        marks=tuple({*_structure(stream, measures, ticks), *_chord_symbols(flat, ticks)}),
        title=_title(stream),
    )
    return replace(score, key=settled_key(score, _signatures(score, flat, ticks)))


class _Ticks:
    """Offsets in quarters as ticks, so many to the quarter that all of a piece's are whole."""

    def __init__(self, flat: list[Any]) -> None:
        denominators = {
            Fraction(value).limit_denominator(_MAX_TICKS_PER_QUARTER).denominator
            for part in flat
            for note in part.notes
            for value in (note.offset, note.quarterLength)
        }
        whole = math.lcm(_TICKS_PER_QUARTER, *denominators)
        self.per_quarter = whole if whole <= _MAX_TICKS_PER_QUARTER else _MAX_TICKS_PER_QUARTER

    def __call__(self, quarters: float | Fraction) -> int:
        return round(Fraction(quarters) * self.per_quarter)


def _part(part: Any, flat: Any, ticks: _Ticks) -> Part:
    """A part, its ties joined."""
    dynamics = sorted(flat.getElementsByClass("Dynamic"), key=lambda dynamic: dynamic.offset)
    starts = [dynamic.offset for dynamic in dynamics]
    rows: list[list[int]] = []
    tied: dict[int, list[int]] = {}  # by pitch, the note that a tie goes on from
    for offset, length, note in _sounding(flat):
        pitch, onset = note.pitch.midi, ticks(offset)
        tie = note.tie.type if note.tie else "start and stop"
        begun = tied.pop(pitch, None)
        if tie in ("stop", "continue") and begun and begun[0] + begun[1] == onset:
            begun[1] += ticks(offset + length) - onset
        else:
            place = bisect_right(starts, offset)
            loudness = dynamics[place - 1].volumeScalar if place else _LOUDNESS
            begun = [onset, ticks(offset + length) - onset, pitch, max(1, round(127 * loudness))]
            rows.append(begun)
        if tie in ("start", "continue"):
            tied[pitch] = begun
    instrument = part.getInstrument(returnDefault=False)
    is_drums = instrument is not None and instrument.midiChannel == 9
    name = part.partName or ""
    program = 0 if is_drums else _program(name, instrument)
    return Part(name, program, Notes.of(np.array(rows, dtype=np.int64)), is_drums)


def _sounding(flat: Any) -> Iterator[tuple[Fraction, Fraction, Any]]:
    """Offset, length in quarters and music21 note of each note with a pitch, in their order."""
    for element in flat.notes:
        if element.duration.isGrace or "ChordSymbol" in element.classes:
            continue
        for note in element.notes if element.isChord else [element]:
            if note.isNote and 0 <= note.pitch.midi <= 127:
                yield Fraction(element.offset), Fraction(element.quarterLength), note


def _program(name: str, instrument: Any) -> int:
    """The program given, or else the one of the instrument that the part is named for."""
    from music21 import instrument as instruments

    if instrument is not None and instrument.midiProgram:
        return int(instrument.midiProgram)
    try:
        return instruments.fromString(name).midiProgram or 0
    except instruments.InstrumentException:
        return 0


def _signatures(score: Score, flat: list[Any], ticks: _Ticks) -> Ints:
    """Rows of tick, fifths, mode (S, 3) of all parts; a mode not given is the estimated key's."""
    estimate = estimate_key(score)
    rows = []
    for part in flat:
        for sign in part.getElementsByClass("KeySignature"):
            guess = estimate[1] if sign.sharps == estimate[0] else MODE_DEGREE["major"]
            mode = MODE_DEGREE.get(getattr(sign, "mode", None) or "", guess)
            if abs(sign.sharps) <= 7:
                rows.append((ticks(sign.offset), sign.sharps, mode))
    return np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)


def _structure(stream: Any, measures: list[Any], ticks: _Ticks) -> Iterator[Mark]:
    """The repeats, endings and double bars that stand in the first part."""
    for measure, after in zip(measures, [*measures[1:], None], strict=True):
        end = after.offset if after else measure.offset + measure.highestTime
        for bar, offset in ((measure.leftBarline, measure.offset), (measure.rightBarline, end)):
            if bar is not None and "Repeat" in bar.classes:
                yield Mark(ticks(offset), "repeat", bar.direction)
            elif bar is not None and bar.type in _BARS:
                yield Mark(ticks(offset), "bar", _BARS[bar.type])
    for bracket in stream.recurse().getElementsByClass("RepeatBracket"):
        first = bracket.getFirst()
        if any(first is measure for measure in measures):
            yield Mark(ticks(first.offset), "ending", str(bracket.number).replace(", ", ","))


def _chord_symbols(flat: list[Any], ticks: _Ticks) -> Iterator[Mark]:
    for number, part in enumerate(flat):
        for symbol in part.getElementsByClass("ChordSymbol"):
            yield Mark(ticks(symbol.offset), "chord", symbol.figure, number)


def _changes(rows: dict[int, tuple[int, ...]]) -> Ints:
    """The rows (K, 1 + values) at which the values change."""
    kept: list[tuple[int, ...]] = []
    for tick, values in sorted(rows.items()):
        if not kept or kept[-1][1:] != values:
            kept.append((tick, *values))
    return np.array(kept, dtype=np.int64)


def _title(stream: Any) -> str:
    metadata = stream.metadata
    return (metadata.title or metadata.movementName or "") if metadata is not None else ""
