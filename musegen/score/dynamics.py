"""Dynamics among the ornaments of a score, as ABC says them (standard 4.14): `!p!`, hairpins."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from musegen.score.score import Mark

# MusicXML's; ABC names those from pppp to ffff, and sfz.
LEVELS = frozenset(
    [
        *("pppppp", "ppppp", "pppp", "ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "ffff"),
        *("fffff", "ffffff", "n", "pf", "fp", "fz", "rf", "rfz", "sf", "sfp", "sfpp", "sfz"),
        *("sffz", "sfzp"),
    ]
)
_LEVEL_TEXTS = frozenset(f"!{level}!" for level in LEVELS)
HAIRPINS = ("crescendo", "diminuendo")
_ENDS = {f"!{kind}{end}!": (kind, end == "(") for kind in HAIRPINS for end in "()"}
OTHER_NAMES = {
    f"!{sign}{end}!": f"!{kind}{end}!"
    for sign, kind in zip("<>", HAIRPINS, strict=True)
    for end in "()"
}


def is_level(mark: Mark) -> bool:
    """Whether a mark says how loud to play: `!mf!`."""
    return mark.kind == "ornament" and mark.text in _LEVEL_TEXTS  # a letter alone is a symbol


def is_dynamic(mark: Mark) -> bool:
    """Whether a mark says how loud to play, or begins or ends a hairpin."""
    return is_level(mark) or (mark.kind == "ornament" and mark.text in _ENDS)


def hairpins(marks: Iterable[Mark]) -> list[tuple[str, Mark, Mark]]:
    """The hairpins of a part: `crescendo` or `diminuendo`, where it begins, where it ends.

    Where one ends and one begins, the former may be the one before; an end alone is none.
    """
    found: list[tuple[str, Mark, Mark]] = []
    begun: dict[str, Mark] = {}
    ends = sorted(mark for mark in marks if mark.kind == "ornament" and mark.text in _ENDS)
    for _, together in groupby(ends, key=lambda mark: mark.tick):
        is_open = set(begun)  # what was open before ends first
        rows = [(*_ENDS[mark.text], mark) for mark in together]
        for kind, begins, mark in sorted(rows, key=lambda row: (row[0] in is_open) == row[1]):
            if begins:
                begun[kind] = mark
            elif kind in begun:
                found.append((kind, begun.pop(kind), mark))
    return found
