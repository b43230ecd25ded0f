"""The small grammars inside ABC: keys, metres, lengths, tempos, and how a pitch is spelled.

After the standard 2.1 (abcnotation.com/wiki/abc:standard:v2.1). Every reader here raises
ValueError with a sentence about what it found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from musegen.score.abc_clef import is_clef_alone
from musegen.score.score import MODES, TONIC_FIFTHS

_LAST_TURN = 32  # of a repeat
SLOWEST_US = 600_000_000  # a quarter in ten minutes
ESTIMATED = "% estimated"  # a comment of ours on a key that no file said
LINE_OF_FIFTHS = "FCGDAEB"
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"__": -2, "_": -1, "=": 0, "^": 1, "^^": 2}
ACCIDENTAL_OF = {alteration: text for text, alteration in ACCIDENTALS.items()}

# A note is its accidental, letter and octave marks; a length its numerator, slashes, denominator.
NOTE = r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)"
LENGTH = r"(\d{0,9})(?:(/{1,8})(\d{0,9}))?"

_MODE_TEXT = ("", "dor", "phr", "lyd", "mix", "m", "loc")  # in the order of MODES
_MODE_OF = {mode[:3]: index for index, mode in enumerate(MODES)} | {
    "": 0,
    "ion": 0,
    "m": 5,
    "aeo": 5,
}
_NO_KEY = re.compile(r"$|none", re.IGNORECASE)
_KEY = re.compile(r"(?P<letter>[A-G])(?P<sign>[#b]?)\s*(?P<rest>.*)")
_ALTERED = re.compile(r"(?:(?:\^\^|\^|__|_|=)[A-Ga-g])+")


@dataclass(frozen=True)
class Key:
    """A key signature: fifths −7–7, a mode (an index into MODES), and letters altered besides.

    No key is C major with `given` False; one that its line says to be a guess `is_estimated`.
    """

    fifths: int = 0
    mode: int = 0
    given: bool = True
    altered: tuple[tuple[str, int], ...] = ()
    is_estimated: bool = False

    @property
    def signature(self) -> dict[str, int]:
        """The alteration in semitones of each letter, where there is none written."""
        places = {letter: place for place, letter in enumerate(LINE_OF_FIFTHS)}
        plain = {letter: (self.fifths + 6 - place) // 7 for letter, place in places.items()}
        return plain | dict(self.altered)


def read_key(text: str) -> Key:
    """The key of a K: field: `D Mixolydian`, `F#m`, `HP`, `none`, `Dmix =c`, `D exp ^f`.

    Raises:
        ValueError: it is no key, or one with more than seven sharps or flats.
    """
    text = text.strip()
    if _NO_KEY.match(text) or is_clef_alone(text):
        return Key(given=False)
    if text[:2].upper() == "HP":  # Highland pipes: two sharps, and A is home
        return Key(2, MODES.index("mixolydian"))
    match = _KEY.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no key")
    mode, rest = _mode(match["rest"])
    altered = [
        (letter.upper(), ACCIDENTALS[accidental])
        for token in rest.split()
        if _ALTERED.fullmatch(token)
        for accidental, letter, _ in re.findall(NOTE, token)
    ]
    if rest[:3].lower() == "exp":  # what is altered is said letter by letter
        return Key(given=False, altered=tuple(altered))
    place = LINE_OF_FIFTHS.index(match["letter"]) - 1 + {"#": 7, "b": -7, "": 0}[match["sign"]]
    fifths = place - TONIC_FIFTHS[mode]
    if abs(fifths) > 7:
        raise ValueError(f"the key {text!r} has more than seven sharps or flats")
    return Key(fifths, mode, altered=tuple(altered), is_estimated=text.endswith(ESTIMATED))


def _mode(text: str) -> tuple[int, str]:
    """The mode a text begins with, and the rest; major where the first word is no mode."""
    word = re.match(r"[A-Za-z]*", text)
    name = word.group() if word else ""
    mode = _MODE_OF.get(name[:3].lower())
    return (0, text) if mode is None else (mode, text[len(name) :])


def key_text(fifths: int, mode: int) -> str:
    """A key as ABC writes it: `G`, `Dmix`, `F#m`."""
    place = fifths + TONIC_FIFTHS[mode] + 1
    sign = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}[place // 7]
    return LINE_OF_FIFTHS[place % 7] + sign + _MODE_TEXT[mode]


def read_metre(text: str) -> tuple[int, int] | None:
    """The metre of an M: field: `C`, `C|`, `6/8`, `(2+3)/8`; None where it is free.

    Raises:
        ValueError: it is no metre.
    """
    text = text.strip()
    if text.lower() in ("", "none"):
        return None
    if text in ("C", "C|"):
        return (4, 4) if text == "C" else (2, 2)
    match = re.fullmatch(r"\(?(\d{1,3}(?:\+\d{1,3})*)\)?\s*/\s*(\d{1,3})", text)
    if match is None:
        raise ValueError(f"{text!r} is no metre")
    metre = sum(map(int, match[1].split("+"))), int(match[2])
    if 0 in metre or metre[0] > 999:
        raise ValueError(f"{text!r} is no metre")
    return metre


def read_length(text: str) -> Fraction:
    """The length, in whole notes, of an L: field.

    Raises:
        ValueError: it is no length.
    """
    match = re.fullmatch(r"\s*(\d{1,3})\s*(?:/\s*(\d{1,4})\s*)?", text)
    if match is None or 0 in (int(match[1]), int(match[2] or 1)):
        raise ValueError(f"{text.strip()!r} is no note length")
    return Fraction(int(match[1]), int(match[2] or 1))


def default_length(metre: tuple[int, int] | None) -> Fraction:
    """The unit length where L: is missing: a sixteenth in metres under 3/4, else an eighth."""
    return Fraction(1, 16) if metre and Fraction(*metre) < Fraction(3, 4) else Fraction(1, 8)


def read_tempo(text: str, unit: Fraction) -> int | None:
    """Microseconds a quarter of a Q: field: `1/4=120`, `"Lento" 3/8=50`, `90` (units a minute).

    None where it is words alone.

    Raises:
        ValueError: it is no tempo.
    """
    numbers = re.sub(r'"[^"]*"', "", text).strip()
    if not numbers:
        return None
    match = re.fullmatch(r"(?:([\d/\s]+|C\d*)=)?\s*(\d{1,8}(?:\.\d+)?)", numbers)
    if match is None or float(match[2]) == 0:
        raise ValueError(f"{text.strip()!r} is no tempo")
    beat = unit
    if match[1] and match[1][0] == "C":  # an old way to say: units
        beat = unit * int(match[1][1:] or 1)
    elif match[1]:
        lengths = re.sub(r"\s*/\s*", "/", match[1]).split()
        beat = sum((read_length(length) for length in lengths), Fraction(0))
    tempo_us = max(1, round(Fraction(60_000_000) / (Fraction(match[2]) * beat * 4)))
    if tempo_us > SLOWEST_US:
        raise ValueError(f"{text.strip()!r} is no tempo")
    return tempo_us


def tempo_text(tempo_us: int) -> str:
    """A tempo, in microseconds a quarter, as ABC writes it, as short as can be: `1/4=120`."""
    texts = (f"{60_000_000 / tempo_us:.{decimals}f}" for decimals in range(12))
    beats = next(text for text in texts if float(text) and round(6e7 / float(text)) == tempo_us)
    return f"1/4={beats}"


@lru_cache(maxsize=4096)
def read_duration(numerator: str, slashes: str, denominator: str) -> Fraction:
    """How many units a note lasts, from what follows its letter: `3/2`, `/`, `//`, `4`.

    Raises:
        ValueError: it lasts no time, or is divided by zero.
    """
    text = numerator + slashes + denominator
    divisor = int(denominator) if denominator else 2 ** len(slashes)
    if divisor == 0:
        raise ValueError(f"note length {text} has a zero divisor")
    if numerator and int(numerator) == 0:
        raise ValueError(f"note length {text} is nothing")
    return Fraction(int(numerator or 1), divisor)


def read_ending(text: str) -> list[int]:
    """The turns, in order, in which an ending is played: `1`, `1,3`, `1-3`.

    Raises:
        ValueError: it is no ending.
    """
    turns: set[int] = set()
    for piece in re.findall(r"\d{1,2}(?:-\d{1,2})?", text):
        first, *last = (int(number) for number in piece.split("-"))
        turns.update(range(first, max([first, *last]) + 1))
    if min(turns) < 1 or max(turns) > _LAST_TURN:
        raise ValueError(f"{text} is no ending")
    return sorted(turns)


def duration_text(units: Fraction) -> str:
    """A note's length as ABC writes it after the letter: `3/2`, `/2`, `` (one unit), `4`."""
    numerator = "" if units.numerator == 1 else str(units.numerator)
    return numerator + ("" if units.denominator == 1 else f"/{units.denominator}")


