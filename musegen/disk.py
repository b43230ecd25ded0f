"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
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
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "Make room on the disk, or write elsewhere." if error.errno in _FULL else ""
        raise OutputError(f"cannot be written: {reason}", file=target, hint=hint) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
