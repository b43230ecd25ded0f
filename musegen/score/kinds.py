"""What a file is, by what it holds: music that musegen reads, out of its wrappings, or what else.

Wrappings are gzip and archives of one piece; none may unpack to more than `MAX_BYTES`. A walk
through a folder takes a `glance` at what has no name of music, and is stricter with it.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from musegen.errors import UnreadableFile
from musegen.score.musicxml_safe import MAX_BYTES, read_member

MIDI, ABC, MUSICXML, MXL, KERN = "MIDI", "ABC", "MusicXML", "compressed MusicXML", "kern"
SUFFIX_KINDS = {
    ".mid": MIDI,
    ".midi": MIDI,
    ".kar": MIDI,
    ".rmi": MIDI,
    ".abc": ABC,
    ".musicxml": MUSICXML,
    ".xml": MUSICXML,
    ".mxl": MXL,
    ".krn": KERN,
}

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_SIGN_BYTES = 8192
_MAX_WRAPPINGS = 3
_UNPACK = "Unpack it first."
_EXPORT = "Export it as MusicXML from the program that made it (MuseScore reads most)."
_TRANSCRIBE = "Sound is no score: transcribe it first, or take a MIDI file of the piece."
_ENGRAVED = "A picture is no score: read it with a music scanner, or take a MIDI file of the piece."

# What other files begin with: name, pattern, way out. Tried in this order.
_FOREIGN = tuple(
    (name, re.compile(pattern, re.DOTALL | re.IGNORECASE), hint)
    for name, pattern, hint in (
        ("a PDF", rb"%PDF-", _ENGRAVED),
        ("an MP3", rb"ID3[\x02-\x04]|\xff[\xfa\xfb\xf2\xf3]", _TRANSCRIBE),
        ("a WAV recording", rb"(RIFF|RF64).{4}WAVE", _TRANSCRIBE),
        ("an AIFF recording", rb"FORM.{4}AIF", _TRANSCRIBE),
        ("a FLAC recording", rb"fLaC", _TRANSCRIBE),
        ("an Ogg recording", rb"OggS", _TRANSCRIBE),
        ("an MP4", rb".{4}ftyp", _TRANSCRIBE),
        ("a SoundFont", rb"RIFF.{4}sfbk", ""),
        ("a PNG picture", rb"\x89PNG", _ENGRAVED),
        ("a JPEG picture", rb"\xff\xd8\xff", _ENGRAVED),
        ("a GIF picture", rb"GIF8[79]a", _ENGRAVED),
        ("a TIFF picture", rb"II\*\0|MM\0\*", _ENGRAVED),
        ("a Sibelius score", rb"\x0fSIBELIUS", _EXPORT),
        ("a Finale score", rb"ENIGMA BINARY FILE", _EXPORT),
        ("a Guitar Pro score", rb".?FICHIER GUITAR PRO|BCF[SZ]", _EXPORT),
        ("an SQLite database", rb"SQLite format 3\0", ""),
        ("a program", rb"\x7fELF|MZ\x90|\xcf\xfa\xed\xfe", ""),
        ("a RAR archive", rb"Rar!\x1a", _UNPACK),
        ("a 7z archive", rb"7z\xbc\xaf", _UNPACK),
        ("an xz archive", rb"\xfd7zXZ", _UNPACK),
        ("a bzip2 archive", rb"BZh[1-9]", _UNPACK),
        ("a tar archive", rb".{257}ustar", _UNPACK),
        ("a numpy array", rb"\x93NUMPY", ""),
    )
)
_FOREIGN_TEXT = tuple(
    (name, re.compile(pattern, re.DOTALL | re.IGNORECASE), hint)
    for name, pattern, hint in (
        (
            "a web page",
            r"(<!--((?!-->).)*-->\s*)*(<!doctype html|<html)",
            "Save the music, not its page.",
        ),
        ("a MuseScore score", r".{0,200}<museScore", _EXPORT),
        ("an MEI score", r".{0,2000}<mei\b", _EXPORT),
        ("an SVG picture", r".{0,500}<svg\b", _ENGRAVED),
        ("a LilyPond score", r"(%[^\n]*\n\s*)*\\(version|header|score|relative)\b", _EXPORT),
        ("JSON", r"[{\[]\s*[\"\[{\d\]}]", ""),
    )
)
_XML = re.compile(r"<(\?xml|!DOCTYPE|!--|score-)")
_KERN_SPINE = re.compile(r"^(\*\*kern|\*\*\w+\t(.*\t)?\*\*kern)", re.MULTILINE)
_ABC_FIELD = re.compile(r"^[XK]:", re.MULTILINE)
_CERTAIN = {  # what a text without a name of music must have, which may be anything
    MUSICXML: re.compile(r"<score-(partwise|timewise)\b"),
    KERN: _KERN_SPINE,
    ABC: re.compile(r"(?s)\A([ \t\r]*(%[^\n]*)?\n)*(?=[A-Za-z]:)(.*\n)?X:[ \t]*\d.*\nK:"),
}

# What an archive is that holds such a file.
_ARCHIVES = (
    ("a MuseScore score", re.compile(r".*\.mscx"), _EXPORT),
    ("a Guitar Pro score", re.compile(r"(.*/)?score\.gpif"), _EXPORT),
    ("a Finale score", re.compile(r"(.*/)?score\.dat"), _EXPORT),
    ("an office document", re.compile(r"(word|xl|ppt)/.*|content\.xml"), ""),
)


def known(data: bytes, file: Path) -> tuple[str, bytes]:
    """The kind of music in a file, one of those above, and its bytes out of their wrapping.

    What it holds decides, and its name where that says nothing.

    Raises:
        UnreadableFile: it is damaged, or something else, which the error names.
    """
    for _ in range(_MAX_WRAPPINGS):
        if data.startswith(_GZIP):
            data, file = _gunzipped(data), _without_gz(file)
        elif data.startswith(_ZIP):
            with _archive(io.BytesIO(data)) as archive:
                name = _piece_in(archive)
                if not name:
                    return MXL, data
                data, file = read_member(archive, name), Path(name)
        else:
            return _bare_kind(data) or _kind_of_name(data, file), data
    raise UnreadableFile("is wrapped again and again")


def glance(path: Path) -> str:
    """The kind of music in a file whose name does not say it, by its first bytes; empty for none.

    Raises:
        UnreadableFile: it is something else, which the error names.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_SIGN_BYTES)
    if head.startswith(_ZIP):
        with _archive(path) as archive:
            return SUFFIX_KINDS.get(_suffix(_piece_in(archive)), MXL)
    for _ in range(_MAX_WRAPPINGS):
        if head.startswith(_GZIP):
            with contextlib.suppress(zlib.error):
                head = zlib.decompressobj(wbits=31).decompress(head, _SIGN_BYTES)
    kind = _bare_kind(head)
    is_certain = kind not in _CERTAIN or _CERTAIN[kind].search(_text_head(head))
    return kind if is_certain else ""


