"""The folder that a data set is made in: whose it is, and whether it is whole.

While a data set is made its folder holds `NAME.unfinished.txt`, written before any music. Where
the result is not what the recipe states that file stays and says how; else `NAME.json` replaces it.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from musegen.disk import write_whole
from musegen.errors import OutputError

from .datasets_recipe import Recipe, names, text

LEFT_OUT = "left-out.txt"  # what could not be read, and why

_PART = re.compile(r"\..+\.(\d+)\.part")  # as disk.write_whole names it, with its process


def check_folder(recipe: Recipe, folder: Path) -> None:
    """Make sure that a data set may be made there: nothing else is mixed with it.

    Raises:
        OutputError: the folder holds something else, or is none.
    """
    try:
        held = [path.name for path in folder.iterdir()] if folder.exists() else []
    except OSError as error:
        raise OutputError(f"is no folder to write to: {error.strerror}", file=folder) from error
    is_free = all(map(_PART.fullmatch, held))  # a run may be killed while it writes its mark
    if not (is_free or _whole(recipe, folder).is_file() or _unfinished(recipe, folder).is_file()):
        raise OutputError(
            f"holds something other than {recipe.name}",
            file=folder,
            hint="Name a new or empty folder with -o.",
        )


def is_made(recipe: Recipe, folder: Path) -> bool:
    """Whether the folder holds all of the data set, made by this recipe."""
    mark = _whole(recipe, folder)
    return (
        not _unfinished(recipe, folder).exists()
        and mark.is_file()
        and mark.read_bytes() == text(recipe)
    )


def begin(recipe: Recipe, folder: Path) -> None:
    """Mark the folder as one in which the data set is being made."""
    _mark_unfinished(recipe, folder, [f"musegen datasets get {recipe.name} goes on with it."])


def finish(recipe: Recipe, folder: Path, n_files: int) -> list[str]:
    """Mark the folder as whole, or as not.

    Args:
        recipe: of the data set.
        folder: that it was made in.
        n_files: how many source files it was made from.

    Returns:
        A sentence on each number that is not as the recipe states it.
    """
    differences = [*_lacking_files(recipe, n_files), *_another_split(recipe, folder)]
    if differences:
        _mark_unfinished(recipe, folder, differences)
    else:
        write_whole(_whole(recipe, folder), text(recipe), force=True)
        _unfinished(recipe, folder).unlink(missing_ok=True)  # last: one mark is always there
    return differences


def _lacking_files(recipe: Recipe, n_files: int) -> list[str]:
    if n_files >= recipe.n_files:
        return []
    return [f"{n_files:,} of {recipe.n_files:,} files were in the copy."]


def _another_split(recipe: Recipe, folder: Path) -> list[str]:
    made = {side: sum(1 for _ in (folder / side).rglob("*.mid")) for side in recipe.n_pieces}
    if made == recipe.n_pieces:
        return []
    ours, theirs = ("/".join(map(str, counts.values())) for counts in (made, recipe.n_pieces))
    sides = ", ".join(made)
    return [f"Its split is not the published one: {ours}, not {theirs} pieces in {sides}."]


def remove_parts(folder: Path) -> None:
    """Remove the unfinished files of processes that are no more."""
    for path in folder.rglob(".*.part"):
        match = _PART.fullmatch(path.name)
        if match and not _is_running(int(match[1])):
            with contextlib.suppress(OSError):  # Windows keeps what is open
                path.unlink()


def _is_running(process: int) -> bool:
    """Whether there is such a process; where signal 0 would end it (Windows), only this one."""
    if os.name == "nt":
        return process == os.getpid()
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def own_files() -> frozenset[str]:
    """The names of the files that are put beside the music of a data set."""
    ends = (".json", ".unfinished.txt")
    return frozenset({LEFT_OUT, *(name + end for name in names() for end in ends)})


def _whole(recipe: Recipe, folder: Path) -> Path:
    return folder / f"{recipe.name}.json"


def _unfinished(recipe: Recipe, folder: Path) -> Path:
    return folder / f"{recipe.name}.unfinished.txt"


def _mark_unfinished(recipe: Recipe, folder: Path, why: list[str]) -> None:
    lines = [f"{recipe.title}: not all of it is here.", *why]
    mark = "".join(f"{line}\n" for line in lines).encode()
    write_whole(_unfinished(recipe, folder), mark, force=True)
