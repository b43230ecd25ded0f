"""How far a voice sounds from where it is written, by what its V: or K: field says of its clef."""

from __future__ import annotations

import re

_CLEF_ALONE = re.compile(
    r"(?:clef\s*=\s*)?(?:treble|bass|alto|tenor|baritone|mezzo|soprano|perc)"
    r"|(?:clef|middle|m|octave|transpose|t|stafflines|score|sound|shift|name|nm)\s*=",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'"[^"]*"')
_OCTAVE_SIGN = re.compile(r"\b[a-zG]+\d?([+-])(8|15)\b", re.IGNORECASE)
_OCTAVE = re.compile(r"\boctave=\s*(-?\d)(?!\d)")
_TRANSPOSE = re.compile(r"\b(?:transpose|t)=\s*(-?\d{1,2})(?!\d)")


def is_clef_alone(text: str) -> bool:
    """Whether a K: field tells of a clef, or of octaves, and of no key."""
    return _CLEF_ALONE.match(text) is not None


def shift_of(text: str) -> int | None:
    """The semitones by which a voice sounds higher than written; None where nothing is said.

    `clef=treble-8` lowers by an octave, `octave=1` raises by one, `transpose=-2` lowers by a tone.
    """
    text = _QUOTED.sub("", text)
    octaves = {"+8": 12, "-8": -12, "+15": 24, "-15": -24}
    found = [
        *(octaves[sign + size] for sign, size in _OCTAVE_SIGN.findall(text)),
        *(12 * int(number) for number in _OCTAVE.findall(text)),
        *(int(semitones) for semitones in _TRANSPOSE.findall(text)),
    ]
    return sum(found) if found else None
