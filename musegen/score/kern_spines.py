"""Humdrum's columns looked over before music21 reads them: what is damaged, what is left out."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any

from musegen.score.musicxml_unread import TRANSPOSED

_MOST_TOLD = 5
_WORDS = ("**text", "**silbe", "**lyrics")
_NO_SYLLABLE = (".", "_", "|")  # nothing, and that the one before goes on
_ABOUT_STAVES = ("**dynam",)  # which music21 puts on the staff that they name
_RECORDS = {
    "COM": "composers",
    "LYR": "lyricists",
    "LAR": "arrangers",
    "YEM": "rights",
    "YEC": "rights",
}
_ONE_PITCH = re.compile(r"[^a-gA-G]*([a-gA-G])\1*[^a-gA-G]*")
_LENGTH = re.compile(r"\d|[qQ]")  # grace notes need no number
_BAR_NUMBER = re.compile(r"=+(\d{1,6})")
_BAR_THEN_REPEAT = re.compile(r"(^|\t)(=+):")  # which music21 takes for a repeat's start
_ORDER = re.compile(r"\*>\w*\[")  # in what order sections are played
ORDERS = "orders of sections (not played)"


class Columns:
    """What is in a Humdrum file.

    text: the file less what stands in **kern columns and is no note, which music21 passes over in
        silence or takes for another.
    left_out: how many such tokens there are.
    unread: what is not read, by kind; `lyrics` counts all syllables, also those that music21 finds
        the notes of, `slurs` those that begin.
    """

    def __init__(self, text: str) -> None:
        """Look through a file."""
        self.unread: Counter[str] = Counter()
        self.left_out = 0
        self._kinds: list[str] = []
        self._lacking: list[str] = []
        self._flaws: list[str] = []
        self._bar, self._is_begun = 1, False
        self._names_staves = "*staff" in text
        lines = enumerate(text.splitlines(), start=1)
        self.text = "\n".join(self._line(number, line) for number, line in lines)
        del self.unread[""]
        self.unread["rights"] = min(1, self.unread["rights"])  # one notice, over several records
        self.unread = +self.unread

    @property
    def faults(self) -> list[str]:
        """What is damaged, a sentence each; after a few of a sort, how many more."""
        cut = "the last line does not close the columns: the file may be cut short"
        return [
            *_few(self._lacking, "lines lack columns"),
            *_few(self._flaws, "tokens are damaged"),
            *([cut] if self._kinds else []),
        ]

    def _line(self, number: int, line: str) -> str:
        """Look at a line; what music21 is to read of it."""
        if line.startswith("!!!"):
            self.unread[_RECORDS.get(line[3:6], "")] += 1
        if not line.strip() or line.startswith("!"):
            return line
        cells = line.split("\t")
        if not self._kinds and cells[0].startswith("**"):
            self._kinds = ["**"] * len(cells)
        if len(cells) != len(self._kinds):
            self._lacking.append(f"line {number} has {len(cells)} of {len(self._kinds)} columns")
        elif line.startswith("*"):
            self._interpret(cells)
        elif line.startswith("="):
            self._begin_bar(cells[0])
            return _BAR_THEN_REPEAT.sub(r"\1\2;:", line)
        else:
            return "\t".join(self._data(number, cells))
        return line

    def _interpret(self, cells: list[str]) -> None:
        self._kinds = _after(self._kinds, cells)
        self.unread[ORDERS] += _ORDER.match(cells[0]) is not None
        self.unread[TRANSPOSED] += sum(cell.startswith("*ITr") for cell in cells)
        told = (c for c in cells if c.startswith("**") and c != "**kern" and c not in _WORDS)
        self.unread.update(f"columns of {c}" for c in told if not self._is_read(c))

    def _is_read(self, kind: str) -> bool:
        return self._names_staves and kind in _ABOUT_STAVES

    def _begin_bar(self, line: str) -> None:
        """Count the bars where the file does not."""
        told = _BAR_NUMBER.match(line)
        self._bar = int(told[1]) if told else self._bar + self._is_begun
        self._is_begun = False

    def _data(self, number: int, cells: list[str]) -> list[str]:
        """The cells of a line of data, less the tokens that are no notes."""
        self._is_begun = True
        found = []
        for kind, cell in zip(self._kinds, cells, strict=True):
            self.unread["lyrics"] += kind in _WORDS and cell not in _NO_SYLLABLE
            is_music = kind == "**kern" and cell != "." and not cell.startswith("!")
            found.append(self._notes(number, cell) if is_music else cell)
        return found

    def _notes(self, number: int, cell: str) -> str:
        """The tokens of a chord, or the only one, that are notes; a dot where none is."""
        where = f"line {number}, bar {self._bar}"
        self.unread["slurs"] += cell.count("(")
        tokens = cell.split()
        notes = [token for token in tokens if _is_note(token)]
        self.left_out += len(tokens) - len(notes)
        for token in tokens:
            if not _is_note(token):
                self._flaws.append(f"{where}: {token[:20]!r} is no note, and is left out")
        if notes and not _LENGTH.search(notes[0]):
            self._flaws.append(
                f"{where}: {notes[0][:20]!r} has no length, and is taken for a quarter"
            )
        if notes and all("r" in note for note in notes):
            return notes[0]  # music21 takes a chord of rests for nothing
        return " ".join(notes) or "."


@lru_cache(maxsize=4096)
def _is_note(token: str) -> bool:
    """Whether a token is a note or a rest of one pitch, and music21 understands it."""
    from music21.humdrum.spineParser import hdStringToNote

    if "r" not in token and not _ONE_PITCH.fullmatch(token):
        return False
    try:
        hdStringToNote(token)
    except Exception:  # music21 lets through whatever its parser runs into
        return False
    return True


def _few(told: list[str], what: str) -> list[str]:
    """The first sentences, and how many more there are."""
    more = len(told) - _MOST_TOLD
    return told[:_MOST_TOLD] + ([f"{more} more {what}"] if more > 0 else [])


def _after(kinds: list[str], cells: list[str]) -> list[str]:
    """The kinds of the columns after a line of interpretations."""
    after: list[str] = []
    joined = False
    for kind, cell in zip(kinds, cells, strict=True):
        if cell.startswith("**"):
            after.append(cell)
        elif cell == "*^":
            after += [kind, kind]
        elif cell == "*+":
            after += [kind, "**"]
        elif cell != "*-" and not (cell == "*v" and joined):
            after.append(kind)
        joined = cell == "*v"
    exchanged = [place for place, cell in enumerate(cells) if cell == "*x"]
    if len(exchanged) == 2 and len(after) == len(kinds):
        first, second = exchanged
        after[first], after[second] = after[second], after[first]
    return after


def restore_repeats(stream: Any) -> None:
    """Make repeats of the dots that music21 9, the newest for Python 3.10, leaves at bar lines."""
    from music21 import bar

    for part in stream.parts:
        measures = list(part.getElementsByClass("Measure"))
        for measure, after in zip(measures, [*measures[1:], None], strict=True):
            dots = getattr(measure.rightBarline, "repeatDots", None)
            if dots in ("left", "both"):
                measure.rightBarline = bar.Repeat(direction="end")
            if dots in ("right", "both") and after is not None:
                after.leftBarline = bar.Repeat(direction="start")
