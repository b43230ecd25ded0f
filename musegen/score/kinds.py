"""What a file is, by what it holds: music that musegen reads, out of its wrappings, or what else.

Wrappings are gzip and archives of one piece; none may unpack to more than `MAX_BYTES`.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
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

_SIGN_BYTES = 8192
_MAX_WRAPPINGS = 3
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
        ("a RAR archive", rb"Rar!\x1a", "Unpack it first."),
        ("a 7z archive", rb"7z\xbc\xaf", "Unpack it first."),
        ("an xz archive", rb"\xfd7zXZ", "Unpack it first."),
        ("a bzip2 archive", rb"BZh[1-9]", "Unpack it first."),
        ("a tar archive", rb".{257}ustar", "Unpack it first."),
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
        if data.startswith(b"\x1f\x8b"):
            data = _gunzipped(data)
        elif data.startswith(b"PK\x03\x04"):
            kind, data = _of_archive(data)
            if kind:
                return kind, data
        else:
            return _bare_kind(data, file), data
    raise UnreadableFile("is wrapped again and again")


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


def _of_archive(data: bytes) -> tuple[str, bytes]:
    """Compressed MusicXML as it is; else the one piece of music in an archive, without its kind."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
            if "META-INF/container.xml" in names:
                foreign = next((f for f in _ARCHIVES[:1] if any(map(f[1].fullmatch, names))), None)
                if foreign is None:
                    return MXL, data
            for what, pattern, hint in _ARCHIVES:
                if any(pattern.fullmatch(name) for name in names):
                    raise _foreign(what, hint)
            music = [n for n in names if PurePosixPath(n).suffix.lower() in SUFFIX_KINDS]
            if len(music) != 1:
                hint = "Unpack it first."
                raise UnreadableFile(f"is an archive of {len(music)} pieces of music", hint=hint)
            return "", read_member(archive, music[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise UnreadableFile(f"is a damaged archive: {error}") from error


def _bare_kind(data: bytes, file: Path) -> str:
    """What kind of music bytes are that are wrapped in nothing."""
    head = data[:_SIGN_BYTES]
    if re.match(rb"\s*MThd|RIFF.{4}RMID", head, re.DOTALL):
        return MIDI
    for what, sign, hint in _FOREIGN:
        if sign.match(head):
            raise _foreign(what, hint)
    kind = _text_kind(_text_head(head))
    return kind or _kind_of_name(data, file)


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
        raise UnreadableFile("is of an unknown kind", hint=hint)
    return kind


def _foreign(what: str, hint: str) -> UnreadableFile:
    return UnreadableFile(f"is {what}, which musegen does not read", hint=hint)
