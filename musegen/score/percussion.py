"""Percussion in MusicXML: unpitched notes ↔ the drum notes of General MIDI's channel 10.

Trees of MusicXML are changed in place: music21 then meets pitched notes, whose pitch is the drum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

from musegen.score.musicxml_safe import Element

DRUM_CHANNEL = "10"  # counted from one
_LETTERS = "CDEFGAB"
_STEPS = ("C", "C", "D", "D", "E", "F", "F", "G", "G", "A", "A", "B")  # of the twelve pitch classes
_SHARP = (0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0)

# Drums by what they are called, the more particular first (General MIDI System Level 1, 1991).
_NAMED = (
    (r"bass.?drum|kick", 36),
    (r"side.?stick|cross.?stick|rim", 37),
    (r"clap", 39),
    (r"snare|side.?drum", 38),
    (r"pedal.*hi.?hat|hi.?hat.*(pedal|foot)", 44),
    (r"open.*hi.?hat|hi.?hat.*open", 46),
    (r"hi.?hat|charl", 42),
    (r"floor tom|low.*floor", 41),
    (r"low.*tom", 45),
    (r"mid.*tom", 47),
    (r"(high|hi).*tom", 50),
    (r"\btoms?\b|tom-tom", 48),
    (r"ride.*bell", 53),
    (r"ride", 51),
    (r"china", 52),
    (r"splash", 55),
    (r"crash|cymbal|piatti|becken", 49),
    (r"tambour", 54),
    (r"cowbell", 56),
    (r"triang", 81),
    (r"wood.?block|temple", 76),
    (r"clave", 75),
    (r"bongo", 60),
    (r"conga", 63),
    (r"maraca|shaker", 70),
    (r"tam.?tam|gong", 49),
)

# Drums by their place on a staff of five lines, as letter and octave in the treble clef (Weinberg,
# Guide to Standardized Drumset Notation, 1998), and the place at which each drum is written.
_PLACES = {
    ("D", 4): 44,
    ("E", 4): 35,
    ("F", 4): 36,
    ("A", 4): 41,
    ("C", 5): 38,
    ("D", 5): 47,
    ("E", 5): 48,
    ("F", 5): 51,
    ("G", 5): 42,
    ("A", 5): 49,
}
_PLACE_OF = {drum: place for place, drum in _PLACES.items()}
_SNARE = 38  # where nothing tells
_MIDDLE = ("C", 5)


def unpitched_to_drums(root: Element) -> set[str]:
    """Give unpitched notes the pitch of their drum; the ids of the parts that are drums."""
    declared = {part.get("id", ""): part for part in root.iter("score-part")}
    drums: set[str] = set()
    for part in root.iter("part"):
        name = part.get("id", "")
        unpitched = [note for note in part.iter("note") if note.find("unpitched") is not None]
        if not unpitched and not _is_on_drum_channel(declared.get(name)):
            continue
        drums.add(name)
        sounds = _sounds(declared.get(name))
        for attributes in part.iter("attributes"):
            for transpose in attributes.findall("transpose"):
                attributes.remove(transpose)
        for note in unpitched:
            _give_pitch(note, _drum(note, sounds))
    return drums


def _is_on_drum_channel(score_part: Element | None) -> bool:
    channels = [] if score_part is None else list(score_part.iter("midi-channel"))
    return any((channel.text or "").strip() == DRUM_CHANNEL for channel in channels)


def _sounds(score_part: Element | None) -> dict[str, int]:
    """The drum of each instrument of a part, by its id; under "" that of the part as a whole."""
    if score_part is None:
        return {}
    sounds = {}
    for instrument in score_part.iter("score-instrument"):
        drum = _named(instrument.findtext("instrument-name") or "")
        if drum:
            sounds[instrument.get("id", "")] = drum
    for midi in score_part.iter("midi-instrument"):
        text = (midi.findtext("midi-unpitched") or "").strip()
        if re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= 128:
            sounds[midi.get("id", "")] = int(text) - 1
    alone = {*sounds.values()}
    whole = alone.pop() if len(alone) == 1 else _named(score_part.findtext("part-name") or "")
    return sounds if whole is None else sounds | {"": whole}


def _named(name: str) -> int | None:
    """The drum that a name says."""
    for pattern, drum in _NAMED:
        if re.search(pattern, name, re.IGNORECASE):
            return drum
    return None


def _drum(note: Element, sounds: dict[str, int]) -> int:
    """The drum of a note: its instrument's, or else that of its part or of its place."""
    instrument = note.find("instrument")
    named = sounds.get(instrument.get("id", "")) if instrument is not None else None
    step = (note.findtext("unpitched/display-step") or "").strip()
    octave = (note.findtext("unpitched/display-octave") or "").strip()
    placed = _PLACES.get((step, int(octave))) if re.fullmatch(r"[0-9]", octave) else None
    drums = (named, sounds.get(""), placed, _SNARE)
    return next(drum for drum in drums if drum is not None)


