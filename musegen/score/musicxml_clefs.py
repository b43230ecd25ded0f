"""Clefs of MusicXML ↔ marks of the kind `clef`, and the clef of a staff where no mark says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np

from musegen.score.abc_clef import usual_clef
from musegen.score.musicxml_safe import Element
from musegen.score.score import Mark, Part, Score

GUESSED = "guessed-clef-"  # begins the id of a clef that our writer chose: no mark when read

# Clefs by program, then by the median pitch: the first whose bound is not below it. Octave clefs
# stand where players read an octave higher or lower than they sound.
_ANY = 127
_LOW_FAMILY = ((60, "bass"), (_ANY, "tenor"))
_USUAL = ((33, "bass-8"), (57, "bass"), (86, "treble"), (_ANY, "treble+8"))
_CLEFS: dict[int, tuple[tuple[int, str], ...]] = (
    dict.fromkeys(range(24, 32), ((_ANY, "treble-8"),))  # guitars
    | dict.fromkeys((*range(32, 40), 43), ((_ANY, "bass-8"),))  # basses
    | {41: ((71, "alto"), (_ANY, "treble"))}
    | dict.fromkeys((42, 57, 70), _LOW_FAMILY)  # cello, trombone, bassoon
    | dict.fromkeys((52, 53, 54), ((55, "bass"), (63, "treble-8"), (_ANY, "treble")))  # voices
    | {72: ((_ANY, "treble+8"),)}  # piccolo
)
_NAMES = {
    "G2": "treble",
    "C1": "soprano",
    "C2": "mezzo",
    "C3": "alto",
    "C4": "tenor",
    "F3": "baritone",
    "F4": "bass",
}
_SIGNS = {name: sign for sign, name in _NAMES.items()} | {"g": "G2", "c": "C3", "f": "F4"}
_OCTAVES = {"": 0, "+8": 1, "-8": -1, "+15": 2, "-15": -2}
_OCTAVE_TEXTS = {octaves: text for text, octaves in _OCTAVES.items()}
_TEXT = re.compile(r"([a-z]+)(\d?)([+-]\d+|)", re.IGNORECASE)


def guessed_clef(part: Part, pitches: Iterable[int], *, is_upper: bool = False) -> str:
    """The clef that suits notes of a part; `is_upper` for the upper of a keyboard's two staves."""
    heights = list(pitches)
    if part.is_drums:
        return "perc"
    if is_upper or not heights:
        return "treble"
    median = float(np.median(heights))
    choices = _CLEFS.get(part.program, _USUAL)
    return next(clef for bound, clef in choices if median <= bound)


def clef_text(clef: Any) -> str:
    """The ABC name of a music21 clef; nothing for tablature and the like."""
    if "PercussionClef" in clef.classes:
        return "perc"
    if clef.sign not in ("G", "C", "F") or clef.octaveChange not in _OCTAVE_TEXTS:
        return ""
    sign = f"{clef.sign}{clef.line}"
    return _NAMES.get(sign, sign) + _OCTAVE_TEXTS[clef.octaveChange]


def music21_clef(text: str) -> Any:
    """The music21 clef that an ABC name means; None where it has none."""
    from music21 import clef

    found = _TEXT.fullmatch(text)
    if not found:
        return None
    name, line, octave = found[1].lower(), found[2], found[3]
    if name.startswith("p"):
        return clef.PercussionClef()
    sign = _SIGNS.get(name, "")
    if not sign or line in tuple("06789") or octave not in _OCTAVES:
        return None
    return clef.clefFromString(sign[0] + (line or sign[1]), _OCTAVES[octave])


def says_clef(score: Score, part: int) -> bool:
    """Whether a mark says with which clef a part begins."""
    return any(
        (mark.tick, mark.kind, mark.part) == (0, "clef", part)
        and music21_clef(mark.text) is not None
        for mark in score.marks
    )


def name_guesses(part: Element, is_said: list[bool]) -> None:
    """Tell the clefs that our writer chose, of a part of staves whose clefs are said or not."""
    for number, said in enumerate(is_said, start=1):
        clefs = part.iterfind("measure/attributes/clef")
        first = next((clef for clef in clefs if clef.get("number", "1") == str(number)), None)
        if not said and first is not None:
            first.set("id", f"{GUESSED}{part.get('id')}-{number}")


def clef_marks(clefs: Iterable[tuple[int, str]], part: Part, number: int) -> Iterator[Mark]:
    """The marks of a part's clefs, rows of tick and text: of those that change something.

    The first does where it is not the one that a writer would choose, of ABC or of MusicXML.
    """
    if part.is_drums:
        return
    usual = usual_clef(part)
    is_plain = guessed_clef(part, part.notes.pitch.tolist()) == usual
    standing = usual
    for tick, text in sorted(dict(clefs).items()):
        if text and (text != standing or (tick == 0 and not is_plain)):
            yield Mark(tick, "clef", text, number)
        standing = text or standing


def settle_clefs(root: Element) -> None:
    """Drop the clefs that our writer chose, and shift those of parts that sound octaves off."""
    for part in root.iter("part"):
        octaves = ""
        for attributes in part.iterfind("measure/attributes"):
            octaves = attributes.findtext("transpose/octave-change", octaves).strip()
            for clef in attributes.findall("clef"):
                change = clef.find("clef-octave-change")
                if clef.get("id", "").startswith(GUESSED):
                    attributes.remove(clef)
                elif octaves not in ("", "0") and change is None:
                    _shift(clef, octaves)


def _shift(clef: Element, octaves: str) -> None:
    if (clef.findtext("sign") or "").strip() in ("G", "F"):
        ElementTree.SubElement(clef, "clef-octave-change").text = octaves
