"""Whether a run can be started in a folder, or gone on with there."""

from __future__ import annotations

from pathlib import Path

from musegen.errors import OutputError
from musegen.network.checkpoint import RESUME, WEIGHTS

from .fit import CHECKPOINT


def has_checkpoint(folder: Path) -> bool:
    """Whether a run in a folder can be gone on with."""
    return (folder / RESUME / CHECKPOINT).is_file()


def check_new(folder: Path) -> None:
    """Make sure that nothing is there yet.

    Raises:
        OutputError: something is.
    """
    if not folder.exists():
        return
    hint = "Name another folder with -o."
    if has_checkpoint(folder):
        hint = "Go on with it by --resume, or name another folder with -o."
    elif (folder / WEIGHTS).is_file():
        hint = "It holds a model; name another folder with -o."
    raise OutputError("is already there", file=folder, hint=hint)