def note_pitch(letter: str, octave: str, alteration: int) -> int:
    """The MIDI pitch of a letter with its octave marks (`C` is 60, `c` is 72), altered.

    Raises:
        ValueError: no MIDI pitch is so high or so low.
    """
    base = 72 if letter.islower() else 60
    pitch = base + SEMITONES[letter.upper()] + alteration
    pitch += 12 * (octave.count("'") - octave.count(","))
    if not 0 <= pitch <= 127:
        raise ValueError(f"the note {letter}{octave} is out of range")
    return pitch


def spell(pitch: int, fifths: int) -> tuple[str, str, int]:
    """The one way musegen spells a pitch in a key: letter, accidental, octave (4 is middle C's).

    The seven notes of the signature need no accidental. The five others are the two nearest
    flatwards and the three nearest sharpwards on the line of fifths: in C, B♭ E♭ F♯ C♯ G♯.
    """
    place = (7 * pitch - (fifths - 3)) % 12 + fifths - 3  # C is 0, G is 1, F is −1
    alteration = (place + 1) // 7
    letter = LINE_OF_FIFTHS[(place + 1) % 7]
    in_key = fifths - 1 <= place <= fifths + 5
    octave = (pitch - alteration) // 12 - 1
    return letter, "" if in_key else ACCIDENTAL_OF[alteration], octave


