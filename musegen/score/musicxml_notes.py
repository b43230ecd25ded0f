"""The notes of one bar as music21's: accidentals, ties, tuplets, beams, signs and syllables."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from musegen.score.abc_fields import ACCIDENTALS, Key, spell
from musegen.score.musicxml_layout import Bar
from musegen.score.musicxml_marks import grace_chords, ornament
from musegen.score.musicxml_rhythm import LENGTHS, Length, Piece, Sound
from musegen.score.notatable import UNITS
from musegen.score.score import Mark

VELOCITY = "velocity-"  # what the ids of notes begin with: music21 has one loudness for a chord
_FLAGGED = ("eighth", "16th", "32nd", "64th", "128th", "256th")
_TIES = {(False, True): "start", (True, True): "continue", (True, False): "stop"}


class NoteWriter:
    """Makes the notes of a bar, in the order of their time: an accidental holds to its end."""

    def __init__(
        self, bar: Bar, keys: list[tuple[int, int]], syllabics: Mapping[Mark, str]
    ) -> None:
        """`keys` are places in units and fifths; before the first there are none."""
        self._bar, self._keys, self._syllabics = bar, keys, syllabics
        self._altered: dict[tuple[str, int], int] = {}

    def element(self, piece: Piece, *, is_hidden: bool) -> Any:
        """A note, chord or rest; a rest may be there only to fill its voice."""
        from music21 import chord, note

        duration = _duration(piece.length)
        fifths = self._fifths(piece.start)
        notes = [self._note(sound, fifths) for sound in piece.sounds]
        if not notes:
            made = note.Rest(duration=duration)
            made.fullMeasure = False  # or music21 looks for the metre of every one
            if is_hidden:
                made.style.hideObjectOnPrint = True
            return made
        made = notes[0] if len(notes) == 1 else chord.Chord(notes)
        made.duration = duration
        return made

    def add(self, container: Any, element: Any, start: int, marks: list[Mark]) -> None:
        """Put an element into its voice, with the marks that stand at it."""
        from music21.common.numberTools import opFrac

        offset = opFrac(Fraction(start - self._bar.start, UNITS))
        for mark in marks:
            if mark.kind == "grace":
                for grace in self._graces(mark.text, start):
                    container.coreInsert(offset, grace, ignoreSort=True)
            elif mark.kind == "ornament":
                _adorn(element, mark.text)
            elif mark.kind == "lyric":
                _sing(element, mark.text, self._syllabics[mark])
        container.coreInsert(offset, element, ignoreSort=True)

    def beam(self, container: Any) -> None:
        """Give the notes of a voice their beams and their tuplets' brackets."""
        elements = [
            element
            for element in container.notesAndRests
            if not element.duration.isGrace and "Harmony" not in element.classes
        ]
        _bracket(elements)
        if len(elements) < 2 or not any(e.duration.type in _FLAGGED for e in elements):
            return
        pattern = tuple((int(e.duration.quarterLength * UNITS), e.isRest) for e in elements)
        length = Fraction(self._bar.end - self._bar.start, UNITS)
        for element, beams in zip(elements, _beams(pattern, self._bar.metre, length), strict=True):
            if beams is not None:
                element.beams = beams

    def _fifths(self, place: int) -> int:
        number = bisect_right(self._keys, place, key=lambda change: change[0])
        return self._keys[number - 1][1] if number else 0

    def _note(self, sound: Sound, fifths: int) -> Any:
        from music21 import note, tie

        made = note.Note(self._pitch(sound.pitch, fifths, is_new=not sound.tied_back))
        made.id = f"{VELOCITY}{sound.velocity}"
        kind = _TIES.get((sound.tied_back, sound.tied_on))
        if kind:
            made.tie = tie.Tie(kind)
        return made

    def _pitch(self, midi: int, fifths: int, *, is_new: bool) -> Any:
        """A pitch spelled in the key, with an accidental to be seen where it needs one."""
        from music21 import pitch

        letter, accidental, octave = spell(midi, fifths)
        plain = Key(fifths).signature[letter]
        alteration = ACCIDENTALS[accidental] if accidental else plain
        is_seen = is_new and self._altered.get((letter, octave), plain) != alteration
        if is_new:
            self._altered[letter, octave] = alteration
        made = pitch.Pitch(step=letter, octave=octave)
        if alteration or is_seen:
            made.accidental = pitch.Accidental(alteration)
            made.accidental.displayStatus = is_seen
        return made

    def _graces(self, text: str, place: int) -> list[Any]:
        """The grace notes of a mark."""
        from music21 import chord, note

        fifths, made = self._fifths(place), []
        for pitches in grace_chords(text, fifths):
            notes = [note.Note(self._pitch(p, fifths, is_new=True), type="16th") for p in pitches]
            whole = notes[0] if len(notes) == 1 else chord.Chord(notes, type="16th")
            grace = whole.getGrace()
            grace.duration.slash = text.startswith("{/")
            made.append(grace)
        return made


