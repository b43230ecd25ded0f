"""The recipes of the data sets that musegen knows by name: a JSON file of `datasets/` each.

A recipe says where the music comes from, what its licences allow, and how it is split.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path

from musegen.errors import NotFound


@dataclass(frozen=True)
class Download:
    """A file that a data set is fetched as.

    Attributes:
        url: its address, of one version that does not change.
        file: its name, or its path in the data set.
        bytes: its size; None where its source does not state it.
        sha256: its checksum; None where none is known. Then that of the first copy fetched is kept,
            and every later copy held to it.
    """

    url: str
    file: str
    bytes: int | None
    sha256: str | None


@dataclass(frozen=True)
class Recipe:
    """What a data set is, and how it is made.

    Attributes:
        name: what it is asked for by.
        title: what it holds, in a few words.
        source: where the music and its encoding come from.
        licence_of_music: of the pieces.
        licence_of_encoding: of the files that hold them.
        licence_in_short: the same in a word or two, for a table.
        weights_may_ship: whether a model trained on it may be given to others.
        size: how much it is, in words; the number of pieces first.
        split: which pieces stay together in train, valid or test, in words.
        kind: where it comes from: `music21` is that library's corpus, `download` an address.
        root: the folder of the corpus that it lies in.
        files: patterns of the files; in what is downloaded, of the ends of their paths.
        n_files: how many source files that are; 0 where it is not known.
        family: a regular expression whose group is the name that the split goes by, sought in a
            text file's content or another file's path; empty where each piece stands alone.
        split_table: the CSV file among the downloaded ones that says the published split.
        n_pieces: of each side of a published split; empty where none is published.
        downloads: the files that it is fetched as.
    """

    name: str
    title: str
    source: str
    licence_of_music: str
    licence_of_encoding: str
    licence_in_short: str
    weights_may_ship: bool
    size: str
    split: str
    kind: str
    root: str
    files: tuple[str, ...]
    n_files: int
    family: str
    split_table: str
    n_pieces: dict[str, int]
    downloads: tuple[Download, ...]


def recipe_folder() -> Path:
    """The folder of recipes: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "data" / "datasets"
    return installed if installed.is_dir() else package.parent / "datasets"


def names() -> list[str]:
    """The names of all data sets."""
    return sorted(path.stem for path in recipe_folder().glob("*.json"))


def catalogue() -> list[Recipe]:
    """All recipes, by name."""
    return [_read(name) for name in names()]


def find(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        NotFound: there is none.
    """
    if name in (known := names()):
        return _read(name)
    close = difflib.get_close_matches(name, known, n=3)
    meant = f"Is it {' or '.join(close)}? " if close else ""
    raise NotFound(
        f"there is no data set called {name}",
        hint=f"{meant}All are named by musegen datasets list.",
    )


def text(recipe: Recipe) -> bytes:
    """The file of a recipe."""
    return _file(recipe.name).read_bytes()


def _read(name: str) -> Recipe:
    values = json.loads(_file(name).read_text(encoding="utf-8"))
    values["files"] = tuple(values["files"])
    values["downloads"] = tuple(Download(**download) for download in values["downloads"])
    return Recipe(name=name, **values)


def _file(name: str) -> Path:
    return recipe_folder() / f"{name}.json"
