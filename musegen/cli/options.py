"""Options that several commands share, so that they are named and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors and results.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]
Device = Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where to compute.")]
RandomSeed = Annotated[int, typer.Option(min=0, help="The same number gives the same result.")]
Corpus = Annotated[str, typer.Argument(help="A folder of music, a file, or a named data set.")]


def corpus_path(corpus: str, quiet: bool, as_json: bool) -> Path:
    """The folder or file meant, or a data set by its name, which is then made in the cache.

    A script, which reads JSON, is not asked before a download.

    Raises:
        NotFound: there is neither.
    """
    from musegen.corpus.datasets_recipe import catalogue
    from musegen.corpus.library import cache_folder
    from musegen.errors import NotFound

    from .datasets import made
    from .terminal import say

    if Path(corpus).exists():
        return Path(corpus)
    recipes = {recipe.name: recipe for recipe in catalogue()}
    if corpus not in recipes:
        hint = "For music to begin with, see musegen datasets list."
        raise NotFound("there is no such file, folder or data set", file=corpus, hint=hint)
    folder = made(
        recipes[corpus], cache_folder() / "datasets" / corpus, None, quiet, ask=not as_json
    )
    say(f"The data set {corpus} is in {folder}.", quiet)
    return folder


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
