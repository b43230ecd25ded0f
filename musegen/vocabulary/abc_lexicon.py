"""What the words of the `abc` vocabulary mean, each alone: kind, length, pitches, key, metre.

A word is a lexeme of ABC with L:1/8, in which an accidental holds for that word alone and a letter
without one is as the key signature says; so its pitch depends on the key, and nothing else does.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from functools import lru_cache

from musegen.score.abc_fields import (
    LENGTH,
    LINE_OF_FIFTHS,
    NOTE,
    NotesInKey,
    duration_text,
    key_text,
    note_pitch,
    read_duration,
    read_key,
    read_metre,
)
from musegen.score.abc_lexemes import lexemes

NO_KEY = "K:none"
_NOTE = re.compile(NOTE)
_ROOT = re.compile(r'(^"\(?)([A-G])([#b]?)|(/)([A-Ga-g])([#b+]?)')  # and bass, where + sharpens


class Kind(IntEnum):
    """What a word is; those before NOTE stand in this order where they meet at one tick."""

    BAR = 0
    ENDING = 1
    METRE = 2
    KEY = 3
    CHORD = 4
    GRACE = 5
    ORNAMENT = 6
    NOTE = 7
    REST = 8
    END = 9
    SPELLING = 10  # a character of a lexeme that is no word, or what opens and closes it


_KINDS = {
    "bar": Kind.BAR,
    "ending": Kind.ENDING,
    "quoted": Kind.CHORD,
    "grace": Kind.GRACE,
    "ornament": Kind.ORNAMENT,
    "note": Kind.NOTE,
    "chord": Kind.NOTE,
    "rest": Kind.REST,
}


@dataclass(frozen=True)
class Lexeme:
    """What one lexeme means.

    Attributes:
        kind: what it is.
        text: as it is written.
        units: how long it lasts, in eighths.
        notes: accidental, letter and octave marks of its notes, or of its grace notes.
        tied: whether it goes on into the next note.
    """

    kind: Kind
    text: str
    units: Fraction = Fraction(0)
    notes: tuple[tuple[str, str, str], ...] = ()
    tied: bool = False

    @property
    def ends_section(self) -> bool:
        """Whether it is a bar line at which a section ends or begins."""
        return self.kind == Kind.BAR and self.text != "|"

    @property
    def may_end_piece(self) -> bool:
        """Whether it is a bar line after which there may be nothing."""
        return self.ends_section and not self.text.endswith(":")

    def pitches(self, fifths: int) -> tuple[int, ...]:
        """The MIDI pitches of its notes in a key signature."""
        alone = NotesInKey(fifths)
        return tuple(alone.pitch(*note) for note in self.notes)

    def is_canonical(self, fifths: int) -> bool:
        """Whether the notes are spelled, in a key signature, as `spell` would, from low to high."""
        try:
            pitches = self.pitches(fifths)
        except ValueError:
            return False
        rises = all(low < high for low, high in itertools.pairwise(pitches))
        if self.kind == Kind.NOTE and not rises:
            return False
        return _spelled(pitches, fifths) == ["".join(note) for note in self.notes]


@lru_cache(maxsize=65_536)
def read_lexeme(text: str) -> Lexeme:
    """What a lexeme means.

    Raises:
        ValueError: it is none.
    """
    if text.startswith("M:"):
        read_metre(text[2:])
        return Lexeme(Kind.METRE, text)
    if text.startswith("K:"):
        read_key(text[2:])
        return Lexeme(Kind.KEY, text)
    found = [(kind, inside) for kind, inside in lexemes(text) if kind != "nothing"]
    if not found or found[0][0] not in _KINDS:
        raise ValueError(f"{text!r} is no lexeme")
    kind = _KINDS[found[0][0]]
    if kind not in (Kind.NOTE, Kind.REST, Kind.GRACE):
        return Lexeme(kind, text)
    notes = tuple((m[1] or "", m[2], m[3]) for m in _NOTE.finditer(text))
    if kind == Kind.GRACE:
        return Lexeme(kind, text, notes=notes)
    length = re.search(rf"{LENGTH}-?$", text)
    assert length is not None
    units = read_duration(*length.groups(default=""))
    return Lexeme(kind, text, units, notes, found[-1][0] == "tie")


def note_text(pitches: Sequence[int], fifths: int, units: Fraction, tied: bool) -> str:
    """The canonical lexeme of a note or chord, or of a rest where there are no pitches."""
    names = _spelled(pitches, fifths)
    sound = "z" if not names else names[0] if len(names) == 1 else f"[{''.join(names)}]"
    return sound + duration_text(units) + "-" * tied


def shifted_fifths(fifths: int, semitones: int) -> int:
    """A key signature moved by semitones: from five flats to six sharps."""
    return (fifths + 7 * semitones + 5) % 12 - 5


def transposed(lexeme: Lexeme, fifths: int, semitones: int, *, in_key: bool = True) -> str:
    """The lexeme that says the same so many semitones higher, from one key signature to another.

    Without a key, the signature stays.

    Raises:
        ValueError: a note leaves the MIDI range.
    """
    if not semitones:
        return lexeme.text
    target = shifted_fifths(fifths, semitones) if in_key else fifths
    if lexeme.kind == Kind.KEY and lexeme.text != NO_KEY:
        key = read_key(lexeme.text[2:])
        return "K:" + key_text(shifted_fifths(key.fifths, semitones), key.mode)
    if lexeme.kind == Kind.CHORD:
        return _ROOT.sub(lambda root: _moved_root(root, target, semitones), lexeme.text)
    if not lexeme.notes:
        return lexeme.text
    pitches = [pitch + semitones for pitch in lexeme.pitches(fifths)]
    if min(pitches) < 0 or max(pitches) > 127:
        raise ValueError(f"{lexeme.text} is out of range when moved by {semitones} semitones")
    if lexeme.kind == Kind.NOTE:
        return note_text(sorted(pitches), target, lexeme.units, lexeme.tied)
    names = iter(_spelled(pitches, target))
    return _NOTE.sub(lambda _: next(names), lexeme.text)


def _spelled(pitches: Sequence[int], fifths: int) -> list[str]:
    alone = NotesInKey(fifths)
    return [alone.text(pitch) for pitch in pitches]


def _moved_root(root: re.Match[str], fifths: int, semitones: int) -> str:
    """The root or bass of a chord symbol, moved; spelled in the new key, never doubly altered."""
    before, letter, sign = (group for group in root.groups() if group is not None)
    pitch = note_pitch(letter.upper(), "", {"": 0, "b": -1}.get(sign, 1)) + semitones
    place = (7 * pitch - (fifths - 3)) % 12 + fifths - 3
    place -= 12 * ((place > 12) - (place < -8))
    name, moved_sign = LINE_OF_FIFTHS[(place + 1) % 7], {-1: "b", 0: "", 1: "#"}[(place + 1) // 7]
    return before + (name.lower() if letter.islower() else name) + moved_sign
