"""The data sets that musegen knows by name, and how each becomes a folder to train on.

A recipe is a JSON file of `datasets/`: where the music comes from, what its licences allow, and how
it is split. ABC is taken over as it is, tune by tune; MusicXML and kern become MIDI as written,
their repeats not played out.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import multiprocessing
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from musegen.disk import write_whole
from musegen.errors import CorpusError, NotFound, UnreadableFile
from musegen.score.files import read
from musegen.score.midi import write_midi

Progress = Callable[[int, int], None]

LEFT_OUT = "left-out.txt"  # in an exported folder: what could not be read, and why
_IN_PARALLEL = 16  # files; for fewer it takes longer to start processes
_VALID_FROM, _TEST_FROM = 0.8, 0.9
_TUNE_START = re.compile(r"^(?=X:)", re.MULTILINE)


@dataclass(frozen=True)
class Recipe:
    """What a data set is, and how it is made.

    Attributes:
        name: what it is asked for by.
        title: what it holds, in a few words.
        source: where the music and its encoding come from.
        licence_of_music: of the pieces.
        licence_of_encoding: of the files that hold them.
        weights_may_ship: whether a model trained on it may be given to others.
        size: how much it is, in words.
        split: which pieces stay together in train, valid or test, in words.
        kind: where it comes from; `music21` is that library's corpus.
        root: the folder of the corpus that it lies in.
        files: patterns of the files in that folder.
        family: a regular expression whose group is the name that the split goes by, sought in a
            text file's content or a compressed file's path.
    """

    name: str
    title: str
    source: str
    licence_of_music: str
    licence_of_encoding: str
    weights_may_ship: bool
    size: str
    split: str
    kind: str
    root: str
    files: tuple[str, ...]
    family: str


def recipe_folder() -> Path:
    """The folder of recipes: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "data" / "datasets"
    return installed if installed.is_dir() else package.parent / "datasets"


def catalogue() -> list[Recipe]:
    """All recipes, by name."""
    found = []
    for path in sorted(recipe_folder().glob("*.json")):
        values = json.loads(path.read_text(encoding="utf-8"))
        found.append(Recipe(**values | {"name": path.stem, "files": tuple(values["files"])}))
    return found


def find(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        NotFound: there is none.
    """
    recipes = {recipe.name: recipe for recipe in catalogue()}
    if name in recipes:
        return recipes[name]
    close = difflib.get_close_matches(name, recipes, n=3, cutoff=0.4) or list(recipes)
    raise NotFound(f"there is no data set called {name}", hint=f"There is: {', '.join(close)}.")


def get(name: str, folder: str | Path, progress: Progress | None = None) -> Path:
    """Make a data set: a folder of music in train, valid and test, and its recipe.

    Files that are there already are kept, so a run broken off goes on where it was. Each family of
    pieces is put on a side by a hash of its name, about eight of ten in train, on any machine.

    Args:
        name: of a data set in the catalogue.
        folder: where to make it.
        progress: told how many source files of how many are done.

    Returns:
        The folder. Where pieces could not be read, a file in it says which and why.

    Raises:
        NotFound: there is no such data set.
        CorpusError: the music is not where it should be, or none of it can be read.
        OutputError: the folder cannot be written.
    """
    recipe, folder = find(name), Path(folder)
    sources = _sources(recipe)
    _make(folder, (f"{name}.json", (recipe_folder() / f"{name}.json").read_bytes()))
    left_out, made = [], 0
    for done, errors in enumerate(_export_all(recipe, sources, folder), start=1):
        left_out += errors
        made += not errors
        if progress:
            progress(done, len(sources))
    if not made:
        raise CorpusError(f"none of its files can be read: {left_out[0]}", file=folder)
    if left_out:
        write_whole(folder / LEFT_OUT, "".join(f"{e}\n" for e in left_out).encode(), force=True)
    return folder


def side(family: str) -> str:
    """The split of a family of pieces, by a hash of its name."""
    digest = hashlib.sha256(family.encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    return "test" if place >= _TEST_FROM else "valid" if place >= _VALID_FROM else "train"


def _corpus_folder(recipe: Recipe) -> Path:
    from music21.common import getCorpusFilePath

    return Path(getCorpusFilePath()) / recipe.root


def _sources(recipe: Recipe) -> list[Path]:
    """The files that a data set is made of."""
    root = _corpus_folder(recipe)
    found = sorted({path for pattern in recipe.files for path in root.glob(pattern)})
    if not found:
        raise CorpusError(
            f"{recipe.title} is not in music21's corpus here",
            file=root,
            hint="Install music21 again; some systems package it without its corpus.",
        )
    return found


def _export_all(recipe: Recipe, sources: list[Path], folder: Path) -> Iterator[list[str]]:
    """What was wrong in each source file, by several processes where they are many."""
    cores = os.cpu_count() or 1
    rest = ([recipe] * len(sources), sources, [folder] * len(sources))
    if len(sources) < _IN_PARALLEL or cores == 1:
        yield from map(_export, *rest)
        return
    spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's threads half
    with ProcessPoolExecutor(cores, mp_context=spawn) as pool:
        yield from pool.map(_export, *rest, chunksize=4)


def _export(recipe: Recipe, source: Path, folder: Path) -> list[str]:
    """Export one source file; gives what was wrong."""
    name = source.relative_to(_corpus_folder(recipe))
    if source.suffix == ".abc":
        text = source.read_bytes().decode("latin-1")  # byte for byte, whatever it is
        _make(folder, *_tunes_by_side(recipe, name, text))
        return []
    place = name.with_suffix("").as_posix()
    text = place if source.suffix == ".mxl" else source.read_text(encoding="latin-1")
    target = Path(side(_family(recipe, text, place)), name).with_suffix(".mid")
    if not (folder / target).exists():
        try:
            _make(folder, (target, write_midi(read(source), f"{recipe.title}: {name.as_posix()}")))
        except UnreadableFile as error:
            return [f"{name.as_posix()}: {error.message}"]
    return []


def _tunes_by_side(recipe: Recipe, name: Path, text: str) -> Iterable[tuple[Path, bytes]]:
    """A tune book cut into one for each split that tunes of it fall to."""
    preamble, *tunes = _TUNE_START.split(text)
    books: dict[str, str] = {}
    for number, tune in enumerate(tunes, start=1):
        split = side(_family(recipe, tune, f"{name.as_posix()}:{number}"))
        books[split] = books.get(split, preamble) + tune
    return [(Path(split, name), book.encode("latin-1")) for split, book in books.items()]


def _family(recipe: Recipe, text: str, otherwise: str) -> str:
    """The name that a piece's split goes by."""
    match = re.search(recipe.family, text, re.MULTILINE)
    return " ".join(match[1].casefold().split()) if match else otherwise


def _make(folder: Path, *files: tuple[str | Path, bytes]) -> None:
    """Write the files that are not in the folder yet."""
    for name, data in files:
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
