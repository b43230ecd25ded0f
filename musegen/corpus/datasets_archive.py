"""Unpacking an archive that a stranger may have made: inside its folder, bounded, and no links."""

from __future__ import annotations

import shutil
import stat
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from musegen.errors import CorpusError

_MOST_FILES = 100_000
_MOST_BYTES = 2 << 30
_ENCRYPTED = 0x1  # of a member's flags: APPNOTE.TXT 4.4.4


def unpack(archive: Path, folder: Path, patterns: Sequence[str]) -> None:
    """Unpack the files of a zip archive that the ends of their paths are wanted of.

    Raises:
        CorpusError: it is damaged, too large, or would write outside the folder.
    """
    try:
        with ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _check(archive, members)
            for member in members:
                path = PurePosixPath(member.filename)
                if any(path.match(pattern) for pattern in patterns):
                    target = folder / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with opened.open(member) as packed, target.open("wb") as file:
                        shutil.copyfileobj(packed, file)  # no more than the size it states
    except (BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise CorpusError(
            f"is no sound zip archive: {error}",
            file=archive,
            hint="Fetch it again, or unpack it yourself and give the folder with --source.",
        ) from error


def _check(archive: Path, members: list[ZipInfo]) -> None:
    """Refuse an archive whole for one member that is not to be trusted."""
    for member in members:
        path = PureWindowsPath(member.filename)  # parts names at both kinds of slash
        if path.drive or path.root or ".." in path.parts:
            raise _refused(archive, f"{member.filename} lies outside of it")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(archive, f"{member.filename} is a link")
        if member.flag_bits & _ENCRYPTED:
            raise _refused(archive, f"{member.filename} is encrypted")
    if len(members) > _MOST_FILES:
        raise _refused(archive, f"it holds {len(members):,} files")
    if (size := sum(member.file_size for member in members)) > _MOST_BYTES:
        raise _refused(archive, f"it would fill {size:,} bytes")


def _refused(archive: Path, why: str) -> CorpusError:
    return CorpusError(
        f"is not unpacked: {why}", file=archive, hint="It is not what this data set is made from."
    )
