"""What is written about the notes, as music21 holds it ↔ marks: ornaments, graces, words, chords.

Ornaments and articulation are told in ABC's decorations (standard 2.1, 4.14), by one table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby
from typing import Any, TypeAlias

from musegen.score.abc_fields import NOTE, NotesInKey
from musegen.score.musicxml_unread import says_jump
from musegen.score.score import Mark

Timed: TypeAlias = tuple[Fraction, str, Any]  # offset in quarters, voice, music21 element

_TEXT_OF = {
    "Trill": "!trill!",
    "Turn": "!turn!",
    "InvertedTurn": "!invertedturn!",
    "Mordent": "!mordent!",
    "InvertedMordent": "!pralltriller!",
    "ArpeggioMark": "!arpeggio!",
    "Fermata": "!fermata!",
    "Staccato": ".",
    "Staccatissimo": "!wedge!",
    "Tenuto": "!tenuto!",
    "Accent": "!accent!",
    "StrongAccent": "!marcato!",
    "BreathMark": "!breath!",
    "UpBow": "!upbow!",
    "DownBow": "!downbow!",
    "OpenString": "!open!",
    "StringThumbPosition": "!thumb!",
    "SnapPizzicato": "!snap!",
}
_CLASS_OF = {text: name for name, text in _TEXT_OF.items()}
_SAME_AS = {
    "T": "!trill!",
    "M": "!mordent!",
    "!lowermordent!": "!mordent!",
    "P": "!pralltriller!",
    "!uppermordent!": "!pralltriller!",
    "H": "!fermata!",
    "L": "!accent!",
    "!emphasis!": "!accent!",
    "!>!": "!accent!",
    "u": "!upbow!",
    "v": "!downbow!",
}
_SYLLABIC = {  # by whether the word has begun before, and whether it goes on
    (False, False): "single",
    (False, True): "begin",
    (True, True): "middle",
    (True, False): "end",
}
_TREMOLO = re.compile(r"!(/{1,4})!")
_COUNTED = ("Spanner", "TextExpression", "RehearsalMark", "FiguredBass")
# spanners that are told elsewhere, or say nothing but how bars are printed
_TOLD = ("RepeatBracket", "StaffGroup", "PedalMark", "MultiMeasureRest")


def ornament_text(element: Any) -> str | None:
    """The ABC text of a music21 expression or articulation; None where ABC has none."""
    if "Tremolo" in element.classes:
        return f"!{'/' * element.numberOfMarks}!"
    name = next((name for name in element.classes if name in _TEXT_OF), "")
    return _TEXT_OF.get(name)


def spelled_out(text: str) -> str:
    """The one text of all that mean the same ornament: `T` → `!trill!`."""
    return _SAME_AS.get(text, text)


def ornament(text: str) -> Any:
    """The music21 expression or articulation that an ABC text means; None where it has none."""
    from music21 import articulations, expressions

    tremolo = _TREMOLO.fullmatch(text)
    if tremolo:
        sign = expressions.Tremolo()
        sign.numberOfMarks = len(tremolo[1])
        return sign
    name = _CLASS_OF.get(spelled_out(text), "")
    kind = getattr(expressions, name, None) or getattr(articulations, name, None)
    made: Any = kind() if kind is not None else None
    if name == "Fermata":
        made.type = "upright"  # music21 would stand it on its head
    return made


def grace_chords(text: str, fifths: int) -> list[list[int]]:
    """The pitches of a grace mark in a key, those of a chord together."""
    alone = NotesInKey(fifths)
    return [
        [alone.pitch(*note.groups(default="")) for note in re.finditer(NOTE, found.group())]
        for found in re.finditer(rf"\[[^\]]*\]|{NOTE}", text)
    ]


def grace_text(chords: Iterable[Iterable[int]], fifths: int, *, is_slashed: bool) -> str:
    """A grace mark's text: `{ce}`, `{/c}`, `{[ce]}`, spelled as if it stood alone in the key."""
    alone = NotesInKey(fifths)
    texts = [[alone.text(pitch) for pitch in sorted(chord)] for chord in chords]
    notes = [names[0] if len(names) == 1 else f"[{''.join(names)}]" for names in texts]
    return f"{{{'/' * is_slashed}{''.join(notes)}}}"


