"""ABC text → scores: a tune is read line by line, voice by voice.

After the standard 2.1, and as forgiving as real books need. Repeats stay as written. What is
damaged is passed over and told in the score's `faults`; what a score has no place for is counted
in its `unread`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from musegen.errors import UnreadableFile
from musegen.score.abc_book import FIELD, TuneText, tunes_in
from musegen.score.abc_fields import default_length, read_metre
from musegen.score.abc_lexemes import is_decoration, scan
from musegen.score.abc_rhythm import MOST_BARS, TimeOverflow
from musegen.score.abc_score import score_of
from musegen.score.abc_text import plain
from musegen.score.abc_voice import Voice
from musegen.score.counts import first_faults
from musegen.score.jumps import check_jumps
from musegen.score.score import Score

# What header and body fields are called that have no place in a score.
_UNREAD = {
    "A": "areas",
    "B": "books",
    "C": "composers",
    "D": "discographies",
    "E": "spacings",
    "F": "file addresses",
    "G": "groups",
    "H": "histories",
    "N": "remarks",
    "O": "origins",
    "P": "orders of parts (not played)",
    "R": "rhythms",
    "S": "sources",
    "W": "words after the tune",
    "Z": "transcribers",
    "m": "macros",
    "s": "symbol lines",
}
_SAYS_NOTHING = "r+"  # comments, and what continues a field
_OF_A_VOICE = "MLKQIw"
_DIGITS = 9  # of a tune's number
_MOST_CHARACTERS = 500_000  # of a tune; a movement of a symphony takes 58,000
_MOST_TUNES = 100_000  # of a book
_LONGEST_FAULT = 200  # characters
_USER_SYMBOL = re.compile(r"\s*([~H-Wh-w])\s*=\s*(\S.*?)\s*$")


def read_book(text: str) -> list[Score]:
    """The tunes of an ABC book, in order.

    Raises:
        UnreadableFile: there is no tune, or one cannot be read (the first such is named).
    """
    tunes: list[Score] = []
    for tune in read_tunes(text):
        if isinstance(tune, UnreadableFile):
            raise tune
        tunes.append(tune)
    return tunes


def read_tunes(text: str) -> Iterator[Score | UnreadableFile]:
    """The tunes of an ABC book, in order; for one that cannot be read, what is wrong with it.

    One at least: of a book without a tune, that it has none. The last may be that it has too many.
    """
    tune = None
    for number, tune in enumerate(tunes_in(text)):
        if number == _MOST_TUNES:
            fault = f"holds more than {_MOST_TUNES:,} tunes, and those are not read"
            yield UnreadableFile(fault, hint="Make several books of it.")
            return
        yield read_tune(tune)
    if tune is None:
        yield UnreadableFile("holds no tune", hint="A tune has a line X:1 and a line K:C at least.")


def read_tune(text: TuneText) -> Score | UnreadableFile:
    """A tune, or what is wrong with it: no key, no end, more faults than notes, or its length."""
    if sum(len(line) for _, line in text.lines) > _MOST_CHARACTERS:
        return _refused(f"line {text.lines[0][0]}: the tune has over {_MOST_CHARACTERS:,} letters")
    tune = _Tune()
    number = 0
    try:
        for number, line in (*text.header, *text.lines):
            tune.line = number
            tune.read(line)
        score = tune.score()
    except TimeOverflow as fault:
        return _refused(f"line {number}: {fault}", tune.title)
    if len(tune.faults) > score.n_notes:
        return _refused(tune.faults[0], tune.title)
    return score


def _refused(fault: str, title: str = "") -> UnreadableFile:
    where = f" (in {_shortened(title)!r})" if title else ""
    return UnreadableFile(f"{fault}{where}", hint="Mend that line, or leave the tune out.")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_FAULT else f"{text[:_LONGEST_FAULT]}…"


@dataclass
class _Tune:
    """A tune as far as its lines have been read."""

    header: dict[str, str] = field(default_factory=dict)
    title: str = ""
    number: int = 0
    line: int = 0
    characters: int = 0
    voices: dict[str, Voice] = field(default_factory=dict)
    voice: Voice | None = None  # the one being read; none before K: ends the header
    faults: list[str] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    unread_header: Counter[str] = field(default_factory=Counter)
    symbols: dict[str, str] = field(default_factory=dict)
    told: Voice = field(default_factory=Voice)  # what the header's instructions make of each voice
    n_bars_rested: int = 0
    goes_on: bool = False  # whether the last line of music ended in a backslash

    def read(self, line: str) -> None:
        """Read one line, without its comment.

        Raises:
            TimeOverflow: the tune is longer, or odder, than a score can say.
        """
        match = FIELD.match(line)
        if match and not (match[1] == "M" and self.voice and not _is_metre(match[2])):
            self._read_field(match[1], match[2].strip())
        elif self.voice:
            self._read_music(self.voice, line)

    def _read_music(self, voice: Voice, line: str) -> None:
        if not self.goes_on:
            voice.begin_line()
        text = ""
        for kind, text, fault in scan(line):
            if fault:
                self._tell(fault)
            if kind == "field":
                self._read_field(text[0], text[2:].strip())
            elif kind == "rest" and self.voice:
                self._rest(self.voice, text)
            elif kind != "unknown" and self.voice:
                self._obey(self.voice.read, kind, text)
        if self.voice:
            self.voice.end_line()
        self.goes_on = line.endswith("\\")
        self.characters += len(line.removesuffix("!") if text == "!" else line)

    def _rest(self, voice: Voice, text: str) -> None:
        """Let a voice rest, though not for more bars than a tune has."""
        n_bars = len(voice.barlines)
        self._obey(voice.read, "rest", text)
        self.n_bars_rested += len(voice.barlines) - n_bars
        if self.n_bars_rested > MOST_BARS:
            raise TimeOverflow("it is too long")

    def _obey(self, order: Callable[[str, str], None], kind: str, text: str) -> None:
        """Let a voice do what is written; what it cannot is a fault, and passed over."""
        try:
            order(kind, text)
        except TimeOverflow:
            raise
        except ValueError as fault:
            self._tell(str(fault))
        if self.voice and self.voice.slips:
            self._tell(self.voice.slips.pop())

    def _tell(self, fault: str) -> None:
        self.faults.append(_shortened(f"line {self.line}: {fault}"))

    def _read_field(self, letter: str, value: str) -> None:
        if letter == "V":
            self._turn_to(value)
        elif letter == "T":
            self.unread["further titles"] += bool(self.title)
            self.title = self.title or plain(value)
        elif letter == "U":
            self._define(value)
        elif letter == "X" and not self.voice:
            self.unread["titles of the book"] += bool(self.title)
            self.title = ""
            self.number = int(value[:_DIGITS]) if value.isdecimal() else 0
        elif letter in _OF_A_VOICE and self.voice:
            self._obey(self.voice.change, letter, value)
        elif letter in _OF_A_VOICE:
            self._read_header(letter, value)
        elif letter == "P" and self.voice:
            self.unread["part labels"] += 1
        elif letter not in _SAYS_NOTHING:
            self.unread[_UNREAD.get(letter, "other fields")] += 1

    def _read_header(self, letter: str, value: str) -> None:
        if letter == "I":
            self.told.change("I", value)
            return
        self.header[letter] = value
        if letter == "K":
            self._end_header()

    def _define(self, value: str) -> None:
        """Obey `U: T = !trill!`: from here on the letter is that ornament; of no text, none."""
        match = _USER_SYMBOL.match(value)
        if match is None:
            self._tell(f"U:{value} defines no symbol")
            return
        letter, ornament = match.groups()
        self.unread["symbols that are no ornaments"] += not is_decoration(ornament)
        says_nothing = ornament.strip("!+") in ("nil", "none") or not is_decoration(ornament)
        self.symbols[letter] = "" if says_nothing else ornament

    def _end_header(self) -> None:
        """Give what the header said to the voices it named, or to the only one."""
        self.voices = self.voices or {"": Voice()}
        for voice in self.voices.values():
            self._begin(voice)
        self.voice = next(iter(self.voices.values()))

    def _begin(self, voice: Voice) -> None:
        """Let a voice begin with what the header said."""
        voice.symbols = self.symbols
        for letter in "MLKQ":
            if letter in self.header:
                self._obey(voice.change, letter, self.header[letter])
            elif letter == "L":
                voice.unit = default_length(voice.metre)
        self.unread_header, voice.unread = voice.unread, Counter()  # the same for every voice
        voice.program, voice.is_drums = self.told.program, self.told.is_drums
        voice.shift = self.told.shift or voice.shift
        for missing, default in (("M", "C"), ("K", "none")):
            if not (voice.metres if missing == "M" else voice.keys):
                voice.change(missing, default)

    def _turn_to(self, value: str) -> None:
        """Go on with the voice that a V: field names; its first word is its identifier."""
        identifier, properties = (*value.split(maxsplit=1), "", "")[:2]
        if identifier not in self.voices:
            name = re.search(r'\b(?:name|nm)\s*=\s*"([^"]*)"', value)
            self.voices[identifier] = Voice(name=plain(name[1]) if name else identifier)
            if self.voice:
                self._begin(self.voices[identifier])
        self.voices[identifier].set_clef(properties)
        if self.voice:
            self.voice = self.voices[identifier]

    def score(self) -> Score:
        """The tune as a score.

        Raises:
            TimeOverflow: its lengths are beyond what ticks can say.
        """
        if self.voice is None:
            raise TimeOverflow("the tune has no K: field, which ends its header")
        voices = [voice for voice in self.voices.values() if voice.clock] or [self.voice]
        for voice in voices:
            voice.obey_orders()
        unread = self.unread + self.unread_header + self.told.unread
        score = score_of(voices, self.title, self.characters, self.faults, unread)
        faults = (*score.faults, *check_jumps(score))
        return replace(score, faults=first_faults(faults), number=self.number)


def _is_metre(text: str) -> bool:
    try:
        read_metre(text)
    except ValueError:
        return False
    return True