def full_rest(bar: Bar) -> Any:
    """A rest of a whole bar, however long that is."""
    from music21 import note

    rest = note.Rest(quarterLength=Fraction(bar.end - bar.start, UNITS))
    rest.fullMeasure = True
    return rest


@lru_cache(maxsize=4096)
def _beams(
    pattern: tuple[tuple[int, bool], ...], metre: tuple[int, int], length: Fraction
) -> list[Any]:
    """The beams of each note of a voice in a bar of so many quarters; None for a rest.

    `pattern` holds the length in units of each, and whether it is a rest. music21 takes long to
    work them out, and the bars of a piece are much alike.
    """
    from music21 import meter, note

    sign = meter.TimeSignature("{}/{}".format(*metre))
    start = sign.barDuration.quarterLength - length
    if start < 0:
        return [None] * len(pattern)
    alike = [
        note.Rest(duration=_duration(LENGTHS[units]))
        if is_rest
        else note.Note(duration=_duration(LENGTHS[units]))
        for units, is_rest in pattern
    ]
    beams = sign.getBeams(alike, start)
    return [None if is_rest else b for (_, is_rest), b in zip(pattern, beams, strict=True)]


def _duration(length: Length) -> Any:
    from music21 import duration

    made = duration.Duration(type=length.type, dots=length.dots)
    if length.actual > 1:
        made.appendTuplet(duration.Tuplet(length.actual, length.normal, length.type))
    return made


def _bracket(elements: list[Any]) -> None:
    """Begin a bracket with the first note of a tuplet, end it where its notes come out even."""
    first: Any = None
    filled = Fraction(0)
    for element, after in zip_longest(elements, elements[1:]):
        tuplets = element.duration.tuplets
        if not tuplets:
            continue
        ratio = tuplets[0].numberNotesActual
        first = element if first is None else first
        filled += Fraction(element.duration.quarterLength)
        following = list(after.duration.tuplets) if after is not None else []
        goes_on = bool(following) and following[0].numberNotesActual == ratio
        if filled.denominator & (filled.denominator - 1) == 0 or not goes_on:
            first.duration.tuplets[0].type = "start"
            tuplets[0].type = "startStop" if first is element else "stop"
            first, filled = None, Fraction(0)


def _adorn(element: Any, text: str) -> None:
    """Put an ornament or an articulation on a note, chord or rest."""
    sign = ornament(text)
    if sign is not None:
        is_expression = "Expression" in sign.classes
        (element.expressions if is_expression else element.articulations).append(sign)


def _sing(element: Any, text: str, syllabic: str) -> None:
    """Put a syllable under a note; the hyphen of one that goes on is a reader's to draw."""
    from music21 import note

    goes_on = syllabic in ("begin", "middle")
    lyric = note.Lyric(text=text[: len(text) - goes_on], syllabic=syllabic, applyRaw=True)
    lyric.number = len(element.lyrics) + 1
    element.lyrics.append(lyric)