def chord_text(figure: str) -> str:
    """A chord as musicians write it, from music21's way: `B-7/D-` → `Bb7/Db`."""
    return re.sub(r"(^|/)([A-G])(-+)", lambda m: m[1] + m[2] + "b" * len(m[3]), figure)


def chord_symbol(text: str) -> Any:
    """A chord as music21 has it; None where it makes nothing of the text."""
    from music21 import harmony

    if text in ("N.C.", "NC"):
        return harmony.NoChord()
    try:
        return harmony.ChordSymbol(re.sub(r"(^|/)([A-G])b", r"\1\2-", text))
    except Exception:
        return None


def marks_of(timed: list[Timed], part: int) -> Iterator[tuple[Fraction, Mark]]:
    """Ornaments, articulation, syllables of the first verse and chord symbols of a part.

    Each with its offset in quarters; the mark's own tick is yet to be set.
    """
    for offset, _, element in timed:
        for sign in _signs(element):
            text = ornament_text(sign)
            if text:
                yield offset, Mark(0, "ornament", text, part)
        for lyric in getattr(element, "lyrics", ()):
            text = " ".join((lyric.text or "").split())  # some have spaces about them
            if lyric.number == 1 and text:
                hyphen = "-" * (lyric.syllabic in ("begin", "middle"))
                yield offset, Mark(0, "lyric", text + hyphen, part)
        if "ChordSymbol" in element.classes and element.figure:
            yield offset, Mark(0, "chord", chord_text(element.figure), part)


def syllabics_of(marks: Iterable[Mark]) -> dict[Mark, str]:
    """Where in its word each syllable of a part stands: `single`, `begin`, `middle` or `end`."""
    sung = [mark for mark in marks if mark.kind == "lyric"]
    found: dict[Mark, str] = {}
    goes_on = False
    for _, together in groupby(sung, key=lambda mark: mark.tick):
        before, goes_on = goes_on, False
        for mark in together:
            begins = mark.text.endswith("-") and len(mark.text) > 1
            goes_on |= begins
            found[mark] = _SYLLABIC[before, begins]
    return found


def graces_of(timed: list[Timed]) -> Iterator[tuple[Fraction, list[tuple[int, ...]], bool]]:
    """The runs of grace notes of a part: offset, chords of pitches, whether slashed."""
    runs: dict[tuple[Fraction, str], list[Any]] = {}
    for offset, voice, element in timed:
        if is_grace(element):
            runs.setdefault((offset, voice), []).append(element)
    for (offset, _), notes in runs.items():
        chords = [tuple(p.midi for p in note.pitches if 0 <= p.midi <= 127) for note in notes]
        if all(chords):
            is_slashed = bool(getattr(notes[0].duration, "slash", False))
            yield offset, chords, is_slashed


def is_grace(element: Any) -> bool:
    """Whether a music21 element is a grace note or a chord of them."""
    return "NotRest" in element.classes and bool(element.duration.isGrace)


def unread_of(timed: Iterable[Timed]) -> Counter[str]:
    """How many things of each kind are written that no mark holds."""
    found: Counter[str] = Counter()
    for _, _, element in timed:
        classes = element.classes
        if "TextExpression" in classes and says_jump(element.content):
            continue
        if any(kind in classes for kind in _COUNTED) and not any(k in classes for k in _TOLD):
            found[_words(classes[0])] += 1
        found.update(_words(s.classes[0]) for s in _signs(element) if not ornament_text(s))
        verses = [lyric for lyric in getattr(element, "lyrics", ()) if lyric.number != 1]
        found["lyrics of other verses"] += len(verses)
    return +found


def _signs(element: Any) -> list[Any]:
    """The articulations and expressions on a note, a chord or a rest."""
    if "GeneralNote" not in element.classes:
        return []
    signs = [*element.articulations, *element.expressions]
    for note in element.notes if "Chord" in element.classes else ():
        signs += [*note.articulations, *note.expressions]
    return signs


def _words(name: str) -> str:
    """`RehearsalMark` → `rehearsal marks`, `ArpeggioMarkSpanner` → `arpeggio marks`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Spanner")).lower() + "s"
