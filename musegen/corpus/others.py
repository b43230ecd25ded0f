"""What the files are that lie among the music and are none: named, with what can be done."""

from __future__ import annotations

from pathlib import Path

# What the first bytes give away: music under a wrong name comes first.
_SIGNS = (
    (b"MThd", "MIDI under another name: end it in .mid"),
    (b"X:", "perhaps ABC under another name: end it in .abc"),
    (b"ID3", "sound; musegen reads notes, not sound"),
    (b"%PDF", "a PDF; musegen does not read printed pages"),
    (b"\x1f\x8b", "compressed: unpack it"),
)
_ARCHIVE, _SOUND = "an archive: unpack it", "sound; musegen reads notes, not sound"
_PICTURE, _PROGRAM = "a picture", "of a notation program: export MusicXML from it"
_SUFFIXES = {
    **dict.fromkeys((".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".xz"), _ARCHIVE),
    **dict.fromkeys((".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aif", ".aiff"), _SOUND),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"), _PICTURE),
    **dict.fromkeys((".mscz", ".mscx", ".sib", ".mus", ".musx", ".dorico", ".cap"), _PROGRAM),
    **dict.fromkeys((".gp", ".gp3", ".gp4", ".gp5", ".gpx"), _PROGRAM),
    **dict.fromkeys((".ly", ".mei", ".ttl"), "notation that musegen does not read"),
    **dict.fromkeys((".txt", ".md", ".rst", ".html", ".htm"), "text"),
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
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError:
        return "cannot be read"
    told = next((what for sign, what in _SIGNS if start.startswith(sign)), "")
    plain = (
        "text" if start.isascii() and start.decode("ascii").isprintable() else "of no kind known"
    )
    return told or _SUFFIXES.get(path.suffix.lower(), plain if start else "empty")