def _give_pitch(note: Element, drum: int) -> None:
    unpitched = note.find("unpitched")
    if unpitched is not None:
        unpitched.clear()
        unpitched.tag = "pitch"
        _set(unpitched, "step", _STEPS[drum % 12])
        _set(unpitched, "alter", str(_SHARP[drum % 12]))
        _set(unpitched, "octave", str(drum // 12 - 1))


def drums_to_unpitched(root: Element, kits: Mapping[str, int]) -> None:
    """Make the pitched notes of parts unpitched, each drum an instrument of its part.

    Args:
        root: the score.
        kits: General MIDI's kit, 0–127, of each part that is drums, by its id.
    """
    declared = {part.get("id", ""): part for part in root.iter("score-part")}
    for part in root.iter("part"):
        name = part.get("id", "")
        if name not in kits:
            continue
        played = {_take_pitch(note, name) for note in part.iter("note")} - {None}
        if played:
            _declare(declared[name], sorted(d for d in played if d is not None), kits[name])


def _take_pitch(note: Element, part: str) -> int | None:
    """The drum of a note that is made unpitched; None for a rest."""
    pitch = note.find("pitch")
    if pitch is None:
        return None
    step, alter = pitch.findtext("step", "C"), float(pitch.findtext("alter", "0"))
    octave = int(pitch.findtext("octave", "4"))
    drum = 12 * (octave + 1) + _STEPS.index(step) + int(alter)
    step, octave = _PLACE_OF.get(drum, _MIDDLE)
    pitch.clear()
    pitch.tag = "unpitched"
    _set(pitch, "display-step", step)
    _set(pitch, "display-octave", str(octave))
    for accidental in note.findall("accidental"):
        note.remove(accidental)
    before = ("grace", "chord", "unpitched", "duration", "tie")
    place = sum(child.tag in before for child in note)
    note.insert(place, ElementTree.Element("instrument", {"id": _instrument(part, drum)}))
    return drum


def _declare(score_part: Element, drums: list[int], kit: int) -> None:
    """Name the drums of a part in the part list."""
    for tag in ("score-instrument", "midi-instrument"):
        for child in score_part.findall(tag):
            score_part.remove(child)
    for drum in drums:
        instrument = _set(score_part, "score-instrument", None)
        instrument.set("id", _instrument(score_part.get("id", ""), drum))
        _set(instrument, "instrument-name", f"Drum {drum}")
    for drum in drums:
        midi = _set(score_part, "midi-instrument", None)
        midi.set("id", _instrument(score_part.get("id", ""), drum))
        _set(midi, "midi-channel", DRUM_CHANNEL)
        _set(midi, "midi-program", str(kit + 1))
        _set(midi, "midi-unpitched", str(drum + 1))


def _instrument(part: str, drum: int) -> str:
    return f"{part}-I{drum + 1}"


def _set(parent: Element, tag: str, text: str | None) -> Element:
    child = ElementTree.SubElement(parent, tag)
    child.text = text
    return child
