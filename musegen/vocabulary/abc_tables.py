"""The words of an `abc` vocabulary as columns: what each does, for all at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from musegen.score.abc_fields import read_key, read_metre
from musegen.score.score import MODES, Ints

from .abc_lexicon import Kind, Lexeme, read_lexeme
from .vocabulary import Mask

# The words that every vocabulary has: the end, and what spells a lexeme that is no word.
END, OPEN, CLOSE, FIRST_CHARACTER = 0, 1, 2, 3
_CHARACTERS = [chr(code) for code in range(32, 127)]
FIRST_LEXEME = FIRST_CHARACTER + len(_CHARACTERS)

FIFTHS = 15  # signatures, from seven flats to seven sharps
KEYS = 2 + FIFTHS * len(MODES)  # none told yet, none, and every signature in every mode


@dataclass(frozen=True)
class Effects:
    """What lexemes do to the place in the tune, as columns (N,) or, of one, as numbers.

    kind: what they are. ticks: how long they last. section, may_end: whether they are a bar line
    that parts sections; that may be the last. metre, bar: for a metre its number, and how long its
    bars are. key: for a key its value.
    """

    kind: Ints
    ticks: Ints
    section: Ints
    may_end: Ints
    metre: Ints
    bar: Ints
    key: Ints

    def at(self, places: Ints) -> Effects:
        """A copy of some rows."""
        return Effects(*(getattr(self, column.name)[places] for column in fields(self)))

    def put(self, place: int, effect: Effect) -> None:
        """Set one row."""
        for column, value in zip(fields(self), effect, strict=True):
            getattr(self, column.name)[place] = value


class Effect(NamedTuple):
    """What one lexeme does: a row of Effects."""

    kind: int
    ticks: int = 0
    section: bool = False
    may_end: bool = False
    metre: int = 0
    bar: int = 0
    key: int = 0


class Tables:
    """Columns over the V words.

    Attributes:
        effects: what each does; kind and ticks are its first columns.
        ending: (V,) its number, where it is an ending; else 0.
        tied: (V,) whether it is tied.
        opens, closes: (V,) whether it is a bar line that may be the first; that closes a repeat.
        order: (V,) its place among those that stand at one tick.
        canonical: (15, V) whether its notes are spelled as they should be in each signature.
        sound: (15, V) the number of the set of its pitches in each signature; 0 for none.
        fillable: whether notes can fill so many ticks exactly.
        ticks_per_eighth: the fewest that make every length an integer.
    """

    def __init__(self, words: tuple[str, ...]) -> None:
        self.lexemes = [read_lexeme(text) for text in words]
        self.index = {text: FIRST_LEXEME + place for place, text in enumerate(words)}
        self.size = FIRST_LEXEME + len(words)
        self.metres = [text[2:] for text in words if text.startswith("M:")]
        lengths = [lexeme.units for lexeme in self.lexemes]
        lengths += [_bar_units(metre) for metre in self.metres]
        self.ticks_per_eighth = math.lcm(2, *(length.denominator for length in lengths))
        rows = [Effect(Kind.END), *[Effect(Kind.SPELLING)] * (FIRST_LEXEME - 1)]
        rows += [self.effect(lexeme) for lexeme in self.lexemes]
        self.effects = Effects(*(np.array(column, np.int64) for column in zip(*rows, strict=True)))
        self.kind, self.ticks = self.effects.kind, self.effects.ticks
        self.tied = self._column([lexeme.tied for lexeme in self.lexemes]).astype(bool)
        self.closes = self._column([lexeme.text.startswith(":") for lexeme in self.lexemes]) > 0
        self.opens = self._column([lexeme.text == "|:" for lexeme in self.lexemes]).astype(bool)
        self.order = self._column(self._orders())
        self.ending = self._column([_ending(lexeme) for lexeme in self.lexemes])
        self.canonical, self.sound = self._spellings()
        self.fillable = self._fillable()

    def effect(self, lexeme: Lexeme) -> Effect:
        """What a lexeme does; it need not be a word."""
        if lexeme.kind == Kind.METRE:
            metre = lexeme.text[2:]
            number = self.metres.index(metre) + 1 if metre in self.metres else 0
            return Effect(lexeme.kind, metre=number, bar=self._in_ticks(_bar_units(metre)))
        if lexeme.kind == Kind.KEY:
            return Effect(lexeme.kind, key=key_value(lexeme.text[2:]))
        ticks = self._in_ticks(lexeme.units)
        return Effect(lexeme.kind, ticks, lexeme.ends_section, lexeme.may_end_piece)

    def spelled(self, text: str) -> list[int]:
        """The words for a lexeme: itself, or its characters where it is no word."""
        if text in self.index:
            return [self.index[text]]
        characters = [sign if " " <= sign <= "~" else "?" for sign in text]
        return [OPEN, *(FIRST_CHARACTER + ord(character) - 32 for character in characters), CLOSE]

    def texts(self, words: Ints) -> Iterator[tuple[int, str]]:
        """The lexemes that words (T,) say, each with the place of its last word; not the end."""
        spelled: list[str] | None = None
        for place, word in enumerate(words.tolist()):
            if word == OPEN:
                spelled = []
            elif word == CLOSE:
                if spelled:
                    yield place, "".join(spelled)
                spelled = None
            elif word >= FIRST_LEXEME:
                yield place, self.lexemes[word - FIRST_LEXEME].text
            elif spelled is not None and word >= FIRST_CHARACTER:
                spelled.append(character(word))

    def sound_of(self, lexeme: Lexeme, fifths: int) -> int:
        """The number of the set of pitches of a lexeme; 0 where no word sounds like it."""
        return self._sounds.get(lexeme.pitches(fifths), 0)

    def _in_ticks(self, units: Fraction) -> int:
        return round(units * self.ticks_per_eighth)

    def _column(self, values: list[int] | list[bool]) -> Ints:
        return np.array([0] * FIRST_LEXEME + [int(value) for value in values], np.int64)

    def _orders(self) -> list[int]:
        """Words that meet at one tick stand by kind, then by text; a sound is after them all."""
        marks = sorted((lx.kind, lx.text) for lx in self.lexemes if lx.kind < Kind.NOTE)
        order = {text: place for place, (_, text) in enumerate(marks)}
        return [order.get(lexeme.text, len(order)) for lexeme in self.lexemes]

    def _spellings(self) -> tuple[Mask, Ints]:
        canonical = np.ones((FIFTHS, self.size), bool)
        sound = np.zeros((FIFTHS, self.size), np.int64)
        self._sounds: dict[tuple[int, ...], int] = {}
        for word, lexeme in enumerate(self.lexemes, start=FIRST_LEXEME):
            for row in range(FIFTHS if lexeme.notes else 0):
                canonical[row, word] = lexeme.is_canonical(row - 7)
                if lexeme.kind == Kind.NOTE and canonical[row, word]:
                    pitches = lexeme.pitches(row - 7)
                    number = self._sounds.setdefault(pitches, len(self._sounds) + 1)
                    sound[row, word] = number
        return canonical, sound

    def _fillable(self) -> Mask:
        """Filled by notes that need no accidental, for those there are in every key."""
        plain = {
            self._in_ticks(lexeme.units)
            for lexeme in self.lexemes
            if len(lexeme.notes) == 1 and not lexeme.notes[0][0] and lexeme.kind == Kind.NOTE
            if not lexeme.tied
        }
        fillable = np.zeros(int(self.effects.bar.max()) + 1, bool)
        fillable[0] = True
        for ticks in range(1, len(fillable)):
            fillable[ticks] = any(length <= ticks and fillable[ticks - length] for length in plain)
        return fillable


def character(word: int) -> str:
    """The character that a spelling word stands for."""
    return _CHARACTERS[word - FIRST_CHARACTER]


def key_value(text: str) -> int:
    """A key as a number: 0 is kept for none told yet, 1 is no key."""
    key = read_key(text)
    return 2 + (key.fifths + 7) * len(MODES) + key.mode if key.given else 1


def signature_row(key: Ints) -> Ints:
    """Key values → the row of their signature in the tables; without a key, that of C."""
    return np.where(key < 2, 7, (key - 2) // len(MODES))


def _ending(lexeme: Lexeme) -> int:
    """The first number of an ending; 0 where it is none."""
    signs = lexeme.text if lexeme.kind == Kind.ENDING else ""
    return next((int(sign) for sign in signs if sign.isdigit()), 0)


def _bar_units(metre: str) -> Fraction:
    return Fraction(*(read_metre(metre) or (4, 4))) * 8
