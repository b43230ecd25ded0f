"""MusicXML as it comes from strangers, made safe: bytes → a tree of elements, or an UnreadableFile.

Nothing is fetched, no entity is expanded, and neither a small file that unpacks to a large one nor
elements nested without end get through.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from typing import TypeAlias
from xml.etree import ElementTree
from xml.parsers import expat

from musegen.errors import UnreadableFile

MAX_BYTES = 100_000_000  # unpacked; the longest symphonic movement takes a fifth of it
_MAX_RATIO = 500  # unpacked to packed; scores come to 20 or 40
_RATIO_COUNTS_FROM = 1_000_000
_MAX_DEPTH = 64  # the standard's elements nest to about ten
_LIMITS = {  # what music21 would take at its word, and never come back from
    "beats": 255,
    "beat-type": 256,
    "fifths": 14,
    "actual-notes": 255,
    "normal-notes": 255,
    "octave": 12,
    "diatonic": 127,
    "chromatic": 127,
    "octave-change": 12,
    "clef-octave-change": 12,
    "multiple-rest": 10_000,
    "divisions": 1_000_000,
    "duration": 1_000_000_000,
    "offset": 1_000_000_000,
    "staff": 32,
    "staff-lines": 32,
    "tremolo": 8,
}
_LEAST = {  # where music21 would divide by nought
    "divisions": 1e-6,
    "duration": 0,
    "beats": 1,
    "beat-type": 1,
    "actual-notes": 1,
    "normal-notes": 1,
}
_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d*)?\s*")
_SUFFIXES = (".musicxml", ".xml")

Element: TypeAlias = "ElementTree.Element[str]"


def parse_musicxml(data: bytes) -> Element:
    """The `score-partwise` element of a MusicXML file, compressed or not.

    Raises:
        UnreadableFile: it is damaged, is no MusicXML, declares entities or is too large.
    """
    root = parse_xml(unpacked(data) if data.startswith(b"PK") else data)
    if root.tag == "score-timewise":
        root = _partwise(root)
    if root.tag != "score-partwise":
        raise UnreadableFile(f"holds XML, but no MusicXML: its root is <{root.tag[:40]}>")
    _check_numbers(root)
    return root


def _check_numbers(root: Element) -> None:
    """Refuse numbers that no music has."""
    for element in root.iter():
        limit = _LIMITS.get(element.tag)
        text = element.text or ""
        if limit is None or not text.strip():
            continue
        parts = text.split("+") if element.tag == "beats" else [text]
        if not all(_NUMBER.fullmatch(part) and abs(float(part)) <= limit for part in parts):
            raise UnreadableFile(f"says {text.strip()[:20]!r} where <{element.tag}> stands")
        least = _LEAST.get(element.tag, -limit)
        if sum(map(float, parts)) < least:
            raise UnreadableFile(
                f"says {text.strip()[:20]!r} where <{element.tag}> stands, less than can be",
                hint="Mend that number, or export the piece again.",
            )


def parse_xml(data: bytes) -> Element:
    """The root element of an XML text in any encoding that it declares.

    Raises:
        UnreadableFile: it is not well-formed, declares entities, is nested too deeply or too large.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableFile(f"holds more than {MAX_BYTES // 1_000_000} MB of XML")
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n"), True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise UnreadableFile(f"is not well-formed XML: {error}") from error


class _Builder(ElementTree.TreeBuilder):
    """A tree that is built to a bounded depth."""

    depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        """Open an element."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise UnreadableFile(f"nests its elements more than {_MAX_DEPTH} deep")
        return super().start(tag, attributes)

    def end(self, tag: str) -> Element:
        """Close an element."""
        self.depth -= 1
        return super().end(tag)


def _refuse_entity(name: str, *_: object) -> None:
    raise UnreadableFile(f"declares the entity {name[:40]!r}; scores have no need of any")


def _partwise(timewise: Element) -> Element:
    """Measures of parts → parts of measures."""
    root = ElementTree.Element("score-partwise", timewise.attrib)
    parts: dict[str, Element] = {}
    for child in timewise:
        if child.tag != "measure":
            root.append(child)
            continue
        for part in child.iter("part"):
            name = part.get("id", "")
            if name not in parts:
                parts[name] = ElementTree.SubElement(root, "part", {"id": name})
            measure = ElementTree.SubElement(parts[name], "measure", child.attrib)
            measure.extend(part)
    return root


def unpacked(data: bytes) -> bytes:
    """The score within a compressed MusicXML file.

    Raises:
        UnreadableFile: the archive is damaged, holds no score, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return read_member(archive, _member(archive))
    except UnreadableFile:
        raise
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError, EOFError, ValueError) as error:
        raise UnreadableFile(f"is a damaged archive: {error}") from error
    except (NotImplementedError, RuntimeError) as error:  # a method or a password zipfile lacks
        raise UnreadableFile(f"is an archive that cannot be unpacked: {error}") from error


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file in an archive, if it is not suspiciously large.

    Raises:
        UnreadableFile: it is.
    """
    entry = archive.getinfo(name)
    with archive.open(entry) as file:  # what the entry says of its size may be a lie
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UnreadableFile(f"unpacks to more than {MAX_BYTES // 1_000_000} MB")
    ratio = len(content) // max(1, entry.compress_size)
    if len(content) > _RATIO_COUNTS_FROM and ratio > _MAX_RATIO:
        raise UnreadableFile(f"unpacks to {ratio} times its size, as no score does")
    return content


def _member(archive: zipfile.ZipFile) -> str:
    """The file that the container names, or else the first that may be a score."""
    names = archive.namelist()
    if "META-INF/container.xml" in names:
        container = parse_xml(read_member(archive, "META-INF/container.xml"))
        for file in container.iter():
            path = posixpath.normpath(file.get("full-path", ""))
            if file.tag.endswith("rootfile") and path in names:
                return path
    for name in names:
        if name.lower().endswith(_SUFFIXES) and not name.startswith(("META-INF", "__MACOSX")):
            return name
    raise UnreadableFile("is an archive without a score in it")
