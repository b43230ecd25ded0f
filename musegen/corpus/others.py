"""What the files are that lie among the music and are none: named, with what can be done."""

from __future__ import annotations

from pathlib import Path

from musegen.errors import UnreadableFile
from musegen.score.kinds import glance

from .datasets_folder import own_files

_PACKED = (".gz", ".tgz")
_SOUND = "sound; musegen reads notes, not sound"
_PICTURE, _PROGRAM = "a picture", "of a notation program: export MusicXML from it"
_SUFFIXES = {
    **dict.fromkeys((".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aif", ".aiff"), _SOUND),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"), _PICTURE),
    **dict.fromkeys((".mscz", ".mscx", ".sib", ".mus", ".musx", ".dorico", ".cap"), _PROGRAM),
    **dict.fromkeys((".gp", ".gp3", ".gp4", ".gp5", ".gpx"), _PROGRAM),
    **dict.fromkeys((".ly", ".mei", ".ttl"), "notation that musegen does not read"),
    **dict.fromkeys((".txt", ".md", ".rst"), "text"),
    **dict.fromkeys((".json", ".csv", ".tsv", ".yaml", ".yml"), "a table or settings"),
    **dict.fromkeys((".npy", ".npz", ".pkl", ".pickle"), "data of a program"),
    ".sf2": "a SoundFont",
    ".pdf": "a PDF; musegen does not read printed pages",
}


def what_is(path: Path) -> str:
    """What a file is that is no music, in a few words."""
    if path.name.startswith("."):
        return "hidden"
    if path.exists() and not path.is_file():
        return "a pipe or a device"
    if path.name in own_files():
        return "what musegen notes of a data set"
    try:
        with path.open("rb") as file:
            start = file.read(8)
        glance(path)
    except OSError:
        return "cannot be read"
    except UnreadableFile as error:
        named = f"{error.message.removeprefix('is ')}: {_lower(error.hint)}".rstrip(": ")
    else:
        named = _plain(start, path.suffix.lower())
    return _SUFFIXES.get(path.suffix.lower(), named)


def _plain(start: bytes, suffix: str) -> str:
    """What its first bytes show of a file of no kind that has a sign."""
    if not start:
        return "empty"
    if suffix in _PACKED:
        return "packed, and no music in it"
    is_text = start.isascii() and b"".join(start.split()).decode("ascii").isprintable()
    return "text" if is_text else "of no kind known"


def _lower(sentence: str) -> str:
    """A sentence that goes on another."""
    return f"{sentence[:1].lower()}{sentence[1:].rstrip('.')}"
