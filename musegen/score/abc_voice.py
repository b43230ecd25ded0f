"""One voice of an ABC tune as it is read: what each lexeme of its music does to it.

Time is kept as exact fractions of a whole note until the tune is complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from musegen.score.abc_fields import (
    ACCIDENTALS,
    LENGTH,
    NOTE,
    Key,
    NotesInKey,
    note_pitch,
    read_duration,
    read_key,
    read_length,
    read_metre,
    read_tempo,
)
from musegen.score.abc_lexemes import is_chord_symbol, lexemes

_NOTE = re.compile(rf"{NOTE}{LENGTH}")
_REST = re.compile(rf"([zxZX]){LENGTH}")
_CHORD = re.compile(rf"\[([^\]]*)\]{LENGTH}")
_IN_THE_TIME_OF = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # the others: 3 in compound metres, else 2


@dataclass(eq=False)
class Sound:
    """A note being read: when it begins and how long it lasts, in whole notes."""

    onset: Fraction
    length: Fraction
    pitch: int
    name: str  # letter and octave, without accidental


@dataclass
class Voice:
    """What has been read of one voice, and what stands at its `clock`.

    `metres`, `keys` and `tempos` map the time of a change to what then holds (tempo in
    microseconds a quarter); `marks` holds (time, kind, text).
    """

    name: str = ""
    unit: Fraction = Fraction(1, 8)
    clock: Fraction = Fraction(0)
    sounds: list[Sound] = field(default_factory=list)
    barlines: list[Fraction] = field(default_factory=list)
    marks: list[tuple[Fraction, str, str]] = field(default_factory=list)
    metres: dict[Fraction, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Fraction, Key] = field(default_factory=dict)
    tempos: dict[Fraction, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._signature = Key().signature
        self._altered: dict[str, int] = {}  # by an accidental in this bar, by letter
        self._metre = (4, 4)
        self._latest: list[Sound] = []  # what the last note or chord sounded
        self._latest_length = Fraction(0)
        self._tied: list[Sound] = []  # what waits to be held on
        self._swing = Fraction(1)  # what a broken rhythm leaves for the next note
        self._tuplet = Fraction(1), 0  # the factor, and for how many notes still
        self._furthest = Fraction(0)  # where the voice that is overlaid ends

    @property
    def bar_start(self) -> Fraction:
        """When the bar that is being read began."""
        return self.barlines[-1] if self.barlines else Fraction(0)

    def change(self, letter: str, value: str) -> None:
        """Obey a field: M, L, K or Q; others say nothing about the music.

        Raises:
            ValueError: the field's value cannot be understood.
        """
        if letter == "M":
            self._metre = read_metre(value) or (4, 4)
            self.metres[self.clock] = self._metre
        elif letter == "L":
            self.unit = read_length(value)
        elif letter == "K":
            self.keys[self.clock] = read_key(value)
            self._signature = self.keys[self.clock].signature
            self._altered.clear()
        elif letter == "Q":
            tempo_us = read_tempo(value, self.unit)
            if tempo_us is not None:
                self.tempos[self.clock] = tempo_us

    def forget_accidentals(self) -> None:
        """Let no accidental that was read reach what follows, as at a bar line."""
        self._altered.clear()

    def read(self, kind: str, text: str) -> None:
        """Obey one lexeme.

        Raises:
            ValueError: it cannot be understood.
        """
        _READERS[kind](self, text)

    def _mark(self, kind: str, text: str) -> None:
        self.marks.append((self.clock, kind, text))

    def _quoted(self, text: str) -> None:
        """A chord symbol; any other text in quotes is a remark for the reader."""
        if is_chord_symbol(text.strip()):
            self._mark("chord", text.strip())

    def _ornament(self, text: str) -> None:
        self._mark("ornament", text.replace("+", "!") if text[0] == "+" else text)

    def _grace(self, text: str) -> None:
        """Keep grace notes, spelled as if they stood alone in the key."""
        alone = NotesInKey(next(reversed(self.keys.values()), Key()).fifths)

        def respelled(note: re.Match[str]) -> str:
            accidental, letter, octave = note.groups(default="")
            return alone.text(note_pitch(letter, octave, self._alteration(accidental, letter)))

        self._mark("grace", re.sub(NOTE, respelled, "".join(text.split())))

    def _bar(self, text: str) -> None:
        """A bar line, with its repeats, and the ending that may hang on it (`:|2`)."""
        line = text.rstrip("0123456789,-")
        self.clock = max(self.clock, self._furthest)
        if self.clock > self.bar_start:
            self.barlines.append(self.clock)
        self._latest_length = Fraction(0)  # no broken rhythm reaches back over a bar line
        self._altered.clear()
        if line[0] == ":":
            self._mark("repeat", "end")
        if line[-1] == ":":
            self._mark("repeat", "start")
        if ":" not in line and line != "[|]":
            if line.endswith("]"):
                self._mark("bar", "|]")
            elif len(line) > 1:
                self._mark("bar", "||")
        if line != text:
            self._ending(text[len(line) :])

    def _ending(self, text: str) -> None:
        """Open an ending: `1`, `1,3`, `1-3`; kept as the numbers with commas between."""
        numbers: list[int] = []
        for piece in re.findall(r"\d{1,2}(?:-\d{1,2})?", text):
            first, *last = (int(number) for number in piece.split("-"))
            numbers.extend(range(first, max([first, *last]) + 1))
        self._mark("ending", ",".join(map(str, numbers)))

    def _rest(self, text: str) -> None:
        """A rest; after Z or X the length counts bars."""
        letter, *length = _groups(_REST, text)
        units = read_duration(*length)
        if letter in "zx":
            self._advance(units * self._scale)
        else:
            for _ in range(int(units) - 1):
                self.clock += Fraction(*self._metre)
                self.barlines.append(self.clock)
            self._advance(Fraction(*self._metre))

    def _chord(self, text: str) -> None:
        """Notes that begin together; the first says when the next note begins."""
        inside, *length = _groups(_CHORD, text)
        notes: list[str] = []
        held: set[int] = set()
        for kind, lexeme in lexemes(inside):
            if kind == "note":
                notes.append(lexeme)
            elif kind == "tie":
                held.add(len(notes) - 1)
            elif kind in ("quoted", "ornament", "grace"):
                self.read(kind, lexeme)
            elif kind not in ("rest", "nothing"):
                raise ValueError(f"{lexeme!r} is no part of a chord")
        if not notes:
            raise ValueError(f"the chord {text} has no notes")
        self._sound(notes, read_duration(*length))
        self._tied = [self._latest[place] for place in held]

    def _sound(self, notes: list[str], times: Fraction) -> None:
        """Let notes begin together, or go on where a tie holds them."""
        held = [sound for sound in self._tied if sound.onset + sound.length == self.clock]
        sounds: list[Sound] = []
        lengths: list[Fraction] = []
        for text in notes:
            accidental, letter, octave, *length = _groups(_NOTE, text)
            lengths.append(read_duration(*length) * times * self._scale)
            name = letter + octave
            same = [sound for sound in held if sound.name == name and not accidental]
            pitch = (  # a tie carries its accidental over the bar line
                same[0].pitch
                if same
                else note_pitch(letter, octave, self._alteration(accidental, letter))
            )
            going_on = (s for s in held if s.pitch == pitch and s not in sounds)
            sound = next(going_on, None)
            if sound is None:
                sound = Sound(self.clock, Fraction(0), pitch, name)
                self.sounds.append(sound)
            sound.length += lengths[-1]
            sounds.append(sound)
        self._advance(lengths[0], sounds)

    @property
    def _scale(self) -> Fraction:
        """The length of one unit here, within its tuplet and broken rhythm."""
        return self.unit * self._swing * self._tuplet[0]

    def _alteration(self, accidental: str, letter: str) -> int:
        """The semitones by which a note is altered; an accidental holds until the bar ends.

        It holds in all octaves: the standard's default (`propagate-accidentals: pitch`).
        """
        letter = letter.upper()
        if accidental:
            self._altered[letter] = ACCIDENTALS[accidental]
        return self._altered.get(letter, self._signature[letter])

    def _advance(self, length: Fraction, sounds: list[Sound] | None = None) -> None:
        """Move the clock past a note, chord or rest."""
        self._latest = sounds or []
        self._latest_length = length
        self._tied = []
        self.clock += length
        self._swing = Fraction(1)
        factor, left = self._tuplet
        self._tuplet = (factor, left - 1) if left > 1 else (Fraction(1), 0)

    def _open_tuplet(self, text: str) -> None:
        """`3`, `3:2`, `3:2:4`: the next r notes, p in the time of q."""
        p, q, r, *_ = [int(number or 0) for number in f"{text}::".split(":")]
        numerator, denominator = self._metre
        compound = denominator >= 8 and numerator % 3 == 0
        q = q or _IN_THE_TIME_OF.get(p, 3 if compound else 2)
        if p < 2:
            raise ValueError(f"({text} is no tuplet")
        self._tuplet = Fraction(q, p), r or p

    def _broken(self, text: str) -> None:
        """Lengthen the note before and shorten the one after (`>`), or the other way round."""
        short = Fraction(1, 2 ** len(text))
        before, after = (2 - short, short) if text[0] == ">" else (short, 2 - short)
        change = self._latest_length * (before - 1)
        for sound in self._latest:
            sound.length += change
        for place, (time, kind, mark) in enumerate(self.marks):
            if time == self.clock:
                self.marks[place] = (time + change, kind, mark)
        self.clock += change
        self._latest_length += change
        self._swing = after

    def _tie(self, _: str) -> None:
        self._tied = self._latest

    def _overlay(self, _: str) -> None:
        """Go back to where the bar began: what follows sounds together with it."""
        self._furthest = max(self._furthest, self.clock)
        self.clock = self.bar_start

    def _nothing(self, _: str) -> None:
        """Spaces, slurs and line breaks are for the eye; a sign without its note is a slip."""


def _groups(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    match = pattern.match(text)
    assert match is not None, text  # the lexeme was cut by the same grammar
    return match.groups(default="")


_READERS: dict[str, Callable[[Voice, str], None]] = {
    "quoted": Voice._quoted,
    "ornament": Voice._ornament,
    "grace": Voice._grace,
    "field": lambda voice, text: voice.change(text[0], text[2:]),
    "bar": Voice._bar,
    "ending": Voice._ending,
    "chord": Voice._chord,
    "note": lambda voice, text: voice._sound([text], Fraction(1)),
    "rest": Voice._rest,
    "tuplet": Voice._open_tuplet,
    "broken": Voice._broken,
    "tie": Voice._tie,
    "overlay": Voice._overlay,
    "nothing": Voice._nothing,
}
