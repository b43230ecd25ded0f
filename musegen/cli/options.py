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


def corpus_path(corpus: str) -> Path:
    """The folder or file meant: one that is there, or a data set fetched before by its name.

    Raises:
        NotFound: there is neither.
    """
    from musegen.corpus.datasets import catalogue
    from musegen.errors import NotFound

    path = Path(corpus)
    if path.exists():
        return path
    names = [recipe.name for recipe in catalogue()]
    hint = f"Fetch it first: musegen datasets get {corpus}." if corpus in names else ""
    raise NotFound("there is no such file or folder", file=corpus, hint=hint)


def free_path(path: Path) -> Path:
    """The path, or the first of its numbered neighbours that is not there yet."""
    candidate, number = path, 2
    while candidate.exists():
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return candidate
