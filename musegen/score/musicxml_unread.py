"""What a MusicXML file says that has no place in a Score, counted off its elements by kind.

What stands among the notes, as slurs, is counted by `musicxml_marks.unread_of`.
"""

from __future__ import annotations

import re
from collections import Counter

from musegen.score.musicxml_jumps import jump_of
from musegen.score.musicxml_safe import Element

TRANSPOSED = "transposing parts (now at sounding pitch)"
JUMPS = "jumps in other words than D.C., D.S., al Fine and al Coda (not played)"
_JUMP_WORDS = re.compile(
    r"\W*(d\.?\s?[cs]\b|da\s?capo|dal\s?segno|fine\b|((to|al)\s)?(coda|segno)\b)", re.IGNORECASE
)
MICROTONES = "microtones (now at the nearest semitone)"
SUMMED = "metres in groups (now their sum)"
_WHOLE = re.compile(r"\s*[+-]?\d*(\.0*)?\s*")
_NUMBERS = ("work/work-number", "movement-number", "work/opus")
_CREATORS = {
    "composer": "composers",
    "lyricist": "lyricists",
    "poet": "lyricists",
    "translator": "translators",
    "arranger": "arrangers",
}


def says_jump(words: str) -> bool:
    """Whether words send a player elsewhere, or mark where one comes to: `D.C. al Fine`, `Coda`."""
    return _JUMP_WORDS.match(words) is not None


def unread_in(root: Element) -> Counter[str]:
    """How many of each kind; signs that every part shows are counted once."""
    found: Counter[str] = Counter()
    for creator in root.iterfind("identification/creator"):
        kind = creator.get("type", "").strip().lower()
        found[_CREATORS.get(kind, "other authors")] += bool((creator.text or "").strip())
    found["rights"] = sum(1 for e in root.iterfind("identification/rights") if e.text)
    tempos = (e.text or "" for e in root.iter("per-minute"))
    found["tempos of 0"] = sum(1 for text in tempos if re.fullmatch(r"\s*0+(\.0*)?\s*", text))
    found["numbers of works and movements"] = sum(len(root.findall(tag)) for tag in _NUMBERS)
    found[MICROTONES] = sum(not _WHOLE.fullmatch(e.text or "") for e in root.iter("alter"))
    found["pedal signs"] = sum(sign.get("type") == "start" for sign in root.iter("pedal"))
    brackets = root.iter("non-arpeggiate")  # from the lowest note of a chord to its highest
    found["non-arpeggio brackets"] = sum(sign.get("type") != "top" for sign in brackets)
    found["hidden notes (now shown)"] = sum(map(_is_hidden, root.iter("note")))
    parts = list(root.iter("part"))
    found[SUMMED] = max((sum(map(_is_in_groups, part.iter("time"))) for part in parts), default=0)
    found[TRANSPOSED] = sum(map(_is_transposing, parts))
    found["repeats played more than twice"] = max(map(_longer_repeats, parts), default=0)
    found[JUMPS] = max(
        (sum(map(_is_jump, part.iterfind("measure/*"))) for part in parts), default=0
    )
    return +found


def _is_hidden(note: Element) -> bool:
    return note.get("print-object") == "no" and note.find("rest") is None


def _is_in_groups(time: Element) -> bool:
    beats = time.findall("beats")
    return len(beats) > 1 or any("+" in (number.text or "") for number in beats)


def _is_transposing(part: Element) -> bool:
    shifts = (part.iterfind(f".//transpose/{tag}") for tag in ("chromatic", "octave-change"))
    return any(float(shift.text or 0) for found in shifts for shift in found)


def _longer_repeats(part: Element) -> int:
    times = (repeat.get("times", "").strip() for repeat in part.iter("repeat"))
    return sum(1 for number in times if number.isdecimal() and int(number[-9:]) > 2)


def _is_jump(element: Element) -> bool:
    """Whether the words of a direction are a jump that no mark says."""
    words = (child.text or "" for child in element.iter("words"))
    return element.tag == "direction" and any(map(says_jump, words)) and not jump_of(element)
