"""The bars of one staff as music21's measures: notes with their looks, and what stands among them.

Everything that music21 could work out is given ready-made, since its own notation is slow.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from musegen.score.jumps import ORDERS
from musegen.score.musicxml_clefs import music21_clef, says_clef
from musegen.score.musicxml_dynamics import STOP, names_of_dynamics
from musegen.score.musicxml_jumps import direction
from musegen.score.musicxml_layout import Bar, Layout, Staff
from musegen.score.musicxml_marks import chord_symbol, syllabics_of
from musegen.score.musicxml_notes import NoteWriter, full_rest
from musegen.score.musicxml_rhythm import MAX_VOICES, Piece
from musegen.score.notatable import UNITS
from musegen.score.score import DEFAULT_TEMPO_US, MODES, STRUCTURE, Mark

_SIGNS = {"||": "double", "|]": "final"}


def quarters(units: int) -> Any:
    """A time in units as music21 counts it."""
    from music21.common.numberTools import opFrac

    return opFrac(Fraction(units, UNITS))


class Measures:
    """The measures of one staff; `brackets` are those of its endings, once made."""

    def __init__(self, layout: Layout, instrument: int, staff: int) -> None:
        """The staff of that number, of the instrument of that number."""
        staves = layout.instruments[instrument]
        self._layout = layout
        self._staff: Staff = staves[staff]
        self._part = self._staff.part
        self._first_voice = 1 + staff * MAX_VOICES
        self._has_voices = len(staves) > 1 or len(self._staff.voices) > 1
        self._keys = self._key_changes()
        self._syllabics = syllabics_of(m for m in layout.score.marks if m.part == self._part)
        self._dynamics = names_of_dynamics(layout.score.marks, self._part)
        self._starts = _starts_of(s for s in staves if s.part == self._part)
        is_lower_half = staff > 0 and staves[staff - 1].part == self._part
        self._beside = self._standing_beside(is_first_staff=not is_lower_half)
        self.brackets: list[Any] = []

    def all(self) -> list[Any]:
        """The measures, one a bar."""
        measures = [self._measure(index, bar) for index, bar in enumerate(self._layout.bars)]
        self._set_signs(measures)
        return measures

    def _clefs(self) -> Iterator[tuple[int, Any]]:
        """The clefs by their place; the first is a guess unless a mark says it."""
        score = self._layout.score
        marks = (m for m in score.marks if m.kind == "clef" and m.part == self._part)
        if not says_clef(score, self._part):
            yield 0, music21_clef(self._staff.clef)
        yield from ((place, music21_clef(mark.text)) for place, mark in self._placed(marks))

    def _placed(self, marks: Iterable[Mark]) -> list[tuple[int, Mark]]:
        found = list(marks)
        place = self._layout.grid.snapped(mark.tick for mark in found)
        return [(place[mark.tick], mark) for mark in found]

    def _key_changes(self) -> list[tuple[int, int, int]]:
        """Place, fifths and mode of each key; none for drums, unless there is nothing else."""
        score = self._layout.score
        has_pitches = not all(part.is_drums for part in score.parts)
        if score.parts[self._part].is_drums and has_pitches:
            return []
        place = self._layout.grid.snapped(score.key[:, 0].tolist())
        return [(place[tick], fifths, mode) for tick, fifths, mode, _ in score.key.tolist()]

    def _standing_beside(self, *, is_first_staff: bool) -> dict[int, list[Any]]:
        """What stands beside the notes, as clefs, keys and chords, by its bar, with its place."""
        from music21 import key, tempo

        score, found = self._layout.score, list(self._clefs())
        for place, fifths, mode in self._keys:
            found.append((place, key.KeySignature(fifths).asKey(MODES[mode])))
        has_tempo = score.says_tempo or score.tempo.tolist() != [[0, DEFAULT_TEMPO_US]]
        if is_first_staff and self._part == 0 and has_tempo:
            ticks = self._layout.grid.snapped(score.tempo[:, 0].tolist())
            for tick, tempo_us in score.tempo.tolist():
                found.append((ticks[tick], tempo.MetronomeMark(number=_beats(tempo_us))))
        if is_first_staff:
            chords = (m for m in score.marks if m.kind == "chord" and m.part == self._part)
            found += [(place, chord_symbol(mark.text)) for place, mark in self._placed(chords)]
        beside: dict[int, list[Any]] = defaultdict(list)
        for place, element in found:
            if element is not None and place < self._layout.bars[-1].end:
                beside[self._layout.bar_at(place)].append((place, element))
        if is_first_staff and self._part == 0:
            for place, mark in self._placed(m for m in score.marks if m.kind == "jump"):
                inside = place - (mark.text in ORDERS)  # an order stands where its bar ends
                beside[self._layout.bar_at(max(0, inside))].append((place, direction(mark.text)))
        return beside

    def _measure(self, index: int, bar: Bar) -> Any:
        from music21 import meter, stream

        measure = stream.Measure(number=bar.number)
        if bar.number == 0:
            measure.showNumber = stream.enums.ShowNumber.NEVER  # which makes it a pickup
        before = self._layout.bars[index - 1].metre if index else None
        if bar.metre != before:
            measure.insert(0, meter.TimeSignature("{}/{}".format(*bar.metre)))
        for place, element in self._beside[index]:
            measure.insert(quarters(place - bar.start), element)
        self._fill(measure, index, bar)
        return measure

    def _fill(self, measure: Any, index: int, bar: Bar) -> None:
        """Put the notes of a bar into its measure."""
        writer = NoteWriter(
            bar, [(place, fifths) for place, fifths, _ in self._keys], self._syllabics
        )
        containers = self._containers(measure, index)
        entries = [
            (piece.start if piece else bar.start, number, piece)
            for number in containers
            for piece in self._pieces(number, index, bar)
        ]
        for start, number, piece in sorted(entries, key=lambda entry: entry[:2]):
            marks = self._staff.voices[number].marks.get(start, [])
            element = writer.element(piece, is_hidden=number > 0) if piece else full_rest(bar)
            writer.add(containers[number], element, start, marks)
            end = start + int(element.quarterLength * UNITS)
            self._add_dynamics(containers[number], bar, (start, end), marks)
        for container in containers.values():
            container.coreElementsChanged()
            writer.beam(container)
            if container is not measure:
                measure.insert(0, container)

    def _add_dynamics(
        self, container: Any, bar: Bar, stretch: tuple[int, int], marks: Iterable[Mark]
    ) -> None:
        """Put the dynamics of a note into its voice; a hairpin ends before another begins."""
        from music21 import dynamics

        start, end = stretch
        for name in (self._dynamics[mark] for mark in marks if mark in self._dynamics):
            after = bisect_right(self._starts, start)
            place = min([end, *self._starts[after : after + 1]]) if name.startswith(STOP) else start
            container.coreInsert(
                quarters(place - bar.start), dynamics.Dynamic(name), ignoreSort=True
            )

    def _containers(self, measure: Any, index: int) -> dict[int, Any]:
        """What each voice with something to say in a bar is put in; the first always has."""
        from music21 import stream

        if not self._has_voices:
            return {0: measure}
        voices = enumerate(self._staff.voices)
        heard = [number for number, voice in voices if number == 0 or voice.sounds_in(index)]
        return {number: stream.Voice(id=self._first_voice + number) for number in heard}

    def _pieces(self, number: int, index: int, bar: Bar) -> list[Piece] | list[None]:
        """The pieces of a voice in a bar; None alone where it rests for the whole bar."""
        voice = self._staff.voices[number]
        pieces = voice.bars[index]
        is_marked = any(piece.start in voice.marks for piece in pieces[1:])
        is_written_out = voice.sounds_in(index) or is_marked or not bar.is_whole
        return pieces if is_written_out else [None]

    def _set_signs(self, measures: list[Any]) -> None:
        """Repeats, double bars and endings."""
        from music21 import bar, spanner

        bars = self._layout.bars
        starting = {bar.start: index for index, bar in enumerate(bars)}
        ending = {bar.end: index for index, bar in enumerate(bars)}
        signs = self._placed(m for m in self._layout.score.marks if m.kind in STRUCTURE)
        for place, mark in signs:  # a bar sign comes before a repeat, which takes its place
            if mark.kind == "bar" and mark.text in _SIGNS and place in ending:
                measures[ending[place]].rightBarline = bar.Barline(_SIGNS[mark.text])
            elif (mark.kind, mark.text) == ("repeat", "end") and place in ending:
                measures[ending[place]].rightBarline = bar.Repeat(direction="end")
            elif (mark.kind, mark.text) == ("repeat", "start") and place in starting:
                measures[starting[place]].leftBarline = bar.Repeat(direction="start")
        stops = sorted({place for place, m in signs if (m.kind, m.text) != ("bar", "|]")})
        for place, mark in signs:
            if mark.kind == "ending" and place in starting:
                stop = next(iter(stops[bisect_right(stops, place) :][:1]), -1)
                last = ending.get(stop, starting[place])
                covered = measures[starting[place] : last + 1]
                self.brackets.append(spanner.RepeatBracket(covered, number=mark.text))


def _starts_of(staves: Iterable[Staff]) -> list[int]:
    """Where notes begin, in units, tied ones too."""
    voices = (voice for staff in staves for voice in staff.voices)
    bars = (bar for voice in voices for bar in voice.bars)
    return sorted({piece.start for pieces in bars for piece in pieces if piece.sounds})


def _beats(tempo_us: int) -> float:
    """Quarters a minute, in as few decimals as say it exactly."""
    beats = (round(60e6 / tempo_us, decimals) for decimals in range(12))
    return next(number for number in beats if number and round(60e6 / number) == tempo_us)
