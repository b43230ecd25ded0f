"""Pitches → notes of ABC, with the accidentals and octave marks that they need where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable

from musegen.score.abc_clef import shift_of
from musegen.score.abc_fields import (
    ACCIDENTAL_OF,
    ACCIDENTALS,
    NOTE,
    Key,
    NotesInKey,
    letter_text,
    spell,
)


class Spelling:
    """Pitches → notes with the accidentals that they need where they stand.

    Readers differ in whether an accidental holds in its octave or in all, and whether a tie carries
    it through the bar: where they would, it is written again.
    """

    def __init__(self, fifths: int) -> None:
        self._shift = 0
        self.set_key(fifths)

    def set_key(self, fifths: int) -> None:
        """Begin a key signature."""
        self._fifths = fifths
        self._signature = Key(fifths).signature
        self.begin_bar(())

    def set_clef(self, clef: str) -> None:
        """Begin a clef, which may say that notes sound an octave from where they are written.

        One that says nothing of octaves leaves them as they were, as readers do.
        """
        shift = shift_of(f"clef={clef}")
        self._shift = self._shift if shift is None else shift
        self._doubtful |= set(self._altered)

    def begin_bar(self, held: Iterable[int]) -> None:
        """Forget the accidentals; `held` are the pitches tied into the bar."""
        self._altered: dict[str, int] = {}
        self._altered_here: dict[tuple[str, int], int] = {}
        spelled = [spell(pitch, self._fifths) for pitch in held]
        self._doubtful = {letter for letter, accidental, _ in spelled if accidental}

    def note(self, pitch: int) -> str:
        """The note, less its length."""
        letter, accidental, octave = spell(pitch - self._shift, self._fifths)
        plain = self._signature[letter]
        alteration = ACCIDENTALS[accidental] if accidental else plain
        anywhere = self._altered.get(letter, plain)
        here = self._altered_here.get((letter, octave), plain)
        if letter in self._doubtful or not anywhere == here == alteration:
            accidental = ACCIDENTAL_OF[alteration]
            self._altered[letter] = self._altered_here[letter, octave] = alteration
        else:
            accidental = ""
        return accidental + letter_text(letter, octave)

    def grace(self, text: str) -> str:
        """The text of a grace mark, which is spelled as if it stood alone in the key."""
        alone = NotesInKey(self._fifths)
        return re.sub(NOTE, lambda note: self.note(alone.pitch(*note.groups(default=""))), text)
