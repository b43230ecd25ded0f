"""From a Score to MusicXML, compressed or not, through music21.

Written: parts with names, programs and fitting clefs, neighbouring parts of one keyboard as its
staves, a keyboard part of wide range divided at middle C (marked so, and read as one part again),
drums as percussion, volume and pan at the beginning, metre, key (estimated where the score says
none), tempo, bars as long as they are, repeats, endings, double bars, voices, ties, tuplets,
beams, chord symbols, syllables (lyrics of MIDI too), grace notes, ornaments, dynamics, and how loud
each note or chord is. Pitches sound as written, spelled by the key. Notes where no notation is are
moved a little: see `notatable.Grid`.
Lost are pedal, other opaque events, and marks that `musicxml_marks` has no sign for.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

from musegen.score.abbreviations import abbreviated
from musegen.score.key import settled_key
from musegen.score.midi_lyrics import sung
from musegen.score.musicxml_clefs import name_guesses, says_clef
from musegen.score.musicxml_controls import say_controls
from musegen.score.musicxml_dynamics import restore_wedges
from musegen.score.musicxml_import import uninterrupted
from musegen.score.musicxml_layout import Layout
from musegen.score.musicxml_measures import Measures, quarters
from musegen.score.musicxml_notes import VELOCITY
from musegen.score.musicxml_parts import DIVIDED
from musegen.score.musicxml_safe import Element
from musegen.score.percussion import drums_to_unpitched
from musegen.score.score import Notes, Part, Score

_DRUM_CHANNEL = 10
_CHANNELS = [channel for channel in range(1, 17) if channel != _DRUM_CHANNEL]
_USUAL_VELOCITY = 80  # what a reader takes where nothing is said
_FORTE = 90  # the velocity that MusicXML counts as a hundred per cent
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
    '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles>'
    '<rootfile full-path="score.musicxml" media-type="application/vnd.recordare.musicxml+xml"/>'
    "</rootfiles></container>\n"
)
_UNFIT = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # for XML 1.0, 2.2
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same score gives the same bytes on any day


@uninterrupted()
def write_musicxml(score: Score, made_by: str = "") -> bytes:
    """The score as MusicXML 4.0; repeats stay written.

    Notes stay where they are if 96ths of a quarter, quintuplets or septuplets explain their beat;
    others, as performed ones, are moved to the nearest 16th or 12th of a quarter. A note that is
    then without length gets the shortest.

    Args:
        score: what to write.
        made_by: what made the music, told in the file as its software.
    """
    from music21.musicxml.m21ToXml import ScoreExporter

    if not score.parts:  # a score of nothing still has a staff
        score = replace(score, parts=(Part("", 0, Notes.of([])),))
    if not len(score.key):  # else every accidental would be a sharp or a flat by habit
        score = replace(score, key=settled_key(score.parts, score.key[:, :3]))
    score = sung(score)
    laid_out = Layout.of(score)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        root = ScoreExporter(_stream(laid_out), makeNotation=False).parse()
    for part, staves in zip(root.iter("part"), laid_out.instruments, strict=True):
        name_guesses(part, [says_clef(score, staff.part) for staff in staves])
    _finish(root, [score.parts[staves[0].part] for staves in laid_out.instruments], made_by)
    body = _UNFIT.sub("", ElementTree.tostring(root, encoding="unicode"))
    return f"{_HEAD}{body}\n".encode()


def compressed(musicxml: bytes) -> bytes:
    """A MusicXML text as the bytes of an .mxl file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (
            ("META-INF/container.xml", _CONTAINER.encode()),
            ("score.musicxml", musicxml),
        ):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _stream(laid_out: Layout) -> Any:
    """A score as a music21 stream, ready to be written."""
    from music21 import layout, metadata, stream

    score = laid_out.score
    whole = stream.Score()
    whole.insert(0, metadata.Metadata(title=score.title))
    for number, staves in enumerate(laid_out.instruments):
        make = stream.Part if len(staves) == 1 else stream.PartStaff
        name = f"P{number + 1}"
        if len(staves) > 1 and staves[0].part == staves[1].part:
            name += DIVIDED
        made = []
        for index, staff in enumerate(staves):
            part = score.parts[staff.part]
            written = make(id=f"{name}-{index + 1}")
            written.partName = part.name
            written.insert(0, _instrument(part, name))
            measures = Measures(laid_out, number, index)
            for bar, measure in zip(laid_out.bars, measures.all(), strict=True):
                written.coreInsert(quarters(bar.start), measure, ignoreSort=True)
            written.coreElementsChanged()
            for bracket in measures.brackets:
                written.insert(0, bracket)
            whole.insert(0, written)
            made.append(written)
        if len(made) > 1:
            whole.insert(0, layout.StaffGroup(made, symbol="brace", name=made[0].partName))
    return whole


def _instrument(part: Part, name: str) -> Any:
    """An instrument that transposes nothing."""
    from music21 import instrument

    made = instrument.Instrument()
    made.partId = name
    made.instrumentId = f"{name}-I1"
    made.partName = part.name
    made.instrumentName = part.name
    made.midiProgram = part.program
    made.midiChannel = 0  # `_finish` gives it out
    return made


def _finish(root: Element, instruments: list[Part], made_by: str) -> None:
    """What music21 does not know: drums, channels, single notes' loudness, who made the score.

    An instrument of several staves is told by the first of its parts.
    """
    for part in root.iter("part"):
        has_dynamics = restore_wedges(part)
        for note in part.iter("note"):
            _, _, velocity = note.attrib.pop("id", "").partition(VELOCITY)
            if velocity and (has_dynamics or int(velocity) != _USUAL_VELOCITY):
                note.set("dynamics", f"{int(velocity) / _FORTE:.2%}".rstrip("%"))
    ids = [part.get("id", "") for part in root.iter("part")]
    kits = {
        name: part.program for name, part in zip(ids, instruments, strict=True) if part.is_drums
    }
    drums_to_unpitched(root, kits)
    declarations = zip(root.iter("score-part"), instruments, _channels(instruments), strict=True)
    for declared, instrument, channel in declarations:
        say_controls(declared, instrument.events)
        if len(instruments) > 1:  # one alone needs no telling apart
            _abbreviate(declared)
        for element in declared.iter("midi-channel"):
            element.text = str(channel)
    identification = root.find("identification")
    if identification is not None:
        identification.clear()
        encoding = ElementTree.SubElement(identification, "encoding")
        ElementTree.SubElement(encoding, "software").text = made_by or "musegen"


def _abbreviate(declared: Element) -> None:
    """Say what a part is called before all systems but the first."""
    place = next((n for n, child in enumerate(declared) if child.tag == "part-name"), None)
    short = abbreviated(declared.findtext("part-name") or "")
    if place is not None and short:
        element = ElementTree.Element("part-abbreviation")
        element.text = short
        declared.insert(place + 1, element)


def _channels(instruments: list[Part]) -> Iterator[int]:
    """The channel of each instrument; after fifteen they go round again."""
    turn = 0
    for part in instruments:
        if part.is_drums:
            yield _DRUM_CHANNEL
        else:
            yield _CHANNELS[turn % len(_CHANNELS)]
            turn += 1
