"""Whether a run or a comparison can be started in a folder, or gone on with there; no torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from musegen.errors import CorpusError, OutputError
from musegen.network.file_names import RESUME, WEIGHTS
from musegen.score.counts import counted

if TYPE_CHECKING:
    from musegen.corpus.prepare import Prepared

CHECKPOINT = "state.safetensors"
FIGURES = "comparison.json"  # of a comparison that is done
_LOCK = "lock"


def has_checkpoint(folder: Path) -> bool:
    """Whether a run in a folder can be gone on with."""
    place = folder / RESUME
    return (place / CHECKPOINT).is_file() and not place.is_symlink()  # which may lead anywhere


def lock(folder: Path) -> FileLock:
    """Keep other processes from training into a folder until it is released or this one ends.

    Raises:
        OutputError: another process is at it, or the folder cannot be written to.
    """
    held = FileLock(folder / RESUME / _LOCK)
    try:
        held.acquire(blocking=False)
    except Timeout as error:
        hint = "Wait until it has ended, or name another folder with -o."
        raise OutputError("another training is at work there", file=folder, hint=hint) from error
    except OSError as error:
        raise OutputError(f"cannot be written to: {error.strerror}", file=folder) from error
    return held


def check_idle(folder: Path) -> None:
    """Make sure that no other process trains into a folder.

    Raises:
        OutputError: one does.
    """
    if has_checkpoint(folder):
        lock(folder).release()


def check_new(folder: Path) -> None:
    """Make sure that nothing is there yet, before hours go into what is to be written there.

    Raises:
        OutputError: something is, or the folder cannot be made.
    """
    check_idle(folder)
    if not folder.exists():
        place = next(parent for parent in folder.absolute().parents if parent.exists())
        if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
            hint = "It is no folder that can be written to; name another with -o."
            raise OutputError(f"cannot be made in {place}", file=folder, hint=hint)
        return
    hint = "Name another folder with -o."
    if has_checkpoint(folder):
        hint = "Go on with it by --resume, or name another folder with -o."
    elif (folder / WEIGHTS).is_file():
        hint = "It holds a model; name another folder with -o."
    elif (folder / FIGURES).is_file():
        hint = "It holds a whole comparison; name another folder with -o."
    raise OutputError("is already there", file=folder, hint=hint)


def check_splits(prepared: Prepared) -> None:
    """Whether there is music to learn from, and other music to measure on.

    Raises:
        CorpusError: one of them is missing.
    """
    for split, purpose in (("train", "learn from"), ("valid", "measure on")):
        if not prepared.of(split):
            n = len(prepared.pieces)
            raise CorpusError(
                f"holds {counted(n, 'usable pieces')}, and none is left to {purpose}",
                file=prepared.survey.root,
                hint="Give at least two different pieces.",
            )
