"""One voice of an ABC tune as it is read: what each lexeme of its music does to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from musegen.score.abc_clef import clef_of, is_clef_alone, shift_of
from musegen.score.abc_fields import (
    ACCIDENTALS,
    LENGTH,
    NOTE,
    Key,
    NotesInKey,
    note_pitch,
    read_duration,
    read_ending,
    read_key,
    read_length,
    read_tempo,
    spell,
)
from musegen.score.abc_jumps import SYMBOLS, term_of
from musegen.score.abc_lexemes import is_chord_symbol, marks_of_bar, scan
from musegen.score.abc_lyrics import aligned, n_syllables
from musegen.score.abc_rhythm import Rhythm, Sound
from musegen.score.dynamics import OTHER_NAMES

_NOTE = re.compile(rf"{NOTE}{LENGTH}")
_REST = re.compile(rf"([zxZX]){LENGTH}")
_CHORD = re.compile(rf"\[([^\]]*)\]{LENGTH}")
_MIDI = re.compile(r"MIDI\s+(program|channel|transpose)\s+(?:\d+\s+)?(-?\d{1,3})\s*$")


@dataclass
class Voice(Rhythm):
    """What has been read of one voice, and what stands at its `clock`.

    `keys` and `tempos` map the time of a change to what then holds (tempo in microseconds a
    quarter); `symbols` what a letter stands for as an ornament; `unread` counts by kind what has
    no place in a score.
    """

    name: str = ""
    program: int | None = None
    is_drums: bool = False
    shift: int = 0  # semitones by which it sounds higher than it is written
    sounds: list[Sound] = field(default_factory=list)
    keys: dict[Fraction, Key] = field(default_factory=dict)
    tempos: dict[Fraction, int] = field(default_factory=dict)
    symbols: dict[str, str] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._signature = Key().signature
        self._altered: dict[str, int] = {}  # by an accidental in this bar, by letter
        self._latest: list[Sound] = []  # what the last note or chord sounded
        self._lengths: list[Fraction] = []  # of each, without what it was tied to
        self._tied: list[Sound] = []  # what waits to be held on
        self._line: list[tuple[Fraction, int]] = []  # when the line's notes begin, and their bar
        self._verses = 0  # words read under this line

    @property
    def _fifths(self) -> int:
        return next(reversed(self.keys.values()), Key()).fifths

    def change(self, letter: str, value: str) -> None:
        """Obey a field: M, L, K, Q, I or w; others say nothing about the music.

        Raises:
            ValueError: its value cannot be understood.
        """
        if letter == "M":
            self.begin_metre(value)
        elif letter == "L":
            self.unit = read_length(value)
        elif letter == "K":
            self._begin_key(value)
        elif letter == "Q":
            tempo_us = read_tempo(value, self.unit)
            self.unread["tempo words"] += '"' in value or tempo_us is None
            if tempo_us is not None:
                self.tempos[self.clock] = tempo_us
        elif letter == "I":
            self._instruct(value)
        elif letter == "w":
            self._sing(value)

    def begin_line(self) -> None:
        """Begin a line of music: the words that follow it are sung to its notes."""
        self._line, self._verses = [], 0

    def set_clef(self, text: str) -> None:
        """Obey what a K: field, or a V: field after its identifier, says of clef and octaves."""
        if clef := clef_of(text):
            self.mark("clef", clef)
        if (shift := shift_of(text)) is not None:
            self.shift = shift

    def forget_accidentals(self) -> None:
        """Let no accidental that was read reach what follows, as at a bar line."""
        self._altered.clear()

    def read(self, kind: str, text: str) -> None:
        """Obey one lexeme.

        Raises:
            ValueError: it cannot be understood.
            TimeOverflow: the voice grows too long, or its times too odd.
        """
        _READERS[kind](self, text)

    def _begin_key(self, value: str) -> None:
        self.set_clef(value)
        if is_clef_alone(value) and self.keys:
            return
        self.keys[self.clock] = read_key(value)
        self._signature = self.keys[self.clock].signature
        self._altered.clear()

    def _instruct(self, value: str) -> None:
        """Obey `%%MIDI program`, `channel` (10 is drums) and `transpose`; count the others."""
        match = _MIDI.match(value)
        what, number = (match[1], int(match[2])) if match else ("", 0)
        if what == "program" and 0 <= number <= 127 and self.program in (None, number):
            self.program = number
        elif what == "channel":
            self.is_drums = number == 10
        elif what == "transpose":
            self.shift = number
        else:
            self.unread["program changes" if what else "directives"] += 1

    def _sing(self, words: str) -> None:
        """Put words under the notes of the line; only the first verse has a place."""
        self._verses += 1
        if self._verses > 1:
            self.unread["syllables of later verses"] += n_syllables(words)
            return
        sung, too_many = aligned(words, self._line)
        self.unread["syllables without a note"] += too_many
        self.marks += [(time, "lyric", syllable) for time, syllable in sung]

    def _quoted(self, text: str) -> None:
        """A chord symbol or a jump; any other text in quotes is a remark for the reader."""
        if is_chord_symbol(text.strip()):
            self.mark("chord", text.strip())
        elif term := term_of(text):
            self.jump(term)
        else:
            self.unread["remarks"] += 1

    def _ornament(self, text: str) -> None:
        text = self.symbols.get(text, SYMBOLS.get(text, text))
        if term := term_of(text):
            self.jump(term)
        elif text := OTHER_NAMES.get(text, text):
            self.mark("ornament", text.replace("+", "!") if text[0] == "+" else text)

    def _grace(self, text: str) -> None:
        """Keep grace notes, spelled as if they stood alone in the key."""
        alone = NotesInKey(self._fifths)

        def respelled(note: re.Match[str]) -> str:
            accidental, letter, octave = note.groups(default="")
            return alone.text(self._pitch(accidental, letter, octave))

        self.mark("grace", re.sub(NOTE, respelled, "".join(text.split())))

    def _bar(self, text: str) -> None:
        """A bar line, with its repeats, and the ending that may hang on it (`:|2`)."""
        line = text.rstrip("0123456789,-")
        self._settle(None)
        self.end_bar()
        self._altered.clear()
        signs = line.lstrip(".")
        for kind, mark in marks_of_bar(signs):
            self.mark(kind, mark)
        self.unread["repeats played more than twice"] += "::|" in signs or "|::" in signs
        if line != text:
            self._ending(text.removeprefix(line))

    def _ending(self, text: str) -> None:
        """Open an ending, kept as its numbers with commas between."""
        self.mark("ending", ",".join(map(str, read_ending(text))))

    def _rest(self, text: str) -> None:
        """A rest; after Z or X the length counts bars."""
        letter, *length = _groups(_REST, text)
        units = read_duration(*length)
        self._settle(units if letter in "zx" else None)
        self._latest, self._tied = [], []
        if letter in "zx":
            self.advance(units * self.scale)
        else:
            self.rest_for_bars(int(units))

    def _chord(self, text: str) -> None:
        """Notes that begin together; the first says when the next note begins."""
        inside, *length = _groups(_CHORD, text)
        notes: list[str] = []
        held: set[int] = set()
        for kind, lexeme, fault in scan(inside):
            if fault:
                self.slips.append(fault)
            elif kind == "note":
                notes.append(lexeme)
            elif kind == "tie" and notes:
                held.add(len(notes) - 1)
            elif kind in ("quoted", "ornament", "grace"):
                self.read(kind, lexeme)
            elif kind not in ("rest", "nothing", "slur", "tie"):
                raise ValueError(f"{lexeme!r} is no part of a chord")
        if not notes:
            raise ValueError(f"the chord {text[:20]} has no notes")
        self._sound(notes, read_duration(*length))
        self._tied = [self._latest[place] for place in held]

    def _sound(self, notes: list[str], times: Fraction) -> None:
        """Let notes begin together, or go on where a tie holds them, accidental and all."""
        parsed = [_groups(_NOTE, text) for text in notes]
        units = [read_duration(*length) * times for _, _, _, *length in parsed]
        self._settle(units[0])
        scale = self.scale
        lengths = [number * scale for number in units]
        self.check(self.clock + max(lengths))
        held = [sound for sound in self._tied if sound.onset + sound.length == self.clock]
        pitch_of = {sound.name: sound.pitch for sound in reversed(held)}
        waiting: dict[int, list[Sound]] = {}
        for sound in reversed(held):
            waiting.setdefault(sound.pitch, []).append(sound)
        sounds: list[Sound] = []
        for (accidental, letter, octave, *_), length in zip(parsed, lengths, strict=True):
            name = letter + octave
            is_same = not accidental and name in pitch_of
            pitch = pitch_of[name] if is_same else self._pitch(accidental, letter, octave)
            if waiting.get(pitch):
                sound = waiting[pitch].pop()
            else:
                sound = Sound(self.clock, Fraction(0), pitch, name)
                self.sounds.append(sound)
            sound.length += length
            sounds.append(sound)
        self._line.append((self.clock, len(self.barlines)))
        self._latest, self._lengths, self._tied = sounds, lengths, []
        self.advance(lengths[0])

    def _pitch(self, accidental: str, letter: str, octave: str) -> int:
        """The MIDI pitch of a note; an accidental holds until the bar ends.

        It holds in all octaves: the standard's default (`propagate-accidentals: pitch`).
        """
        name = letter.upper()
        if accidental:
            self._altered[name] = ACCIDENTALS[accidental]
        alteration = self._altered.get(name, self._signature[name])
        usual, *_ = spell(note_pitch(name, "", alteration), self._fifths)
        self.unread["spellings of notes"] += usual != name
        return note_pitch(letter, octave, alteration + self.shift)

    def _settle(self, units: Fraction | None) -> None:
        share = self.settle_rhythm(units)
        for sound, length in zip(self._latest, self._lengths, strict=False):  # a rest has none
            sound.length += length * share

    def _tie(self) -> None:
        self._tied = self._latest


def _groups(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    match = pattern.match(text)
    assert match, text  # the lexeme was cut by the same grammar
    return match.groups(default="")


_READERS: dict[str, Callable[[Voice, str], None]] = {
    "quoted": Voice._quoted,
    "ornament": Voice._ornament,
    "grace": Voice._grace,
    "field": lambda voice, text: voice.change(text[0], text[2:]),
    "bar": Voice._bar,
    "ending": Voice._ending,
    "chord": Voice._chord,
    "microtone": lambda voice, _: voice.unread.update(["quarter tones"]),
    "note": lambda voice, text: voice._sound([text], Fraction(1)),
    "rest": Voice._rest,
    "tuplet": lambda voice, text: voice.begin_tuplet(text),
    "broken": lambda voice, text: voice.break_rhythm(text),
    "tie": lambda voice, _: voice._tie(),
    "overlay": lambda voice, _: voice.overlay(),
    "slur": lambda voice, _: voice.unread.update(["slurs"]),
    "nothing": lambda voice, _: None,
}
