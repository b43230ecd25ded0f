"""Humdrum's columns looked over before music21 reads them: what is damaged, what is left out."""

from __future__ import annotations

from collections import Counter

from musegen.score.musicxml_unread import TRANSPOSED

_MOST_TOLD = 5
_WORDS = ("**text", "**silbe", "**lyrics")
_ABOUT_STAVES = ("**dynam",)  # which music21 puts on the staff that they name
_RECORDS = {
    "COM": "composers",
    "LYR": "lyricists",
    "LAR": "arrangers",
    "YEM": "rights",
    "YEC": "rights",
}


def columns_of(text: str) -> tuple[list[str], Counter[str]]:
    """What is damaged in a Humdrum file, a sentence each, and what of it is not read, by kind.

    `lyrics` counts all syllables, also those that music21 finds the notes of.
    """
    faults: list[str] = []
    unread: Counter[str] = Counter()
    kinds: list[str] = []
    names_staves = "*staff" in text
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("!!!"):
            unread[_RECORDS.get(line[3:6], "")] += 1
        if not line.strip() or line.startswith("!"):
            continue
        cells = line.split("\t")
        if not kinds and cells[0].startswith("**"):
            kinds = ["**"] * len(cells)
        if len(cells) != len(kinds):
            faults.append(f"line {number} has {len(cells)} of {len(kinds)} columns")
        elif line.startswith("*"):
            kinds = _after(kinds, cells)
            unread[TRANSPOSED] += sum(cell.startswith("*ITr") for cell in cells)
            told = (c for c in cells if c.startswith("**") and c != "**kern" and c not in _WORDS)
            unread.update(f"columns of {c}" for c in told if not _is_read(c, names_staves))
        elif not line.startswith("="):
            sung = zip(kinds, cells, strict=True)
            unread["lyrics"] += sum(kind in _WORDS and cell != "." for kind, cell in sung)
    more = len(faults) - _MOST_TOLD
    faults = faults[:_MOST_TOLD] + ([f"{more} more lines lack columns"] if more > 0 else [])
    if kinds:
        faults.append("the last line does not close the columns: the file may be cut short")
    del unread[""]
    unread["rights"] = min(1, unread["rights"])  # one notice goes on over several records
    return faults, +unread


def _is_read(kind: str, names_staves: bool) -> bool:
    return names_staves and kind in _ABOUT_STAVES


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
