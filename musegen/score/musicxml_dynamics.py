"""Dynamics and wedges of MusicXML ↔ ornaments: `!p!`, `!crescendo(!`.

music21 loses where some wedges end, and takes long to write them, so that they go through it as
dynamics of odd names: `crescendo-1`, and `stop-1` where that ends.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

from musegen.score.dynamics import HAIRPINS, LEVELS, hairpins, is_level
from musegen.score.musicxml_marks import Timed, is_grace
from musegen.score.musicxml_safe import Element
from musegen.score.score import Mark

STOP = "stop"
_WEDGE = re.compile(rf"({'|'.join((*HAIRPINS, STOP))})-(\w+)")
_ROUNDED = Fraction(1, 64)  # of a quarter: what exporters lose
_MOST_WEDGES = 4  # that run at once in a part; a brace of three staves has sixteen numbers


def rename_wedges(root: Element) -> None:
    """Make dynamics of the wedges of a file, for music21 to read."""
    for kind in root.iter("direction-type"):
        for wedge in kind.findall("wedge"):
            name = f"{wedge.get('type', '')}-{wedge.get('number', '1')}"
            wedge.tag = "dynamics"
            ElementTree.SubElement(wedge, name)


def restore_wedges(part: Element) -> bool:
    """Make wedges of what music21 wrote as dynamics; whether a part has any dynamics."""
    has_dynamics = False
    for direction in part.iter("direction"):
        sign = direction.find("direction-type/dynamics")
        if sign is None:
            continue
        has_dynamics = True
        for sound in direction.findall("sound"):  # every note says how loud it is
            direction.remove(sound)
        if wedge := _WEDGE.fullmatch(sign.findtext("other-dynamics", "")):
            sign.clear()
            sign.tag = "wedge"
            sign.attrib.update(type=wedge[1], number=wedge[2])
    return has_dynamics


def names_of_dynamics(marks: Iterable[Mark], number: int) -> dict[Mark, str]:
    """What music21 is to write for the dynamics of a part; hairpins of one end are left out."""
    own = [mark for mark in marks if mark.part == number]
    names = {mark: mark.text.strip("!") for mark in own if is_level(mark)}
    for count, (kind, begin, end) in enumerate(hairpins(own)):
        wedge = 1 + number % 4 * _MOST_WEDGES + count % _MOST_WEDGES
        names |= {begin: f"{kind}-{wedge}", end: f"{STOP}-{wedge}"}
    return names


def says_loudness(dynamic: Any) -> bool:
    """Whether a music21 dynamic is no wedge."""
    return not _WEDGE.fullmatch(dynamic.value)


class DynamicsOfStaves:
    """The dynamics of an instrument, of which each staff is a part.

    Each is told at a note: its own staff's, or another's that begins there, or else the next one
    of its staff. `unread` counts what has no note.
    """

    def __init__(self, staves: Sequence[list[Timed]]) -> None:
        self.unread: Counter[str] = Counter()
        self._notes = [sorted({o for o, _, e in timed if _is_note(e)}) for timed in staves]
        self._rests = [_silent_rests(timed) for timed in staves]
        both = zip(self._notes, self._rests, strict=True)
        self._onsets = [sorted({*notes, *rests}) for notes, rests in both]
        self._signs = [
            (offset, staff, element.value)
            for staff, timed in enumerate(staves)
            for offset, _, element in timed
            if "Dynamic" in element.classes
        ]

    def marks(self, first: int) -> Iterator[tuple[Fraction, Mark]]:
        """The marks, each with its offset in quarters; `first` is the number of the first part."""
        begun: dict[str, tuple[str, Fraction, int]] = {}
        for offset, staff, name in sorted(self._signs, key=lambda s: (s[0], STOP not in s[2])):
            wedge = _WEDGE.fullmatch(name)
            if name in LEVELS:
                found = [(f"!{name}!", self._place(offset, staff))]
            elif wedge is None:
                self.unread["other dynamics"] += not name.startswith("continue-")
                continue
            elif wedge[1] != STOP:
                self.unread["hairpins"] += wedge[2] in begun
                begun[wedge[2]] = (wedge[1], offset, staff)
                continue
            elif wedge[2] in begun:
                found = self._hairpin(offset, *begun.pop(wedge[2]))
            else:
                continue
            for text, place in found:
                if place is None:
                    self.unread["dynamics after the last note"] += 1
                else:
                    yield place[0], Mark(0, "ornament", text, first + place[1])
        self.unread["hairpins"] += len(begun)

    def _place(self, offset: Fraction, staff: int) -> tuple[Fraction, int] | None:
        """The offset and the staff of the note, or the rest in its staff, of a sign."""
        others = (number for number in range(len(self._notes)) if number != staff)
        for number in (staff, *others):
            notes = self._notes[number]
            index = bisect_left(notes, offset)
            if notes[index : index + 1] == [offset]:
                return offset, number
        if offset in self._rests[staff]:
            return offset, staff
        index = bisect_left(self._notes[staff], offset)
        return (self._notes[staff][index], staff) if self._notes[staff][index:] else None

    def _hairpin(self, stop: Fraction, kind: str, start: Fraction, staff: int) -> list[Any]:
        """The texts of a hairpin's ends and the places where they stand."""
        begin = self._place(start, staff)
        number = begin[1] if begin else staff
        last = bisect_left(self._onsets[number], stop - _ROUNDED) - 1
        if last < 0:
            self.unread["hairpins"] += 1
            return []
        end = (self._onsets[number][last], number)
        begin = min(begin, end) if begin else end  # one that begins within its last note
        return [(f"!{kind}(!", begin), (f"!{kind})!", end)]


def _silent_rests(timed: list[Timed]) -> set[Fraction]:
    """Where rests begin while no note sounds."""
    end, found = Fraction(0), set()
    for offset, _, element in timed:
        if _is_note(element):
            end = max(end, offset + Fraction(element.quarterLength))
        elif "Rest" in element.classes and offset >= end:
            found.add(offset)
    return found


def _is_note(element: Any) -> bool:
    classes = element.classes
    return "NotRest" in classes and "Harmony" not in classes and not is_grace(element)
