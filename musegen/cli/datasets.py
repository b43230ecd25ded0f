"""`musegen datasets`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Json, Quiet

app = typer.Typer(no_args_is_help=True, help="The data sets that musegen knows by name.")


@app.command("list")
def list_datasets(as_json: Json = False) -> None:
    """List the data sets, with their size and licence."""
    from dataclasses import asdict

    from musegen.corpus.datasets import catalogue

    from .terminal import give, give_table

    recipes = catalogue()
    if as_json:
        give({"datasets": [asdict(recipe) for recipe in recipes]})
        return
    rows = [[r.name, r.title, str(r.size), r.licence_of_music] for r in recipes]
    give_table(["data set", "what", "size", "licence of the music"], rows)


@app.command()
def get(
    name: Annotated[str, typer.Argument(help="The name of a data set.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder. [default: ./NAME]")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a data set as a folder of music; broken off, it goes on where it was."""
    from musegen.corpus.datasets import find
    from musegen.corpus.datasets import get as get_dataset

    from .terminal import counting, give, say

    recipe = find(name)
    with counting(f"fetching {recipe.title}", quiet) as progress:
        folder = get_dataset(name, output or Path(name), progress)
    if as_json:
        give({"dataset": name, "folder": str(folder)})
    say(f"{recipe.title} is in {folder}. Now try: musegen train {folder}", quiet)
