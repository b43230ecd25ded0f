"""Words under notes: a w: line cut into syllables, and syllables joined to a w: line.

A syllable that its word goes on after ends in a hyphen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import TypeVar

from musegen.score.abc_text import escaped, plain

_Place = TypeVar("_Place")
_TOKEN = re.compile(r"(?P<bar>\|)|(?P<hold>[*_])|(?P<hyphen>-)|(?P<words>(?:\\.|[^\s|*_\\-])+)|.")
_SIGNS = {sign: f"\\u{ord(sign):04x}" for sign in "_*|~"}  # what a w: line reads as its own


def aligned(text: str, notes: Sequence[tuple[_Place, int]]) -> tuple[list[tuple[_Place, str]], int]:
    """The syllables of a w: line where they are sung, and how many of them find no note.

    Args:
        text: the line: `-` parts syllables, `_` holds one, `*` skips a note, `|` goes to the next
            bar, `~` is a space within a syllable.
        notes: where each note stands, and the number of its bar.
    """
    bars = [[place for place, _ in group] for _, group in groupby(notes, lambda note: note[1])]
    sung: list[tuple[_Place, str]] = []
    bar, note, too_many = 0, 0, 0
    for syllable in _syllables(text):
        if syllable is None:
            bar, note = bar + (note > 0), 0
            continue
        if bar < len(bars) and note == len(bars[bar]):
            bar, note = bar + 1, 0
        if bar == len(bars):
            too_many += bool(syllable)
            continue
        if syllable:
            sung.append((bars[bar][note], syllable))
        note += 1
    return sung, too_many


def n_syllables(text: str) -> int:
    """How many syllables a w: line has."""
    return sum(map(bool, _syllables(text)))


def _syllables(text: str) -> Iterator[str | None]:
    """Syllables, "" for a note without one, None for the end of a bar."""
    kinds = [(match.lastgroup, match[0]) for match in _TOKEN.finditer(text)]
    before: str | None = None
    for (kind, token), (following, _) in pairwise([*kinds, (None, "")]):
        if kind == "words":
            yield plain(token.replace("~", " ")) + "-" * (following == "hyphen")
        elif kind == "bar":
            yield None
        elif kind == "hold" or (kind == "hyphen" and before != "words"):
            yield ""
        before = kind


def words_line(syllables: Sequence[str]) -> str:
    """A w: line, less its letter, for the syllable of each note, "" where there is none."""
    line, hold = "", "*"
    for syllable in _to_the_last(syllables):
        if not syllable:
            line += hold if hold == "-" else f"{hold} "
            continue
        goes_on = len(syllable) > 1 and syllable.endswith("-")
        text = escaped(syllable[:-1] if goes_on else syllable).replace("-", "\\-")
        text = "".join(_SIGNS.get(sign, sign) for sign in text).replace(" ", "~")
        line += text + ("-" if goes_on else " ")
        hold = "-" if goes_on else "*"
    return line.strip()


def _to_the_last(syllables: Sequence[str]) -> Sequence[str]:
    """Syllables without the notes after the last one: nothing is sung to them, or it is held."""
    last = max((place for place, syllable in enumerate(syllables) if syllable), default=-1)
    return syllables[: last + 1]
