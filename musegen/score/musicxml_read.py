"""MusicXML, compressed or not, and kern, read through music21.

Kept: parts with their names and programs, each staff of a keyboard as a part of its own, as MIDI
files have a track for each hand, notes as they sound with ties joined, percussion as drums,
dynamics as velocities, metre, key, tempo, the bars as long as they are, repeats, endings, chord
symbols, syllables, grace notes, ornaments, dynamics, articulation, jumps and clefs. What else is
written, as slurs and composers, is counted in `Score.unread`. A bar that is shorter in one part
than in another is filled up with silence, and told in `Score.faults`, as is one that is longer than
its metre.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from musegen.errors import UnreadableFile
from musegen.score.abc_fields import SLOWEST_US
from musegen.score.jumps import check_jumps
from musegen.score.kern_spines import Columns, restore_repeats
from musegen.score.key import estimate_key, settled_key
from musegen.score.musicxml_bars import align_bars
from musegen.score.musicxml_clefs import clef_marks, clef_text
from musegen.score.musicxml_dynamics import DynamicsOfStaves
from musegen.score.musicxml_import import stream_of, uninterrupted
from musegen.score.musicxml_jumps import jumps_in
from musegen.score.musicxml_marks import (
    Timed,
    grace_text,
    graces_of,
    marks_of,
    unread_of,
)
from musegen.score.musicxml_parts import (
    Declared,
    Line,
    Ticks,
    declared_parts,
    instruments_of,
    names_of,
    parts_of,
    spelled_otherwise,
)
from musegen.score.musicxml_safe import parse_musicxml
from musegen.score.musicxml_shorthand import silence_cues, write_out_repeats
from musegen.score.musicxml_unread import unread_in
from musegen.score.percussion import unpitched_to_drums
from musegen.score.score import (
    DEFAULT_TEMPO_US,
    MODE_DEGREE,
    Ints,
    Mark,
    Score,
    changes,
    standing,
)

SPELLED = "notes spelled otherwise (now by the key)"
_LONGEST_REASON = 200  # characters
_BARS = {"double": "||", "final": "|]"}


@uninterrupted()
def read_musicxml(data: bytes) -> Score:
    """The score in a MusicXML file, compressed or not.

    Raises:
        UnreadableFile: it is damaged, unsafe (entities, an archive that unpacks to too much), not
            understood by music21, or holds no bars.
    """
    root = parse_musicxml(data)
    cues = silence_cues(root)
    write_out_repeats(root)
    drums = unpitched_to_drums(root)
    unread = unread_in(root) + Counter({"cue notes": cues})
    jumps = jumps_in(root)
    return _understood(lambda: _score(stream_of(root), declared_parts(root, drums), unread, jumps))


@uninterrupted()
def read_kern(text: str) -> Score:
    """The score in a Humdrum file of **kern spines.

    Raises:
        UnreadableFile: music21 does not understand it or finds no bars in it, or most of it is no
            notes.
    """
    from music21 import converter

    told = Columns(text)

    def reading() -> Score:
        stream = converter.parseData(told.text, format="humdrum")
        restore_repeats(stream)
        return _score(stream, {}, told.unread)

    score = _understood(reading)
    if told.left_out > score.n_notes:
        raise UnreadableFile(told.faults[0], hint="Mend that line, or leave the file out.")
    found = Counter(score.unread)
    found["lyrics"] -= sum(mark.kind == "lyric" for mark in score.marks)
    return replace(score, faults=(*told.faults, *score.faults), unread=+found)


def _understood(reading: Any) -> Score:
    """The score that music21 gives, in silence; whatever it runs into is an UnreadableFile."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            score: Score = reading()
        except UnreadableFile:
            raise
        except ZeroDivisionError as error:
            raise UnreadableFile(
                "has a bar or a tempo of 0, which music21 cannot read",
                hint="Mend the durations or tempos that are 0, or export the piece again.",
            ) from error
        except Exception as error:  # music21 lets through whatever its parsers run into
            reason = str(error).strip()[:_LONGEST_REASON] or type(error).__name__
            raise UnreadableFile(f"music21 cannot read it: {reason}") from error
    return score


def _score(
    stream: Any,
    declared: dict[str, Declared],
    unread: Counter[str],
    jumps: Iterable[tuple[int, str]] = (),
) -> Score:
    """A Score of a music21 stream of parts; `unread` is what is known to be left out of it.

    `jumps` are those that stand where the bars of these numbers, from 0, begin.
    """
    if not stream.parts or not stream.parts[0].getElementsByClass("Measure"):
        raise UnreadableFile("holds no bars of music")
    stream.toSoundingPitch(inPlace=True)
    faults = align_bars(stream, names_of(stream))
    instruments = instruments_of(stream)
    lines = [line for staves in instruments for line in staves]
    ticks = Ticks(lines)
    metre = {0: (4, 4)} | {
        ticks(offset): (sign.numerator, sign.denominator)
        for offset, sign in lines[0].of_class("TimeSignature")
    }
    measures = list(stream.parts[0].getElementsByClass("Measure"))
    bar_ends = {
        ticks(bar.offset) for part in stream.parts for bar in part.getElementsByClass("Measure")
    }
    bar_ends.add(ticks(max(part.highestTime for part in stream.parts)))
    starts = [*(ticks(bar.offset) for bar in measures), max(bar_ends)]
    dynamics, unread_dynamics = _dynamics(instruments, ticks)
    marks = {*_structure(stream, measures, ticks), *_written(lines, ticks), *dynamics}
    marks |= {Mark(starts[bar], "jump", term) for bar, term in jumps if bar < len(starts)}
    tempo = _tempo(lines, ticks)
    score = Score(
        ticks_per_quarter=ticks.per_quarter,
        parts=tuple(p for staves in instruments for p in parts_of(staves, ticks, declared)),
        tempo=_changes({0: (DEFAULT_TEMPO_US,)} | tempo),
        metre=_changes(metre),
        barlines=np.array(sorted(bar_ends - {0})),
        marks=tuple(marks),
        title=_title(stream),
        says_tempo=0 in tempo,
        unread=sum(
            (unread_of(line.timed) for line in lines),
            unread + unread_dynamics + unread_of(_loose(stream)),
        ),
    )
    signatures = _signatures(score, lines, ticks)
    score = replace(score, key=settled_key(score.parts, signatures, is_printed=True))
    faults += check_jumps(score)
    marks |= {*_graces(score, lines, ticks), *_clefs(score, lines, ticks)}
    unread = Counter({SPELLED: spelled_otherwise(score, lines, ticks)}) + Counter(score.unread)
    return replace(score, marks=tuple(marks), faults=tuple(faults), unread=unread)


