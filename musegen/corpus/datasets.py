"""The named data sets, each made into a folder to train on."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from musegen.disk import write_whole
from musegen.errors import CorpusError, NotFound, UsageError

from .datasets_archive import unpack
from .datasets_download import Tell, differing, fetch
from .datasets_export import READ_SLOWLY, Original, export, originals
from .datasets_folder import LEFT_OUT, begin, check_folder, finish, is_made, remove_parts
from .datasets_recipe import Recipe, find
from .processes import spread
from .reading import Progress

_IN_PARALLEL = 16  # files; for fewer it takes longer to start processes


def get(
    name: str,
    folder: str | Path,
    progress: Progress | None = None,
    *,
    source: str | Path | None = None,
    fetching: Progress | None = None,
    tell: Tell = lambda _: None,
) -> Path:
    """Make a data set: a folder of music in train, valid and test, and its recipe.

    Files that are there already are kept, so a run broken off goes on where it was; but MIDI and
    ABC made from another copy are replaced. A folder that is complete is left as it is.

    The published split is obeyed where there is one. Else each family of pieces is put on a side by
    a hash of its name, about eight of ten in train, on any machine.

    Args:
        name: of a data set in the catalogue.
        folder: where to make it.
        progress: told how many source files of how many are done.
        source: a copy to make it from: an archive, a file, or the folder unpacked from one.
        fetching: told how many bytes of how many have come.
        tell: given a sentence on each checksum that is new or differs, and on each number of files
            or pieces that is not the stated one.

    Returns:
        The folder, whole or (see `is_made`) not. Where pieces could not be read, a file in it says
        which and why.

    Raises:
        NotFound: there is no such data set, or no such copy.
        UsageError: the copy is of a kind that is not read.
        CorpusError: the music cannot be fetched, is not where it should be, or cannot be read.
        OutputError: the folder holds something else, or cannot be written.
    """
    recipe, folder = find(name), Path(folder)
    check_folder(recipe, folder)
    if source is not None or not is_made(recipe, folder):
        with _unpacked(recipe, _place(recipe, source, fetching, tell)) as root:
            for difference in _make(recipe, root, folder, progress):
                tell(difference)
    remove_parts(folder)
    return folder


def _make(recipe: Recipe, root: Path, folder: Path, progress: Progress | None) -> list[str]:
    """Make the folder from the music below another; gives how it differs from what is stated."""
    sources = originals(recipe, root)
    begin(recipe, folder)
    left_out = _export_all(recipe, sources, folder, progress)
    if left_out:
        write_whole(folder / LEFT_OUT, "".join(f"{e}\n" for e in left_out).encode(), force=True)
    else:
        (folder / LEFT_OUT).unlink(missing_ok=True)
    return finish(recipe, folder, len(sources))


def _place(
    recipe: Recipe, source: str | Path | None, fetching: Progress | None, tell: Tell
) -> Path:
    """The file or folder that a data set is made from."""
    if source is None:
        return fetch(recipe, fetching, tell) if recipe.downloads else _corpus_folder(recipe)
    place = Path(source)
    if not place.exists():
        raise NotFound("there is no such file or folder", file=place)
    known = {".zip", *(Path(pattern).suffix for pattern in recipe.files)}
    if place.is_file() and place.suffix not in known:
        raise UsageError(
            f"{recipe.title} is not made from {place.suffix or 'such a file'}",
            file=place,
            hint=f"Give a file of {' or '.join(sorted(known))}, or the folder unpacked from it.",
        )
    for sentence in differing(recipe, place):
        tell(sentence)
    return place


def _corpus_folder(recipe: Recipe) -> Path:
    from music21.common import getCorpusFilePath

    folder = Path(getCorpusFilePath()) / recipe.root
    if not any(next(folder.glob(pattern), None) for pattern in recipe.files):
        raise CorpusError(
            f"{recipe.title} is not in music21's corpus here",
            file=folder,
            hint="Install music21 again; some systems package it without its corpus.",
        )
    return folder


@contextmanager
def _unpacked(recipe: Recipe, place: Path) -> Iterator[Path]:
    """The place itself, or for as long as it is needed a folder with its archives unpacked."""
    within = [place / download.file for download in recipe.downloads]
    archives = [path for path in (place, *within) if path.suffix == ".zip" and path.is_file()]
    if not archives:
        yield place
        return
    wanted = [*recipe.files, *filter(None, [recipe.split_table])]
    with tempfile.TemporaryDirectory(prefix="musegen-") as folder:
        for archive in archives:
            unpack(archive, Path(folder), wanted)
        yield Path(folder)


def _export_all(
    recipe: Recipe, sources: Sequence[Original], folder: Path, progress: Progress | None
) -> list[str]:
    """Make the pieces of all source files; gives what was wrong."""
    slow = sum(source.path.suffix in READ_SLOWLY for source in sources)
    processes = (os.cpu_count() or 1) if slow >= _IN_PARALLEL else 1
    n = len(sources)
    results = spread(export, [recipe] * n, sources, [folder] * n, processes=processes)
    left_out: list[str] = []
    made = 0
    for done, errors in enumerate(results, start=1):
        left_out += errors
        made += not errors
        if progress:
            progress(done, n)
    if not made:
        raise CorpusError(f"none of its files can be read: {left_out[0]}", file=folder)
    return left_out
