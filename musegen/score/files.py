"""Music files: what one holds decides how it is read, and its suffix how it is written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Literal, TypeAlias

from musegen.disk import write_whole
from musegen.errors import MusegenError, NotFound, OutputError, UnreadableFile, UsageError
from musegen.score.abc import read_book, read_tunes, write_book
from musegen.score.bars import check_length
from musegen.score.counts import counted
from musegen.score.kinds import ABC, KERN, MIDI, MXL, SUFFIX_KINDS, known, text_of
from musegen.score.losses import as_written, missing_in
from musegen.score.midi import read_midi, write_midi
from musegen.score.midi_lyrics import sung
from musegen.score.musicxml import compressed, read_kern, read_musicxml, write_musicxml
from musegen.score.musicxml_safe import MAX_BYTES, parse_musicxml
from musegen.score.repeats import unfold
from musegen.score.score import Score

SUFFIXES = frozenset(SUFFIX_KINDS)  # what is taken for music by its name alone
WRITTEN_SUFFIXES = (".mid", ".midi", ".abc", ".musicxml", ".xml", ".mxl")

Repeats: TypeAlias = Literal["unfold", "keep"]

_TUNE = re.compile(r"(.+):(\d+)")
_ADDRESS = re.compile(r"[a-z]+://", re.IGNORECASE)


def read(path: str | Path) -> Score:
    """The score in a file; `book.abc:12` names the twelfth tune of a book.

    Raises:
        NotFound: there is no such file, or no such tune in it.
        UsageError: it is a folder, or a book of several tunes, and none is named.
        UnreadableFile: it is damaged, may not be read, or is of an unknown kind.
    """
    file, number = file_and_tune(path)
    kind, data = _music_in(file)
    if kind != ABC:
        if number is not None:
            raise NotFound(f"only a tune book has a tune {number}; this is {kind}", file=file)
        return _read_alone(data, file, kind)
    tunes = list(read_tunes(text_of(data)))
    if number is None and len(tunes) > 1:
        raise UsageError(
            f"holds {len(tunes)} tunes", file=file, hint=f"name one, as {file}:1 names the first"
        )
    place = 1 if number is None else number
    if not 1 <= place <= len(tunes):
        holds = counted(len(tunes), "tunes")
        raise NotFound(f"holds {holds}, so there is no tune {place}", file=file)
    tune = tunes[place - 1]
    if isinstance(tune, Score):
        return tune
    raise _of_file(tune, str(path))


def read_all(path: str | Path) -> Iterator[tuple[str, Score | MusegenError]]:
    """Every piece in a file by its name, or what is wrong with it.

    The tunes of a book are named `book.abc:1` and on; a piece alone has the file's name.
    """
    file, number = file_and_tune(path)
    try:
        kind, data = _music_in(file)
        if kind != ABC or number is not None:
            yield str(path), read(path)
            return
    except MusegenError as error:
        yield str(path), error
        return
    tunes = read_tunes(text_of(data))
    begun = list(islice(tunes, 2))
    for n, tune in enumerate(chain(begun, tunes), start=1):
        name = f"{file}:{n}" if len(begun) > 1 else str(file)
        yield name, tune if isinstance(tune, Score) else _of_file(tune, name)


def made_by(file: Path) -> list[str]:
    """What a file says of what made it, as `write` tells it; other texts and comments too.

    Raises:
        NotFound, UsageError, UnreadableFile: see `read`.
    """
    kind, data = _music_in(file)
    try:
        if kind == MIDI:
            texts = (e.message for e in read_midi(data).events if e.message[:2] == b"\xff\x01")
            return [text[2:].decode(errors="replace") for text in texts]
        if kind in (ABC, KERN):
            return [line.lstrip("%! ") for line in text_of(data).splitlines()]
        return [element.text or "" for element in parse_musicxml(data).iter("software")]
    except UnreadableFile as error:
        raise _of_file(error, str(file)) from error


def write(
    score: Score,
    path: str | Path,
    force: bool = False,
    made_by: str = "",
    repeats: Repeats | None = None,
) -> None:
    """Write a score as what the suffix of its path says.

    Args:
        score: what to write.
        path: where to; its suffix is one of `WRITTEN_SUFFIXES`.
        force: overwrite what is there.
        made_by: what made the music, told in the file.
        repeats: whether they are played out or kept written; where it is not said, MIDI has them
            played out, and scores keep them.

    Raises:
        UsageError: the suffix names no kind that can be written.
        OutputError: the file is already there, or cannot be written.
    """
    kind = _kind_to_write(path)
    write_whole(path, _encoded(_folded(score, kind, repeats), kind, path, made_by), force)


def write_and_tell(
    score: Score,
    path: str | Path,
    force: bool = False,
    repeats: Repeats | None = None,
    made_by: str = "",
) -> dict[str, int]:
    """Write as `write` does; what of the score is missing in the file, how many of each kind.

    What is to be written is read back first, so that nothing is claimed that does not stand in it,
    and nothing is written that cannot be read. Of what is lost in a repeat that is played out, each
    is counted once.

    Raises:
        UsageError: see `write`.
        OutputError: see `write`; or what would be written could not be read.
    """
    kind = _kind_to_write(path)
    wanted = _folded(score, kind, repeats)
    data = _encoded(wanted, kind, path, made_by)
    lost = _missing(data, kind, path, wanted)
    if lost and wanted is not score:
        lost = as_written(lost, _missing(_encoded(score, kind, path), kind, path, score))
    write_whole(path, data, force)
    return lost


def _kind_to_write(path: str | Path) -> str:
    suffix = Path(path).suffix.lower()
    if suffix in WRITTEN_SUFFIXES:
        return SUFFIX_KINDS[suffix]
    raise UsageError(
        f"cannot write a file of the kind {suffix or 'without a suffix'}",
        file=path,
        hint=f"end its name in one of {', '.join(WRITTEN_SUFFIXES)}",
    )


def _missing(data: bytes, kind: str, path: str | Path, score: Score) -> dict[str, int]:
    """What of a score is missing in the bytes that were made of it."""
    try:
        again = read_book(data.decode())[0] if kind == ABC else _read_alone(data, Path(path), kind)
    except UnreadableFile as error:
        reason = f"could not be read again: {error.message}"
        raise OutputError(reason, file=path, hint="Nothing was written.") from error
    return missing_in(again, score if kind == MIDI else sung(score))


def _folded(score: Score, kind: str, repeats: Repeats | None) -> Score:
    """The score with its repeats as they are written in a file of the kind."""
    usual = "unfold" if kind == MIDI else "keep"
    return unfold(score) if (repeats or usual) == "unfold" else score


def _encoded(score: Score, kind: str, path: str | Path, made_by: str = "") -> bytes:
    if kind == MIDI:
        return write_midi(score, made_by)
    check_length(score, path)
    if kind == ABC:
        made = f"% {made_by}\n" if made_by else ""
        return (made + write_book([score])).encode()
    data = write_musicxml(score, made_by)
    return compressed(data) if kind == MXL else data


def check_name(name: str | Path) -> None:
    """Make sure that a name can be that of a file.

    Raises:
        NotFound: it is empty, an address, or the sign for standard input, and no file is called so.
        UsageError: it is that of a pipe or a device, which could be read but once, or for ever.
    """
    if not str(name):
        raise NotFound("there is no such file: its name is empty")
    hint = ""
    if str(name) == "-":
        hint = "Save it to a file first: musegen reads files, not standard input."
    elif _ADDRESS.match(str(name)):
        hint = "Download it first: musegen reads files, not addresses."
    if hint and not Path(name).exists():
        raise NotFound("there is no such file", file=name, hint=hint)
    with suppress(OSError, ValueError):  # what is wrong with it is told where it is read
        mode = Path(name).stat().st_mode
        if not (S_ISREG(mode) or S_ISDIR(mode)):
            hint = "Save it to a file first: musegen reads files, not pipes or devices."
            raise UsageError("is no file", file=name, hint=hint)


def file_and_tune(path: str | Path) -> tuple[Path, int | None]:
    """The file, and the number of the tune in it that is meant.

    Raises:
        NotFound, UsageError: see `check_name`.
    """
    check_name(path)
    match = _TUNE.fullmatch(str(path))
    if match and not Path(path).exists():
        return Path(match[1]), int(match[2])
    return Path(path), None


def _music_in(file: Path) -> tuple[str, bytes]:
    """The kind of music that a file holds, and its bytes."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UnreadableFile(f"is larger than {MAX_BYTES // 1_000_000} MB", file=file)
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise NotFound("there is no such file", file=file) from error
    except OSError as error:
        if file.is_dir():
            told = f"musegen doctor {shlex.quote(str(file))} tells what it holds"
            raise UsageError(
                "is a folder, where one piece is wanted",
                file=file,
                hint=f"Name a file in it; {told}",
            ) from error
        raise UnreadableFile(f"cannot be read: {error.strerror}", file=file) from error
    if not data:
        raise UnreadableFile("is empty", file=file)
    try:
        return known(data, file)
    except UnreadableFile as error:
        raise _of_file(error, str(file)) from error


def _read_alone(data: bytes, file: Path, kind: str) -> Score:
    """The score in a file that holds one piece."""
    try:
        if kind == MIDI:
            return read_midi(data)
        return read_kern(text_of(data)) if kind == KERN else read_musicxml(data)
    except UnreadableFile as error:
        raise _of_file(error, str(file)) from error


def _of_file(error: UnreadableFile, name: str) -> UnreadableFile:
    """The error, said of the file or tune."""
    return UnreadableFile(error.message, file=name, hint=error.hint)
