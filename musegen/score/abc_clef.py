"""The clef that a V: or K: field names, and how far the voice sounds from where it is written."""

from __future__ import annotations

import re

import numpy as np

from musegen.score.score import Part

_NAMES = "treble|bass|alto|tenor|baritone|mezzo|soprano|perc"
_BASS_BELOW = 57  # the pitch under which the middle one of a part takes the bass clef

_CLEF = re.compile(
    rf"(?:^|\s|clef\s*=)\s*((?:{_NAMES}|(?<==)[GCFP])\d?(?:[+-](?:8|15))?)(?=\s|$)",
    re.IGNORECASE,
)
_CLEF_ALONE = re.compile(
    rf"(?:clef\s*=\s*)?(?:{_NAMES})"
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


def clef_of(text: str) -> str:
    """The clef that a K: field, or a V: field after its identifier, names; nothing without one."""
    match = _CLEF.search(_QUOTED.sub("", text))
    return match[1] if match else ""


def usual_clef(part: Part) -> str:
    """The clef of a part where none is said: bass for notes that mostly lie under A3."""
    is_low = len(part.notes) > 0 and not part.is_drums and np.median(part.notes.pitch) < _BASS_BELOW
    return "bass" if is_low else "treble"


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