def _loose(stream: Any) -> Iterator[Timed]:
    """What stands beside the parts of a score, as spanners do."""
    return ((Fraction(0), "", element) for element in stream.elements if not element.isStream)


def _tempo(lines: list[Line], ticks: Ticks) -> dict[int, tuple[int]]:
    """Microseconds a quarter by tick: the first part's marks count, and marks before words."""
    from music21.tempo import defaultTempoValues

    found: dict[int, tuple[int]] = {}
    for line in reversed(lines):
        for offset, words in line.of_class("TextExpression"):
            beats = defaultTempoValues.get(words.content.strip().lower())
            if beats:
                found[ticks(offset)] = (round(60e6 / beats),)
    for line in reversed(lines):
        for offset, mark in line.of_class("MetronomeMark"):
            beats = mark.number != 0 and mark.getQuarterBPM()
            if beats:
                found[ticks(offset)] = (min(max(1, round(60e6 / beats)), SLOWEST_US),)
    return found


def _signatures(score: Score, lines: list[Line], ticks: Ticks) -> Ints:
    """Rows of tick, fifths, mode (S, 3) of all parts; a mode not given is the estimated key's."""
    estimate = estimate_key(score.parts)
    rows = []
    for line in lines:
        for offset, sign in line.of_class("KeySignature"):
            if sign.sharps is None or abs(sign.sharps) > 7:
                continue
            guess = estimate[1] if sign.sharps == estimate[0] else MODE_DEGREE["major"]
            mode = MODE_DEGREE.get(getattr(sign, "mode", None) or "", guess)
            rows.append((ticks(offset), sign.sharps, mode))
    return np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)


def _structure(stream: Any, measures: list[Any], ticks: Ticks) -> Iterator[Mark]:
    """The repeats, endings and double bars that stand in the first part."""
    for measure, after in zip(measures, [*measures[1:], None], strict=True):
        end = after.offset if after else measure.offset + measure.highestTime
        for bar, offset in ((measure.leftBarline, measure.offset), (measure.rightBarline, end)):
            if bar is not None and "Repeat" in bar.classes:
                yield Mark(ticks(offset), "repeat", bar.direction)
            elif bar is not None and bar.type in _BARS:
                yield Mark(ticks(offset), "bar", _BARS[bar.type])
    its = set(map(id, measures))
    for bracket in stream.recurse().getElementsByClass("RepeatBracket"):
        first = bracket.getFirst()
        if id(first) in its:
            yield Mark(ticks(first.offset), "ending", str(bracket.number).replace(", ", ","))


def _written(lines: list[Line], ticks: Ticks) -> Iterator[Mark]:
    for number, line in enumerate(lines):
        for offset, mark in marks_of(line.timed, number):
            yield replace(mark, tick=ticks(offset))


def _dynamics(instruments: list[list[Line]], ticks: Ticks) -> tuple[list[Mark], Counter[str]]:
    """The dynamics of all parts, and how many of each kind have no place."""
    marks: list[Mark] = []
    unread: Counter[str] = Counter()
    first = 0
    for staves in instruments:
        found = DynamicsOfStaves([line.timed for line in staves])
        marks += [replace(mark, tick=ticks(offset)) for offset, mark in found.marks(first)]
        unread += found.unread
        first += len(staves)
    return marks, unread


def _clefs(score: Score, lines: list[Line], ticks: Ticks) -> Iterator[Mark]:
    for number, (part, line) in enumerate(zip(score.parts, lines, strict=True)):
        clefs = ((ticks(offset), clef_text(clef)) for offset, clef in line.of_class("Clef"))
        yield from clef_marks(clefs, part, number)


def _graces(score: Score, lines: list[Line], ticks: Ticks) -> Iterator[Mark]:
    """The grace notes, spelled in the key that stands there."""
    for number, line in enumerate(lines):
        for offset, chords, is_slashed in graces_of(line.timed):
            tick = ticks(offset)
            fifths = (*standing(score.key, tick), 0)[0]
            text = grace_text(chords, fifths, is_slashed=is_slashed)
            yield Mark(tick, "grace", text, number)


def _changes(rows: dict[int, Any]) -> Ints:
    """The rows (K, 1 + values) at which the values change."""
    return np.array(changes((t, *values) for t, values in sorted(rows.items())), dtype=np.int64)


def _title(stream: Any) -> str:
    metadata = stream.metadata
    return (metadata.title or metadata.movementName or "") if metadata is not None else ""
