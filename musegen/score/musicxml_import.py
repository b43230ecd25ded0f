"""music21's reading of MusicXML, mended where it is wrong or slow."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

from musegen.score.musicxml_clefs import settle_clefs
from musegen.score.musicxml_dynamics import rename_wedges
from musegen.score.musicxml_safe import Element


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let music21 make its many objects: to look for unused ones meanwhile takes a third longer."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()


def stream_of(root: Element) -> Any:
    """A music21 score of a file's elements, which are amended."""
    for note in root.iter("note"):
        for beam in note.findall("beam"):  # which say nothing that sounds, and take long to read
            note.remove(beam)
        for notations in note.findall("notations"):
            for bracket in notations.findall("non-arpeggiate"):  # music21 makes an arpeggio of it
                notations.remove(bracket)
    settle_clefs(root)
    rename_wedges(root)
    for grace in root.iter("grace"):
        grace.attrib.setdefault("slash", "no")  # as the standard has it; music21 thinks otherwise
    for transpose in root.iter("transpose"):  # music21 needs both numbers, the standard one
        if transpose.find("diatonic") is None and transpose.find("chromatic") is not None:
            semitones = float(transpose.findtext("chromatic") or 0)
            ElementTree.SubElement(transpose, "diatonic").text = str(round(semitones * 7 / 12))
    for part in root.iter("part"):
        if part.find("measure/attributes/staves") is not None:
            _name_staves(part)
    importer = _importer()
    importer.xmlRootToScore(root, importer.stream)
    return importer.stream


def _name_staves(part: Element) -> None:
    """Put what names no staff on the first; music21 would put it on every one."""
    for tag in ("note", "harmony", "direction"):
        for element in part.iterfind(f"measure/{tag}"):
            if element.find("staff") is None:
                ElementTree.SubElement(element, "staff").text = "1"


def _keep_within(measure: Any) -> None:
    """Put signs that an offset takes beyond the notes of a bar at its end, or it grows longer."""
    from music21.common.numberTools import opFrac

    beside, end = [], Fraction(0)
    for element in measure.elements:
        classes = element.classes
        if element.isStream or ("GeneralNote" in classes and "Harmony" not in classes):
            last = element.highestTime if element.isStream else element.quarterLength
            end = max(end, Fraction(element.offset) + Fraction(last))
        elif "Barline" not in classes:
            beside.append(element)
    for element in beside:
        if element.offset > end:
            measure.setElementOffset(element, opFrac(end))


def _importer() -> Any:
    """An importer that takes a short bar as it is, and a whole rest beside chords.

    Of a short bar music21 looks through all bars before it; chords it does not count as notes, so
    that such a rest is the only thing in its bar and made as long as the metre.
    """
    from music21.musicxml.xmlToM21 import MusicXMLImporter, PartParser

    class Parser(PartParser):  # type: ignore[misc]  # music21 has no types
        def adjustTimeAttributesFromMeasure(self, m: Any) -> None:
            if 0 < m.highestTime < self.lastTimeSignature.barDuration.quarterLength:
                self.lastMeasureOffset += m.highestTime
            else:
                super().adjustTimeAttributesFromMeasure(m)

        def setLastMeasureInfo(self, m: Any) -> None:
            super().setLastMeasureInfo(m)
            _keep_within(m)
            self.stream.isSorted = False  # or it looks through all bars where to put this one
            read = self.lastMeasureParser
            if read.fullMeasureRest and m.recurse().notes:
                rests = m.recurse().getElementsByClass("Rest")
                read.fullMeasureRest = any(rest.fullMeasure is True for rest in rests)

    class Importer(MusicXMLImporter):  # type: ignore[misc]
        def xmlPartToPart(self, mxPart: Any, mxScorePart: Any) -> Any:
            parser = Parser(mxPart, mxScorePart=mxScorePart, parent=self)
            parser.parse()
            return parser.stream if parser.appendToScoreAfterParse else None

    return Importer()
