"""Percussion in MusicXML: unpitched notes ↔ the drum notes of General MIDI's channel 10.

Trees of MusicXML are changed in place: music21 then meets pitched notes, whose pitch is the drum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

from musegen.score.drum_kit import drum_at, drum_of
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

_SNARE = 38  # where nothing tells
_AFTER_HEAD = ("notehead-text", "staff", "beam", "notations", "lyric", "play", "listen")


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
            drum = _drum(note, sounds)
            _give_pitch(note, drum)
            for head in note.findall("notehead"):
                if _shape(note) == drum_of(drum).head and head.get("parentheses") != "yes":
                    note.remove(head)  # which says nothing more
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
    is_place = re.fullmatch(r"[0-9]", octave)
    placed = drum_at(step, int(octave), _shape(note)) if is_place else None
    drums = (named, sounds.get(""), placed, _SNARE)
    return next(drum for drum in drums if drum is not None)


def _shape(note: Element) -> str:
    return (note.findtext("notehead") or "normal").strip()


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
        has_feet = any(int(voice.text or 0) % 2 == 0 for voice in part.iter("voice"))
        played = {_take_pitch(note, name, has_feet) for note in part.iter("note")} - {None}
        if played:
            _declare(declared[name], sorted(d for d in played if d is not None), kits[name])


def _take_pitch(note: Element, part: str, has_feet: bool) -> int | None:
    """The drum of a note that is made unpitched; None for a rest.

    Beside feet, stems are told: up for the hands in odd voices, down for the feet in even ones.
    """
    pitch = note.find("pitch")
    if pitch is None:
        return None
    step, alter = pitch.findtext("step", "C"), float(pitch.findtext("alter", "0"))
    octave = int(pitch.findtext("octave", "4"))
    drum = 12 * (octave + 1) + _STEPS.index(step) + int(alter)
    shown = drum_of(drum)
    pitch.clear()
    pitch.tag = "unpitched"
    _set(pitch, "display-step", shown.step)
    _set(pitch, "display-octave", str(shown.octave))
    for accidental in note.findall("accidental"):
        note.remove(accidental)
    before = ("grace", "chord", "unpitched", "duration", "tie")
    place = sum(child.tag in before for child in note)
    note.insert(place, ElementTree.Element("instrument", {"id": _instrument(part, drum)}))
    looks = {"notehead": shown.head} if shown.head != "normal" else {}
    if has_feet:
        is_foot = int(note.findtext("voice", "1")) % 2 == 0
        looks = {"stem": "down" if is_foot else "up"} | looks
    place = sum(child.tag not in _AFTER_HEAD for child in note)
    for at, (tag, text) in enumerate(looks.items(), start=place):
        look = ElementTree.Element(tag)
        look.text = text
        note.insert(at, look)
    return drum


def _declare(score_part: Element, drums: list[int], kit: int) -> None:
    """Name the drums of a part in the part list."""
    for tag in ("score-instrument", "midi-instrument"):
        for child in score_part.findall(tag):
            score_part.remove(child)
    for drum in drums:
        instrument = _set(score_part, "score-instrument", None)
        instrument.set("id", _instrument(score_part.get("id", ""), drum))
        _set(instrument, "instrument-name", drum_of(drum).name)
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
