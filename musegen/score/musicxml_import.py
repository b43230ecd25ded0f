"""music21's reading of MusicXML, mended where it is wrong or slow."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from musegen.score.musicxml_safe import Element


def stream_of(root: Element) -> Any:
    """A music21 score of a file's elements, which are amended."""
    for grace in root.iter("grace"):
        grace.attrib.setdefault("slash", "no")  # as the standard has it; music21 thinks otherwise
    for transpose in root.iter("transpose"):  # music21 needs both numbers, the standard one
        if transpose.find("diatonic") is None and transpose.find("chromatic") is not None:
            semitones = float(transpose.findtext("chromatic") or 0)
            ElementTree.SubElement(transpose, "diatonic").text = str(round(semitones * 7 / 12))
    importer = _importer()
    importer.xmlRootToScore(root, importer.stream)
    return importer.stream


def _importer() -> Any:
    """An importer that takes a short bar as it is: music21 looks through all bars before it."""
    from music21.musicxml.xmlToM21 import MusicXMLImporter, PartParser

    class Parser(PartParser):  # type: ignore[misc]  # music21 has no types
        def adjustTimeAttributesFromMeasure(self, m: Any) -> None:
            if 0 < m.highestTime < self.lastTimeSignature.barDuration.quarterLength:
                self.lastMeasureOffset += m.highestTime
            else:
                super().adjustTimeAttributesFromMeasure(m)

    class Importer(MusicXMLImporter):  # type: ignore[misc]
        def xmlPartToPart(self, mxPart: Any, mxScorePart: Any) -> Any:
            parser = Parser(mxPart, mxScorePart=mxScorePart, parent=self)
            parser.parse()
            return parser.stream if parser.appendToScoreAfterParse else None

    return Importer()