def text_of(data: bytes) -> str:
    """Text as its byte order mark says, as UTF-8, or as latin-1 where it is not that."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _gunzipped(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(data, MAX_BYTES + 1)
    except zlib.error as error:
        raise UnreadableFile(f"is damaged gzip: {error}") from error
    if len(content) > MAX_BYTES:
        raise UnreadableFile(f"unpacks to more than {MAX_BYTES // 1_000_000} MB")
    if not unpacker.eof:
        raise UnreadableFile("is gzip cut short")
    return content


def _without_gz(file: Path) -> Path:
    return file.with_suffix("") if file.suffix.lower() == ".gz" else file


@contextlib.contextmanager
def _archive(file: io.BytesIO | Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise UnreadableFile(f"is a damaged archive: {error}") from error


def _piece_in(archive: zipfile.ZipFile) -> str:
    """The name of the one piece of music in an archive; empty where all of it is MusicXML."""
    names = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
    foreign = [any(map(pattern.fullmatch, names)) for _, pattern, _ in _ARCHIVES]
    if "META-INF/container.xml" in names and not foreign[0]:
        return ""
    if any(foreign):
        what, _, hint = _ARCHIVES[foreign.index(True)]
        raise _foreign(what, hint)
    music = [name for name in names if _suffix(name) in SUFFIX_KINDS]
    if not music:
        raise UnreadableFile("is an archive without music")
    if len(music) > 1:
        raise UnreadableFile(f"is an archive of {len(music)} pieces of music", hint=_UNPACK)
    return music[0]


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _bare_kind(data: bytes) -> str:
    """What kind of music bytes are that are wrapped in nothing; empty where they do not show it."""
    head = data[:_SIGN_BYTES]
    if re.match(rb"\s*MThd|RIFF.{4}RMID", head, re.DOTALL):
        return MIDI
    for what, sign, hint in _FOREIGN:
        if sign.match(head):
            raise _foreign(what, hint)
    return _text_kind(_text_head(head))


def _text_head(head: bytes) -> str:
    """The beginning of a text, without its byte order mark and leading spaces."""
    if head.startswith(b"<\0"):
        head = codecs.BOM_UTF16_LE + head
    elif head.startswith(b"\0<"):
        head = codecs.BOM_UTF16_BE + head
    return text_of(head).lstrip("\ufeff\ufffd \t\r\n\0")


def _text_kind(head: str) -> str:
    for what, sign, hint in _FOREIGN_TEXT[:-1]:
        if sign.match(head):
            raise _foreign(what, hint)
    if _XML.match(head):
        return MUSICXML
    if head.startswith("!!") or _KERN_SPINE.search(head):
        return KERN
    if _ABC_FIELD.search(head):
        return ABC
    what, sign, hint = _FOREIGN_TEXT[-1]
    if sign.match(head):
        raise _foreign(what, hint)
    return ""


def _kind_of_name(data: bytes, file: Path) -> str:
    kind = SUFFIX_KINDS.get(file.suffix.lower(), "")
    if kind == MIDI and b"MThd" not in data and b"\0" not in data:
        raise UnreadableFile("holds text, not MIDI")
    if kind in (MUSICXML, MXL):
        raise UnreadableFile(f"is not {kind}, though its name says so")
    if not kind:
        hint = f"Music ends in {', '.join(sorted(SUFFIX_KINDS))}."
        what = (
            "is text, but no music that is known" if b"\0" not in data else "is of an unknown kind"
        )
        raise UnreadableFile(what, hint=hint)
    return kind


def _foreign(what: str, hint: str) -> UnreadableFile:
    return UnreadableFile(f"is {what}, which musegen does not read", hint=hint)
