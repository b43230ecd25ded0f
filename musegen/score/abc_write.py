"""Scores → ABC text: one clean spelling, that reads back to the same notes, bars and marks.

Notes are cut where a bar line, a change or a mark falls into them, and tied. What came from
elsewhere than ABC is first moved, where it must be, to what players of ABC can say: `abc_playable`.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

from musegen.score.abc_clef import usual_clef
from musegen.score.abc_fields import (
    ESTIMATED,
    duration_text,
    key_text,
    tempo_text,
)
from musegen.score.abc_jumps import DECORATION_OF
from musegen.score.abc_lyrics import words_line
from musegen.score.abc_playable import lines_of, playable
from musegen.score.abc_sheet import Marks, Segment, Sheet, bar_signs, cut_between_tuplets
from musegen.score.abc_spelling import Spelling
from musegen.score.abc_text import escaped
from musegen.score.jumps import SIGNS
from musegen.score.midi_lyrics import sung
from musegen.score.score import DEFAULT_TEMPO_US, Part, Score, bar_ticks, standing

BARS_A_LINE = 4
_DRUMS = 10  # the MIDI channel
_MOST_VOICES = 13  # that have channels of their own; two go to the chord symbols
_MOST_IN_TUPLET = 99  # notes; more are written without, and need not be looked through


def write_book(scores: Iterable[Score]) -> str:
    """Scores as a tune book, with an empty line between.

    They keep their numbers, if all have one of their own; else they are `X:1`, `X:2`, ….
    """
    tunes = [playable(sung(score)) for score in scores]
    numbers = [score.number for score in tunes]
    if 0 in numbers or len(set(numbers)) < len(numbers):
        numbers = list(range(1, len(tunes) + 1))
    return "\n".join(map(_tune, tunes, numbers))


def _tune(score: Score, number: int) -> str:
    title = [f"T:{escaped(score.title)}"] if score.title else []
    lines = [f"X:{number}", *title, _fields(score)[0][0], "L:1/8"]
    if score.says_tempo or score.tempo[0, 1] != DEFAULT_TEMPO_US:
        lines.append("Q:" + tempo_text(int(score.tempo[0, 1])))
    named = len(score.parts) > 1 or any(part.name for part in score.parts)
    if named:
        names = [escaped(part.name.replace('"', "'")) for part in score.parts]
        lines += [f'V:{n + 1} name="{name}"{_clef(score, n)}' for n, name in enumerate(names)]
    lines.append("K:" + _key(score, "" if named or not score.parts else _clef(score, 0)))
    channels = _channels(score.parts)
    for part in range(len(score.parts)):
        lines += [f"V:{part + 1}"] if named else []
        lines += _instrument(score.parts[part], channels.get(part))
        lines.append(_VoiceText(score, part).text())
    return "\n".join(lines) + "\n"


def _key(score: Score, clef: str) -> str:
    """What the K: field of the header says: the key, a clef, and whether the key is a guess."""
    if not len(score.key) or score.key[0, 0]:
        return "none" + clef
    fifths, mode, is_estimated = score.key[0, 1:].tolist()
    return key_text(fifths, mode) + clef + (f" {ESTIMATED}" if is_estimated else "")


def _clefs(score: Score, part: int) -> dict[int, str]:
    """The clefs of a part by tick, from the start on."""
    marks = (mark for mark in score.marks if mark.kind == "clef" and mark.part == part)
    return {0: usual_clef(score.parts[part]), **{mark.tick: mark.text for mark in marks}}


def _clef(score: Score, part: int) -> str:
    """The clef at the start as a field says it; nothing for the treble clef that none suggests."""
    clef = _clefs(score, part)[0]
    is_said = clef != "treble" or usual_clef(score.parts[part]) != clef
    return f" clef={clef}" * is_said


def _instrument(part: Part, channel: int | None) -> list[str]:
    program = [f"%%MIDI program {part.program}"] if part.program else []
    return program + ([] if channel is None else [f"%%MIDI channel {channel}"])


def _channels(parts: Sequence[Part]) -> dict[int, int]:
    """The MIDI channels, from 1, that must be written, by the number of the part: 10 for drums.

    Players give each voice a channel of its own; where there are too few, equal programs share one.
    """
    channels = {number: _DRUMS for number, part in enumerate(parts) if part.is_drums}
    others = [number for number in range(len(parts)) if number not in channels]
    if len(others) > _MOST_VOICES:
        free = [channel for channel in range(1, 17) if channel != _DRUMS]
        programs = list(dict.fromkeys(parts[number].program for number in others))
        for number in others:
            channels[number] = free[programs.index(parts[number].program) % len(free)]
    return channels


class _VoiceText:
    """One part being written."""

    def __init__(self, score: Score, part: int) -> None:
        self.score = score
        self.sheet = Sheet.of(score, part, every_mark=True)
        self.segments = list(
            cut_between_tuplets(self.sheet.segments, lines_of(score), score.ticks_per_quarter)
        )
        bars = itertools.pairwise([0, *self.sheet.lines])
        self.pickups = {end for start, end in bars if self._is_pickup(start, end)}
        self.line_ticks = set(self.sheet.lines)
        self.fields = {tick: texts for tick, texts in _fields(score).items() if tick}
        self.clefs = _clefs(score, part)
        self.spelling = Spelling(_fifths(score, 0))
        self.spelling.set_clef(self.clefs.pop(0))
        self.out: list[str] = []
        self.bars_in_line = 0
        self.syllables: list[str] = []  # of the notes of this line

    def text(self) -> str:
        """The music lines, without the last line end."""
        held: frozenset[int] = frozenset()
        bar = 0
        for segment, (prefix, factor) in zip(self.segments, self._tuplets(), strict=True):
            self._boundary(segment.start, held)
            if segment.start in self.line_ticks:
                bar += 1
            elif self._begins_beat(segment.start, self.sheet.lines[bar]):
                self.out.append(" ")
            self.out.append(prefix)
            self._marks(segment.start)
            self._sound(segment, factor)
            held = segment.held
        self._marks(self.sheet.end)
        self._boundary(self.sheet.end, held)
        self._end_line()
        return "".join(self.out).strip()

    def _boundary(self, tick: int, held: frozenset[int]) -> None:
        """What stands between two notes: bar lines, repeats, endings, changes."""
        marks = self.sheet.marks.get(tick, [])
        is_line = tick in self.line_ticks
        ends, begins = bar_signs(marks, is_line)
        endings = [f"[{text} " for kind, text in marks if kind == "ending"]
        if ends or begins:
            self.spelling.begin_bar(held)
        orders = [DECORATION_OF[text] for text in _jumps(marks) if text not in SIGNS]
        if orders and not tick:
            ends = ends or ["|"]  # or they would wait for the end of the first bar
        self.bars_in_line += is_line and tick not in self.pickups
        self.out += [*orders, " ".join(ends)]
        section_ends = ends != ["|"] and not endings
        if is_line and (begins or section_ends or self.bars_in_line >= BARS_A_LINE):
            self._end_line()
        elif ends and begins:
            self.out.append(" ")  # or the signs would run into one
        self.out += begins + endings + [f"[{text}]" for text in self.fields.get(tick, [])]
        if any(text.startswith("K:") for text in self.fields.get(tick, [])):
            self.spelling.set_key(_fifths(self.score, tick))
        if clef := self.clefs.get(tick):
            self.out.append(f"[K:clef={clef}]")
            self.spelling.set_clef(clef)

    def _end_line(self) -> None:
        """Break the line, with the words that are sung to it."""
        self.out.append("\n")
        if any(self.syllables):
            self.out.append(f"w:{words_line(self.syllables)}\n")
        self.syllables = []
        self.bars_in_line = 0

    def _marks(self, tick: int) -> None:
        """What stands before a note: segno and coda, chord symbols, grace notes, ornaments."""
        marks = self.sheet.marks.get(tick, [])
        self.out += [DECORATION_OF[text] for text in _jumps(marks) if text in SIGNS]
        self.out += [f'"{text}"' for kind, text in marks if kind == "chord"]
        self.out += [self.spelling.grace(text) for kind, text in marks if kind == "grace"]
        self.out += [text for kind, text in marks if kind == "ornament"]

    def _sound(self, segment: Segment, factor: Fraction) -> None:
        length = duration_text(self._units(segment) * factor)
        notes = [self.spelling.note(pitch) for pitch in segment.pitches]
        words = [text for kind, text in self.sheet.marks.get(segment.start, []) if kind == "lyric"]
        if not notes:
            self.out.append("z" + length)
            return
        self.syllables.append(" ".join(words))
        if len(notes) == 1 or len(segment.held) in (0, len(notes)):
            chord = notes[0] if len(notes) == 1 else f"[{''.join(notes)}]"
            self.out.append(chord + length + "-" * bool(segment.held))
        else:
            ties = ["-" * (pitch in segment.held) for pitch in segment.pitches]
            self.out.append(f"[{''.join(map(str.__add__, notes, ties))}]{length}")

    def _units(self, segment: Segment) -> Fraction:
        """How many eighths a segment lasts."""
        return Fraction(2 * (segment.end - segment.start), self.score.ticks_per_quarter)

    def _is_pickup(self, start: int, end: int) -> bool:
        """Whether a bar is too short to count when a line is filled."""
        numerator, denominator = standing(self.score.metre, start)
        bar = bar_ticks(numerator, denominator, self.score.ticks_per_quarter)
        return 2 * (end - start) < bar

    def _begins_beat(self, tick: int, bar_end: int) -> bool:
        """Whether a beam should break here: beats are counted back from the end of the bar."""
        whole = 4 * self.score.ticks_per_quarter
        numerator, denominator = standing(self.score.metre, tick)
        if denominator >= 8 and numerator % 3 == 0:
            beat = 3 * whole // denominator
        else:
            beat = whole // 2 if numerator == denominator else whole // 4
        return (bar_end - tick) % max(1, beat) == 0

    def _tuplets(self) -> list[tuple[str, Fraction]]:
        """For each segment, what opens a tuplet there and the factor its length is written by."""
        plain = ("", Fraction(1))
        found = [plain] * len(self.segments)
        place = 0
        while place < len(found):
            p = _odd_part(self._units(self.segments[place]).denominator)
            n = self._tuplet_size(place) if 1 < p <= 9 else 0
            if n:
                q = 2 ** (p.bit_length() - 1)
                opening = "(3" if (p, n) == (3, 3) else f"({p}:{q}:{n}"
                found[place : place + n] = [("", Fraction(p, q))] * n
                found[place] = (opening, Fraction(p, q))
            place += n or 1
        return found

    def _tuplet_size(self, first: int) -> int:
        """How many segments from `first` make a tuplet that ends within the bar; 0 for none."""
        total = Fraction(0)
        stop = min(first + _MOST_IN_TUPLET, len(self.segments))
        for size, place in enumerate(range(first, stop), start=1):
            segment = self.segments[place]
            units = self._units(segment)
            if size > 1 and segment.start in self.line_ticks:
                return 0
            total += units
            if _odd_part(total.denominator) == 1:
                return size
        return 0


def _jumps(marks: Marks) -> list[str]:
    """The terms among marks that ABC can say."""
    return [text for kind, text in marks if kind == "jump" and text in DECORATION_OF]


def _odd_part(number: int) -> int:
    return number // (number & -number)


def _fifths(score: Score, tick: int) -> int:
    """The key signature at a tick; none where there is no key."""
    return (*standing(score.key, tick), 0)[0]


def _fields(score: Score) -> dict[int, list[str]]:
    """What holds from when on: metres, keys and tempos, by tick; the first metre before all."""
    fields: dict[int, list[str]] = defaultdict(list)
    for tick, numerator, denominator in score.metre.tolist():
        fields[tick].append(f"M:{numerator}/{denominator}")
    for mark in (mark for mark in score.marks if mark.kind == "metre"):
        metre = "none" if mark.text == "free" else "{}/{}".format(*standing(score.metre, mark.tick))
        fields[mark.tick] = [f"M:{metre}"]
    for tick, fifths, mode, _ in score.key.tolist():
        fields[tick].append(f"K:{key_text(fifths, mode)}")
    for tick, tempo_us in score.tempo.tolist():
        fields[tick].append(f"Q:{tempo_text(tempo_us)}")
    return fields
