"""What MusicXML writes otherwise than it sounds, put right before music21 reads it: cues, repeats.

A cue shows what others play. A sign for "the bar again" stands where nothing is written.
"""

from __future__ import annotations

from copy import deepcopy
from xml.etree import ElementTree

from musegen.score.musicxml_safe import Element

_MUSIC = ("note", "backup", "forward")
_MOST_REPEATED = 100_000  # elements that signs may add to a part


def silence_cues(root: Element) -> int:
    """Let rests stand for the cue notes; how many there were."""
    found = 0
    for measure in root.iterfind("part/measure"):
        for note in measure.findall("note"):
            if note.find("cue") is None:
                continue
            found += note.find("rest") is None
            if note.find("chord") is not None or note.find("grace") is not None:
                measure.remove(note)
            else:
                _make_rest(note)
    return found


def _make_rest(note: Element) -> None:
    for child in list(note):
        if child.tag in ("pitch", "unpitched", "rest", "cue", "tie", "notations", "lyric"):
            note.remove(child)
    note.insert(0, ElementTree.Element("rest"))


def write_out_repeats(root: Element) -> None:
    """Write the music of a bar, or of several, again where a sign says so."""
    for part in root.iterfind("part"):
        if part.find("measure/attributes/measure-style/measure-repeat") is not None:
            _write_out(part.findall("measure"))


def _write_out(measures: list[Element]) -> None:
    back, room = 0, _MOST_REPEATED
    for number, measure in enumerate(measures):
        for sign in measure.iterfind("attributes/measure-style/measure-repeat"):
            back = _bars(sign) if sign.get("type") == "start" else 0
        source = measures[number - back] if 0 < back <= number else None
        if source is None or any(note.find("rest") is None for note in measure.iter("note")):
            continue
        music = [deepcopy(element) for element in source if element.tag in _MUSIC]
        room -= len(music)
        if room < 0:
            return
        for element in [element for element in measure if element.tag in _MUSIC]:
            measure.remove(element)
        behind = measure.find("barline[@location='right']")
        place = len(measure) if behind is None else list(measure).index(behind)
        measure[place:place] = music


def _bars(sign: Element) -> int:
    """Over how many bars a sign reaches back."""
    text = (sign.text or "").strip()
    return int(text[:4]) if text.isdecimal() else 1
