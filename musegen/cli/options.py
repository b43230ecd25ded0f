"""Options that several commands share, so that they are named and explained once."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musegen.corpus.datasets_recipe import Recipe

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors and results.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]
Device = Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where to compute.")]
RandomSeed = Annotated[int, typer.Option(min=0, help="The same number gives the same result.")]
Corpus = Annotated[str, typer.Argument(help="A folder of music, a file, or a named data set.")]


def plain_app(**settings: Any) -> typer.Typer:
    """A command, or a group of some, whose help is plain text."""
    return typer.Typer(rich_markup_mode=None, add_completion=False, **settings)


def corpus_path(corpus: str, quiet: bool, as_json: bool) -> Path:
    """The folder or file meant, or a data set by its name, made where it is not yet there.

    A script, which reads JSON, is not asked before a download.

    Raises:
        NotFound: there is neither.
    """
    from .datasets import made
    from .terminal import say

    path, recipe = corpus_place(corpus)
    if recipe is None:
        return path
    folder = made(recipe, path, None, quiet, ask=not as_json)
    say(f"The data set {corpus} is in {folder}.", quiet)
    return folder


def corpus_place(corpus: str) -> tuple[Path, Recipe | None]:
    """The folder or file meant; of a data set where it was got, else in the cache, and its recipe.

    Raises:
        NotFound: there is neither.
    """
    from musegen.corpus.datasets_folder import is_made
    from musegen.corpus.datasets_recipe import catalogue
    from musegen.corpus.library import cache_folder
    from musegen.errors import NotFound
    from musegen.score.files import check_name

    from .datasets import got
    from .state import recall

    check_name(corpus)
    if Path(corpus).exists():
        return Path(corpus), None
    recipes = {recipe.name: recipe for recipe in catalogue()}
    if corpus not in recipes:
        book = Path(re.sub(r":\d+$", "", corpus))
        near = get_close_matches(corpus, recipes, n=1)
        hint = "For music to begin with, see musegen datasets list."
        if book.is_file():
            hint = f"Of a tune book the whole is meant here: {book}."
        elif near:
            hint = f"Did you mean the data set {near[0]}?"
        raise NotFound("there is no such file, folder or data set", file=corpus, hint=hint)
    recipe, place = recipes[corpus], recall(got(corpus))
    if place is None or not is_made(recipe, place):
        place = cache_folder() / "datasets" / corpus
    return place, recipe


def name_of(corpus: Path) -> str:
    """What a run on a corpus is named after."""
    named = corpus.resolve()
    return named.stem if corpus.is_file() else named.name


def check_output(path: Path, suffixes: Sequence[str], stem: str) -> None:
    """Make sure that a path names a file of a kind that can be written.

    Args:
        path: where to write.
        suffixes: of those kinds.
        stem: what a file would be called, for the way out.

    Raises:
        UsageError: it is a folder, or ends in something else.
    """
    from musegen.errors import UsageError

    if path.is_dir():
        hint = f"Name the file as well, as {path / f'{stem}{suffixes[0]}'}."
        raise UsageError("is a folder, where a file is to be written", file=path, hint=hint)
    if path.suffix.lower() not in suffixes:
        *others, last = suffixes
        hint = f"End its name in {', '.join(others)} or {last}." if others else f"End it in {last}."
        wrong = f"this command writes no {path.suffix}" if path.suffix else "has no suffix"
        raise UsageError(wrong, file=path, hint=hint)


def check_apart(paths: Sequence[Path], source: str) -> None:
    """Make sure that no file to write is the one that is read, even where files are overwritten.

    Raises:
        UsageError: one is.
    """
    from musegen.errors import UsageError
    from musegen.score.files import file_and_tune

    file, _ = file_and_tune(source)
    for path in paths:
        if path.exists() and file.exists() and path.samefile(file):
            hint = "Give the file to write another name."
            raise UsageError("would be read and overwritten", file=path, hint=hint)


def free_path(path: Path) -> Path:
    """The path, or the first of its numbered neighbours that is not there yet."""
    candidate, number = path, 2
    while candidate.exists():
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return candidate


def stem_of(piece: str) -> str:
    """What the results of a piece are named after: `book.abc:12` → `book-12`."""
    path = Path(piece)
    suffix, colon, tune = path.suffix.partition(":")
    return f"{path.stem}-{tune}" if colon and suffix and tune.isdigit() else path.stem
