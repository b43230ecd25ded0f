"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from musegen.errors import OutputError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # EDQUOT: the user's share of it


def write_whole(path: str | Path, data: bytes, force: bool = False) -> None:
    """Write all of a file or nothing: an interrupted or failed write leaves what was there.

    Raises:
        OutputError: the file is already there and not to be overwritten, or cannot be written.
    """
    target = Path(path)
    if target.exists() and not force:
        raise OutputError("is already there", file=target, hint="Overwrite it with --force.")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
        _settle(target.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "Make room on the disk, or write elsewhere." if error.errno in _FULL else ""
        raise OutputError(f"cannot be written: {reason}", file=target, hint=hint) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()


def _settle(folder: Path) -> None:
    """Put names on the disk in their order, so that no power cut keeps a later one alone."""
    with contextlib.suppress(OSError):  # Windows and some network disks know no such thing
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def remove_leftovers(folder: Path) -> None:
    """Remove what writes that were killed have left in a folder that nobody else writes into."""
    for unfinished in folder.rglob(".*.part"):
        with contextlib.suppress(OSError):
            unfinished.unlink()


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to write into that becomes the new folder `path` at the end, whole or not at all.

    Raises:
        OutputError: the folder is already there, or cannot be made.
    """
    hint = "Name another with -o."
    if path.exists():
        raise OutputError("is already there", file=path, hint=hint)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield unfinished
        unfinished.rename(path)
        _settle(path.parent)
    except OSError as error:
        if path.exists():  # another process was faster
            raise OutputError("is already there", file=path, hint=hint) from error
        raise OutputError(f"cannot be made: {error.strerror}", file=path) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
