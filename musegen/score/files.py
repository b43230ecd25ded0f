"""Music files: what one holds decides how it is read, and its suffix how it is written."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from musegen.disk import write_whole
from musegen.errors import MusegenError, NotFound, UnreadableFile, UsageError
from musegen.score.abc import read_tunes, write_book
from musegen.score.midi import read_midi, write_midi
from musegen.score.musicxml import read_music21
from musegen.score.repeats import unfold
from musegen.score.score import Score

_MIDI, _ABC, _MUSICXML, _MXL, _KERN = "MIDI", "ABC", "MusicXML", "compressed MusicXML", "kern"
_SUFFIX_KINDS = {
    ".mid": _MIDI,
    ".midi": _MIDI,
    ".kar": _MIDI,
    ".rmi": _MIDI,
    ".abc": _ABC,
    ".musicxml": _MUSICXML,
    ".xml": _MUSICXML,
    ".mxl": _MXL,
    ".krn": _KERN,
}
_SUFFIX_OF = {kind: suffix for suffix, kind in _SUFFIX_KINDS.items()}
SUFFIXES = frozenset(_SUFFIX_KINDS)  # what a walk through a folder takes for music
WRITTEN_SUFFIXES = (".mid", ".midi", ".abc")

# What the first bytes give away, tried in this order.
_SIGNS = (
    (_MIDI, re.compile(rb"\A(MThd|RIFF.{4}RMID)", re.DOTALL)),
    (_MXL, re.compile(rb"\APK\x03\x04")),
    (_MUSICXML, re.compile(rb"\A(\xef\xbb\xbf)?\s*<(\?xml|!DOCTYPE|score-)")),
    (_KERN, re.compile(rb"\A(!!|\*\*kern)")),
    (_ABC, re.compile(rb"^(\xef\xbb\xbf)?[XK]:", re.MULTILINE)),
)
_SIGN_BYTES = 8192
_TUNE = re.compile(r"(.+):(\d+)")


def read(path: str | Path) -> Score:
    """The score in a file; `book.abc:12` names the twelfth tune of a book.

    Raises:
        NotFound: there is no such file, or no such tune in it.
        UsageError: it is a book of several tunes, and none is named.
        UnreadableFile: it is damaged, may not be read, or is of an unknown kind.
    """
    file, number = _file_and_tune(path)
    data = _bytes_of(file)
    kind = _kind(data, file)
    if kind != _ABC:
        if number is not None:
            raise NotFound(f"only a tune book has a tune {number}; this is {kind}", file=file)
        return _read_alone(data, file, kind)
    tunes = list(read_tunes(_text(data)))
    if number is None and len(tunes) > 1:
        raise UsageError(
            f"holds {len(tunes)} tunes", file=file, hint=f"name one, as {file}:1 names the first"
        )
    place = 1 if number is None else number
    if not 1 <= place <= len(tunes):
        raise NotFound(f"holds {len(tunes)} tunes, so there is no tune {place}", file=file)
    tune = tunes[place - 1]
    if isinstance(tune, Score):
        return tune
    raise _of_file(tune, str(path))


def read_all(path: str | Path) -> Iterator[tuple[str, Score | MusegenError]]:
    """Every piece in a file by its name, or what is wrong with it.

    The tunes of a book are named `book.abc:1` and on; a piece alone has the file's name.
    """
    file, number = _file_and_tune(path)
    try:
        data = _bytes_of(file)
        kind = _kind(data, file)
        if kind != _ABC or number is not None:
            yield str(path), read(path)
            return
    except MusegenError as error:
        yield str(path), error
        return
    tunes = list(read_tunes(_text(data)))
    for n, tune in enumerate(tunes, start=1):
        name = f"{file}:{n}" if len(tunes) > 1 else str(file)
        yield name, tune if isinstance(tune, Score) else _of_file(tune, name)


def write(score: Score, path: str | Path, force: bool = False, made_by: str = "") -> None:
    """Write a score as what the suffix of its path says; MIDI has its repeats played out.

    Args:
        score: what to write.
        path: where to; its suffix is one of `WRITTEN_SUFFIXES`.
        force: overwrite what is there.
        made_by: what made the music, told in the file.

    Raises:
        UsageError: the suffix names no kind that can be written.
        OutputError: the file is already there, or cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITTEN_SUFFIXES:
        raise UsageError(
            f"cannot write a file of the kind {suffix or 'without a suffix'}",
            file=path,
            hint=f"end its name in one of {', '.join(WRITTEN_SUFFIXES)}",
        )
    if _SUFFIX_KINDS[suffix] == _ABC:
        made = f"% {made_by}\n" if made_by else ""
        data = (made + write_book([score])).encode()
    else:
        data = write_midi(unfold(score), made_by)
    write_whole(path, data, force)


def _file_and_tune(path: str | Path) -> tuple[Path, int | None]:
    """The file, and the number of the tune in it that is meant."""
    match = _TUNE.fullmatch(str(path))
    if match and not Path(path).exists():
        return Path(match[1]), int(match[2])
    return Path(path), None


def _bytes_of(file: Path) -> bytes:
    try:
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise NotFound("there is no such file", file=file) from error
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}", file=file) from error
    if not data:
        raise UnreadableFile("is empty", file=file)
    return data


def _kind(data: bytes, file: Path) -> str:
    """What kind of music a file holds, by its content and then by its suffix."""
    for kind, sign in _SIGNS:
        if sign.search(data[:_SIGN_BYTES]):
            return kind
    kind = _SUFFIX_KINDS.get(file.suffix.lower(), "")
    if kind == _MIDI and b"MThd" not in data and _is_text(data):
        raise UnreadableFile("holds text, not MIDI", file=file)
    if not kind:
        raise UnreadableFile(
            "is of an unknown kind",
            file=file,
            hint=f"music ends in {', '.join(sorted(SUFFIXES))}",
        )
    return kind


def _read_alone(data: bytes, file: Path, kind: str) -> Score:
    """The score in a file that holds one piece."""
    try:
        if kind == _MIDI:
            return read_midi(data)
        if _SUFFIX_KINDS.get(file.suffix.lower()) == kind:
            return read_music21(file)
        with tempfile.TemporaryDirectory() as folder:  # music21 goes by the name
            named = Path(folder) / f"music{_SUFFIX_OF[kind]}"
            named.write_bytes(data)
            return read_music21(named)
    except UnreadableFile as error:
        raise _of_file(error, str(file)) from error


def _of_file(error: UnreadableFile, name: str) -> UnreadableFile:
    """The error, said of the file or tune."""
    return UnreadableFile(error.message, file=name, hint=error.hint)


def _is_text(data: bytes) -> bool:
    return b"\0" not in data


def _text(data: bytes) -> str:
    """Text as UTF-8, or as latin-1 where it is not that."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
