"""Da capo, dal segno, Fine, segno and coda in MusicXML ↔ marks of the kind `jump`."""

from __future__ import annotations

from typing import Any

from musegen.score.abc_jumps import term_of
from musegen.score.jumps import SIGNS
from musegen.score.musicxml_safe import Element

_TERM_OF_SOUND = {
    "tocoda": "To Coda",
    "dacapo": "D.C.",
    "dalsegno": "D.S.",
    "fine": "Fine",
    "segno": "segno",
    "coda": "coda",
}


def jump_of(element: Element) -> str:
    """The jump that a direction, a bar line or a sound of a measure means; nothing for others.

    Its words count first, for they say until where; a sign counts last, for `To Coda` has one too.
    """
    if element.tag not in ("direction", "barline", "sound"):
        return ""
    inside = list(element.iter())
    words = (term_of(child.text or "") for child in inside if child.tag == "words")
    sounds = [child for child in inside if child.tag in ("sound", "barline")]
    said = (t for name, t in _TERM_OF_SOUND.items() if any(s.get(name) for s in sounds))
    signs = (child.tag for child in inside if child.tag in SIGNS)
    return next(filter(None, (*words, *said, *signs)), "")


def jumps_in(root: Element) -> set[tuple[int, str]]:
    """The jumps of all parts, each with the number, from 0, of the bar at whose start it stands.

    An order stands where the bar after its own begins, and so does a sign behind notes.
    """
    found = set()
    for part in root.iter("part"):
        for number, measure in enumerate(part.iterfind("measure")):
            has_notes = False
            for element in measure:
                has_notes = has_notes or element.tag == "note"
                if term := jump_of(element):
                    found.add((number + (term not in SIGNS or has_notes), term))
    return found


def direction(term: str) -> Any:
    """A jump as music21 has it: a sign, or the words of an order."""
    from music21 import expressions, repeat

    if term in SIGNS:
        return getattr(repeat, term.capitalize())()
    words = expressions.TextExpression(term)
    words.style.justify = "right"
    return words
