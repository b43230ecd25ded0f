"""How time passes in a voice of an ABC tune: unit length, metre, bars, tuplets, broken rhythm.

Time is kept as exact fractions of a whole note until the tune is complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from musegen.score.abc_fields import read_metre
from musegen.score.jumps import SIGNS

_IN_THE_TIME_OF = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # the others: 3 in compound metres, else 2
_WHOLE = Fraction(1)
MOST_BARS = 100_000  # of all voices together
_LONGEST = 2**14  # whole notes; numbers in a file must not make it grow
_FINEST = 4 * 32_767  # parts of a whole note that ticks can say


class TimeOverflow(ValueError):
    """A tune is longer, or its notes odder, than a score can say."""


@dataclass(eq=False)
class Sound:
    """A note being read: when it begins and how long it lasts, in whole notes."""

    onset: Fraction
    length: Fraction
    pitch: int
    name: str  # letter and octave, without accidental


@dataclass
class Rhythm:
    """Where in time a voice stands.

    `metres` maps the time of a change to the metre that then holds; `barlines` are the times at
    which bars end; `marks` holds (time, kind, text).
    """

    unit: Fraction = Fraction(1, 8)
    clock: Fraction = Fraction(0)
    barlines: list[Fraction] = field(default_factory=list)
    metres: dict[Fraction, tuple[int, int]] = field(default_factory=dict)
    marks: list[tuple[Fraction, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.metre: tuple[int, int] | None = (4, 4)
        self.latest_length = Fraction(0)
        self.slips: list[str] = []  # what was passed over since somebody looked
        self._broken = ""  # the signs between the last note and the next
        self._swing = _WHOLE  # what a broken rhythm leaves for the next note
        self._tuplet = _WHOLE, 0  # the factor, and for how many notes still
        self._furthest = Fraction(0)  # where the voice that is overlaid ends
        self._orders: list[str] = []  # jumps that wait for the end of the bar

    @property
    def bar_start(self) -> Fraction:
        """When the bar that is being read began."""
        return self.barlines[-1] if self.barlines else Fraction(0)

    @property
    def scale(self) -> Fraction:
        """The length of one unit here, within its tuplet and broken rhythm."""
        factor = self._tuplet[0]
        if self._swing is _WHOLE and factor is _WHOLE:  # most notes: spare the arithmetic
            return self.unit
        return self.unit * self._swing * factor

    def mark(self, kind: str, text: str) -> None:
        """Note what is written here."""
        self.marks.append((self.clock, kind, text))

    def jump(self, term: str) -> None:
        """Note a sign to jump to, or an order to jump, which waits for the end of the bar."""
        if term in SIGNS:
            self.mark("jump", term)
        else:
            self._orders.append(term)

    def obey_orders(self) -> None:
        """Put the jumps that wait where the voice now stands, as at the end of a tune."""
        for text in self._orders:
            self.mark("jump", text)
        self._orders = []

    def begin_metre(self, text: str) -> None:
        """Obey an M: field; a free metre is 4/4 and marked so.

        Raises:
            ValueError: it is no metre.
        """
        was_free, self.metre = self.metre is None, read_metre(text)
        self.metres[self.clock] = self.metre or (4, 4)
        if self.metre is None:
            self.mark("metre", "free")
        elif was_free:
            self.mark("metre", "strict")

    def advance(self, length: Fraction) -> None:
        """Move past a note, chord or rest."""
        self.latest_length = length
        self._move(length)
        self._swing = _WHOLE
        factor, left = self._tuplet
        self._tuplet = (factor, left - 1) if left > 1 else (_WHOLE, 0)

    def _move(self, by: Fraction) -> None:
        self.check(self.clock + by)
        self.clock += by

    def check(self, time: Fraction) -> None:
        """Make sure that a score can say a time.

        Raises:
            TimeOverflow: it is too late, or too odd.
        """
        if time > _LONGEST:
            raise TimeOverflow("it is too long")
        if time.denominator > _FINEST:
            raise TimeOverflow("its note lengths are too many or too odd for ticks")

    def end_bar(self) -> None:
        """Draw a bar line, unless one stands here."""
        self.clock = max(self.clock, self._furthest)
        if self.clock > self.bar_start:
            self.barlines.append(self.clock)
        self.obey_orders()
        self.latest_length = Fraction(0)  # no broken rhythm reaches back over a bar line

    def end_line(self) -> None:
        """Draw the bar line that many books leave out at the end of a line, if the bar is full.

        Accidentals hold on: where a bar line is not drawn, they are not written again either.
        """
        if self._broken:  # it may shorten the bar yet
            return
        is_full = self.metre is not None and self.clock - self.bar_start >= Fraction(*self.metre)
        if is_full and self.clock >= self._furthest:
            self.barlines.append(self.clock)
            self.latest_length = Fraction(0)
        if self.clock == self.bar_start:
            self.obey_orders()

    def rest_for_bars(self, bars: int) -> None:
        """Let whole bars pass; the last one's line is still to come.

        Raises:
            TimeOverflow: they are more than a score can say.
        """
        if bars > MOST_BARS:
            raise TimeOverflow("it is too long")
        length = Fraction(*(self.metre or (4, 4)))
        for _ in range(bars - 1):
            self._move(length)
            self.barlines.append(self.clock)
        self.advance(length)

    def begin_tuplet(self, text: str) -> None:
        """`3`, `3:2`, `3:2:4`: the next r notes, p in the time of q.

        Raises:
            ValueError: it is no tuplet.
        """
        p, q, r, *_ = [int(number[:3] or 0) for number in f"{text}::".split(":")]
        numerator, denominator = self.metre or (4, 4)
        compound = denominator >= 8 and numerator % 3 == 0
        q = q or _IN_THE_TIME_OF.get(p, 3 if compound else 2)
        if p < 2:
            raise ValueError(f"({text} is no tuplet")
        self._tuplet = Fraction(q, p), r or p

    def break_rhythm(self, signs: str) -> None:
        """Lengthen the note before and shorten the one after (`>`), or the other way round."""
        self._broken = signs

    def settle_rhythm(self, units: Fraction | None) -> Fraction:
        """Apply a broken rhythm before a note or rest of so many units, or (None) a bar line.

        Between notes of unequal length it means nothing (the standard leaves it undefined), and is
        passed over.

        Returns: what the note before gains, as a share of its length.
        """
        signs, self._broken = self._broken, ""
        if not signs:
            return Fraction(0)
        if units is not None and units * self.scale != self.latest_length:
            self.slips.append(f"{signs} stands between notes of unequal length")
            return Fraction(0)
        short = Fraction(1, 2 ** len(signs))
        before, self._swing = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        gain = self.latest_length * (before - 1)
        for place in range(len(self.marks) - 1, -1, -1):
            time, kind, mark = self.marks[place]
            if time != self.clock:
                break
            self.marks[place] = (time + gain, kind, mark)
        self._move(gain)
        return before - 1

    def overlay(self) -> None:
        """Go back to where the bar began: what follows sounds together with it."""
        self._furthest = max(self._furthest, self.clock)
        self.clock = self.bar_start
        self._broken, self.latest_length = "", Fraction(0)
