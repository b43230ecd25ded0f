"""What a MusicXML file says that has no place in a Score, counted off its elements by kind.

What stands among the notes, as slurs, is counted by `musicxml_marks.unread_of`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import reduce
from operator import or_

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
_TITLES = ("work/work-title", "movement-title")
_NAMES = (*_TITLES, *_NUMBERS, "identification/*")
_STYLES = ("", "regular", "light-light", "light-heavy")
_COURTESIES = ("cautionary", "editorial", "parentheses", "bracket")
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
    found = _about(root)
    for element in root.iter():
        kind, is_meant = _SIGNS.get(element.tag, ("", bool))
        if kind and is_meant(element):
            found[kind] += 1
    parts = list(root.iter("part"))
    found[TRANSPOSED] = sum(map(_is_transposing, parts))
    return +found + reduce(or_, map(_shown_by_all, parts), Counter())


def _about(root: Element) -> Counter[str]:
    """What is told of the piece as a whole."""
    found: Counter[str] = Counter()
    for creator in root.iterfind("identification/creator"):
        kind = creator.get("type", "").strip().lower()
        found[_CREATORS.get(kind, "other authors")] += bool(_words_in(creator))
    found["rights"] = sum(1 for e in root.iterfind("identification/rights") if e.text)
    found["numbers of works and movements"] = sum(len(root.findall(tag)) for tag in _NUMBERS)
    titles = {_words_in(element) for path in _TITLES for element in root.iterfind(path)}
    found["movement titles"] = len(titles - {""}) > 1  # the work's is that of the piece
    named = {_words_in(element) for path in _NAMES for element in root.iterfind(path)}
    credits = (_words_in(*credit.iter("credit-words")) for credit in root.iterfind("credit"))
    shown = {"", *named}
    found["credit words"] = sum(not (w in shown or w.strip("-– ").isdigit()) for w in credits)
    return found


def _words_in(*elements: Element) -> str:
    """The words of elements put together, to be compared."""
    return " ".join("".join(element.text or "" for element in elements).casefold().split())


def _shown_by_all(part: Element) -> Counter[str]:
    """What of a part stands in the others too."""
    times, bar_lines = list(part.iter("time")), part.findall("measure/barline")
    return +Counter(
        {
            SUMMED: sum(map(_is_in_groups, times)),
            "metre symbols (C or cut C)": sum(t.get("symbol") in ("common", "cut") for t in times),
            "metric modulations": sum(map(_is_modulation, part.iter("metronome"))),
            "bar lines in other styles": sum(map(_is_of_other_style, bar_lines)),
            "fermatas on bar lines": sum(line.find("fermata") is not None for line in bar_lines),
            "repeats played more than twice": _longer_repeats(part),
            JUMPS: sum(map(_is_jump, part.iterfind("measure/*"))),
        }
    )


def _is_modulation(metronome: Element) -> bool:
    return any(metronome.find(tag) is not None for tag in ("metronome-relation", "beat-unit[2]"))


def _is_of_other_style(bar_line: Element) -> bool:
    style = (bar_line.findtext("bar-style") or "").strip()
    return bar_line.find("repeat") is None and style not in _STYLES


def _is_extended(lyric: Element) -> bool:
    extender = lyric.find("extend")
    return extender is not None and extender.get("type") in (None, "start")


def _changes_instrument(sound: Element) -> bool:
    return any(sound.find(tag) is not None for tag in ("midi-instrument", "instrument-change"))


def _is_shaped(notehead: Element) -> bool:
    return (notehead.text or "").strip() != "normal" or notehead.get("parentheses") == "yes"


def _is_courtesy(accidental: Element) -> bool:
    return any(accidental.get(name) == "yes" for name in _COURTESIES)


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


_SIGNS: dict[str, tuple[str, Callable[[Element], bool]]] = {
    "accidental": ("courtesy accidentals", _is_courtesy),
    "alter": (MICROTONES, lambda e: not _WHOLE.fullmatch(e.text or "")),
    "figured-bass": ("figured bass signs", lambda _: True),
    "lyric": ("lyric extenders", _is_extended),
    # a bracket that says not to roll a chord goes from its lowest note to its highest
    "non-arpeggiate": ("non-arpeggio brackets", lambda e: e.get("type") != "top"),
    "note": ("hidden notes (now shown)", _is_hidden),
    "notehead": ("notehead shapes", _is_shaped),
    "pedal": ("pedal signs", lambda e: e.get("type") == "start"),
    "per-minute": (
        "tempos of 0",
        lambda e: re.fullmatch(r"\s*0+(\.0*)?\s*", e.text or "") is not None,
    ),
    "sound": ("changes of instrument or volume", _changes_instrument),
    "tied": ("let-ring signs", lambda e: e.get("type") == "let-ring"),
    "wavy-line": ("wavy lines", lambda e: e.get("type") == "start"),
}