def letter_text(letter: str, octave: int) -> str:
    """A letter with its octave as ABC writes it: `C,` `C` `c` `c'` for octaves 3 to 6."""
    if octave >= 5:
        return letter.lower() + "'" * (octave - 5)
    return letter + "," * (4 - octave)


class NotesInKey:
    """Notes read or spelled one after another: an accidental holds for its letter from then on."""

    def __init__(self, fifths: int) -> None:
        self._fifths = fifths
        self._alterations = Key(fifths).signature

    def pitch(self, accidental: str, letter: str, octave: str) -> int:
        """The MIDI pitch of a note as written.

        Raises:
            ValueError: no MIDI pitch is so high or so low.
        """
        if accidental:
            self._alterations[letter.upper()] = ACCIDENTALS[accidental]
        return note_pitch(letter, octave, self._alterations[letter.upper()])

    def text(self, pitch: int) -> str:
        """The note as `spell` has it, with the accidental that it needs here."""
        letter, accidental, octave = spell(pitch, self._fifths)
        plain = Key(self._fifths).signature[letter]
        alteration = ACCIDENTALS[accidental] if accidental else plain
        if alteration == self._alterations[letter]:
            return letter_text(letter, octave)
        self._alterations[letter] = alteration
        return ACCIDENTAL_OF[alteration] + letter_text(letter, octave)
