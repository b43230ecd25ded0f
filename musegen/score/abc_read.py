"""ABC text → scores: books are cut into tunes, tunes read line by line, voice by voice.

After the standard 2.1, and as forgiving as real books need. Repeats stay as written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from musegen.errors import UnreadableFile
from musegen.score.abc_fields import default_length, read_length, read_metre
from musegen.score.abc_lexemes import lexemes
from musegen.score.abc_voice import Voice
from musegen.score.score import DEFAULT_TEMPO_US, Ints, Mark, Notes, Part, Score

_TICKS_PER_WHOLE = 1920  # unless lengths need finer ticks
_MOST_TICKS_PER_QUARTER = 32_767  # what a MIDI file can say
_LAST_TICK = 2**28

_FIELD = re.compile(r"([A-Za-z+]):(?![|:])(.*)")
_STRUCTURE = ("repeat", "ending", "bar")
_Value = TypeVar("_Value")


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
    if not tunes:
        raise UnreadableFile("holds no tune", hint="A tune has a line X:1 and a line K:C at least.")
    return tunes


def read_tunes(text: str) -> Iterator[Score | UnreadableFile]:
    """The tunes of an ABC book, in order; for one that cannot be read, what is wrong with it.

    A tune begins at X:, or where that is missing at the first field after an empty line, and
    holds a K:. Fields in a block of their own stand for all tunes that follow.
    """
    defaults: dict[str, str] = {}
    for block in _blocks(text):
        fields = [_FIELD.match(line) for _, line in block]
        letters = [match[1] if match else "" for match in fields]
        if "K" in letters or "X" in letters:
            first = next(place for place, letter in enumerate(letters) if letter)
            yield _read_tune(block[first:], defaults)
        elif all(letters):
            defaults |= {match[1]: match[2] for match in fields if match}


def _blocks(text: str) -> Iterator[list[tuple[int, str]]]:
    """Runs of numbered lines, parted by empty lines and before each X:, without comments."""
    block: list[tuple[int, str]] = []
    in_words = False  # between %%begintext and %%endtext
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if line.startswith(("%%begin", "%%end")):
            in_words = line.startswith("%%begin")
        bare = re.split(r"(?<!\\)%", line, maxsplit=1)[0].rstrip()
        if block and (bare.startswith("X:") or not line.strip()):
            yield block
            block = []
        if bare and not in_words:
            block.append((number, bare))
    if block:
        yield block


def _read_tune(lines: list[tuple[int, str]], defaults: Mapping[str, str]) -> Score | UnreadableFile:
    tune = _Tune(dict(defaults))
    try:
        for number, line in lines:
            tune.line = number
            tune.read(line)
        return tune.score()
    except ValueError as fault:
        where = f" (in {tune.title!r})" if tune.title else ""
        return UnreadableFile(
            f"line {tune.line}: {fault}{where}", hint="Mend that line, or leave the tune out."
        )


@dataclass
class _Tune:
    """A tune as far as its lines have been read."""

    header: dict[str, str]
    title: str = ""
    line: int = 0
    characters: int = 0
    voices: dict[str, Voice] = field(default_factory=dict)
    voice: Voice | None = None  # the one being read; none before K: ends the header

    def read(self, line: str) -> None:
        """Read one line, without its comment.

        Raises:
            ValueError: it cannot be understood.
        """
        match = _FIELD.match(line)
        if match and not (match[1] == "M" and self.voice and not _is_metre(match[2])):
            self._read_field(match[1], match[2].strip())
        elif self.voice:
            text = ""
            for kind, text in lexemes(line):
                if kind == "field" and text[0] == "V":
                    self._turn_to(text[2:].strip())
                else:
                    self.voice.read(kind, text)
            self.characters += len(line.removesuffix("!") if text == "!" else line)

    def _read_field(self, letter: str, value: str) -> None:
        if letter == "V":
            self._turn_to(value)
        elif self.voice:
            self.voice.change(letter, value)
        elif letter == "T":
            self.title = self.title or " ".join(value.split()).replace(r"\%", "%")
        else:
            self.header[letter] = value
            if letter == "K":
                self._end_header()

    def _end_header(self) -> None:
        """Give what the header said to the voices it named, or to the only one."""
        self.voices = self.voices or {"": Voice()}
        for voice in self.voices.values():
            self._begin(voice)
        self.voice = next(iter(self.voices.values()))

    def _begin(self, voice: Voice) -> None:
        metre = read_metre(self.header.get("M", "C"))
        length = self.header.get("L")
        voice.unit = read_length(length) if length else default_length(metre)
        for letter in "MKQ":
            if letter in self.header or letter == "M":
                voice.change(letter, self.header.get(letter, "C"))

    def _turn_to(self, value: str) -> None:
        """Go on with the voice that a V: field names; its first word is its identifier."""
        identifier = value.split(maxsplit=1)[0] if value else ""
        if identifier not in self.voices:
            name = re.search(r'\b(?:name|nm)\s*=\s*"([^"]*)"', value)
            self.voices[identifier] = Voice(name[1] if name else identifier)
            if self.voice:
                self._begin(self.voices[identifier])
        if self.voice:
            self.voice = self.voices[identifier]

    def score(self) -> Score:
        """The tune as a score.

        Raises:
            ValueError: it has no key, or its lengths are beyond what ticks can say.
        """
        if self.voice is None:
            raise ValueError("the tune has no K: field, which ends its header")
        voices = [voice for voice in self.voices.values() if voice.clock] or [self.voice]
        return score_of(voices, self.title, self.characters)


def _is_metre(text: str) -> bool:
    try:
        read_metre(text)
    except ValueError:
        return False
    return True


def score_of(voices: list[Voice], title: str, characters: int) -> Score:
    """Voices → a score; the voice with the most bar lines gives the bars and their marks.

    Raises:
        ValueError: ticks cannot say the lengths.
    """
    ends = [s.onset + s.length for voice in voices for s in voice.sounds]
    end = max([voice.clock for voice in voices] + ends)
    ticks_per_whole = _ticks_per_whole(voices, end)

    def tick(time: Fraction) -> int:
        return int(time * ticks_per_whole)

    lead = max(voices, key=lambda voice: len(voice.barlines))
    barlines = [*lead.barlines, *([end] if end > lead.bar_start else [])]
    parts = tuple(
        Part(v.name, 0, Notes.of({(tick(s.onset), tick(s.length), s.pitch, 80) for s in v.sounds}))
        for v in voices
    )  # a set, for a unison within a chord is one note
    marks = {
        Mark(tick(time), kind, text, 0 if kind in _STRUCTURE else part)
        for part, voice in enumerate(voices)
        for time, kind, text in voice.marks
        if kind not in _STRUCTURE or voice is lead
    }
    tempos = {Fraction(0): DEFAULT_TEMPO_US, **_changes(v.tempos for v in voices)}
    keys = _changes(voice.keys for voice in voices)
    if not keys[Fraction(0)].given:
        del keys[Fraction(0)]
    metres = _changes(voice.metres for voice in voices)
    return Score(
        ticks_per_whole // 4,
        parts,
        _rows([(tick(time), tempo_us) for time, tempo_us in tempos.items()]),
        _rows([(tick(time), *metre) for time, metre in metres.items()]),
        _rows([(tick(time), key.fifths, key.mode, 0) for time, key in keys.items()]),
        _rows([tick(time) for time in barlines]),
        tuple(marks),
        title=title,
        characters=characters,
    )


def _ticks_per_whole(voices: list[Voice], end: Fraction) -> int:
    """The fewest ticks a whole note, a multiple of 1920, that make every time an integer."""
    times = {end}
    for voice in voices:
        times.update(voice.barlines, voice.metres, voice.keys, voice.tempos)
        times.update(time for time, _, _ in voice.marks)
        for sound in voice.sounds:
            times.update((sound.onset, sound.length))
    ticks = math.lcm(_TICKS_PER_WHOLE, *(time.denominator for time in times))
    if ticks > 4 * _MOST_TICKS_PER_QUARTER or end * ticks > _LAST_TICK:
        raise ValueError("its note lengths are too many or too odd for ticks")
    return ticks


def _changes(columns: Iterable[dict[Fraction, _Value]]) -> dict[Fraction, _Value]:
    """What changes when, in order: the first voice counts, and a repetition is no change."""
    union: dict[Fraction, _Value] = {}
    for column in columns:
        union = column | union
    changes: dict[Fraction, _Value] = {}
    for time, value in sorted(union.items(), key=lambda item: item[0]):
        if not changes or value != next(reversed(changes.values())):
            changes[time] = value
    return changes


def _rows(rows: list[Any]) -> Ints:
    return np.array(rows, dtype=np.int64)
