"""`musegen datasets`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Json, Quiet, plain_app

if TYPE_CHECKING:
    from musegen.corpus.datasets_recipe import Download, Recipe

app = plain_app(no_args_is_help=True, help="The data sets that musegen knows by name.")

Name = Annotated[str, typer.Argument(help="The name of a data set.")]


@app.command("list")
def list_datasets(as_json: Json = False) -> None:
    """List the data sets, with their size and licence."""
    from dataclasses import asdict

    from musegen.corpus.datasets_recipe import catalogue

    from .terminal import give, give_table, say

    recipes = catalogue()
    if as_json:
        give({"datasets": [asdict(recipe) for recipe in recipes]})
        return
    rows = [[r.name, _title(r), _pieces(r), _fetched(r), r.licence_in_short] for r in recipes]
    give_table(["data set", "what", "size", "to fetch", "licence"], rows, named=True)
    say("Licences are those of the encodings. All about one: musegen datasets show NAME")


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show a data set's card: source, licences, size, split, checksums."""
    from dataclasses import asdict

    from musegen.corpus.datasets_recipe import find

    from .terminal import give

    recipe = find(name)
    if as_json:
        give(asdict(recipe))
    else:
        typer.echo(_card(recipe))


@app.command()
def get(
    name: Name,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder. [default: ./NAME]")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(help="A copy that you have: an archive, or the folder unpacked from it."),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            help="Download without asking. With --json, and where no terminal is there to ask at, "
            "nothing is asked either: it is told what comes, and downloaded.",
        ),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a data set as a folder of music; broken off, it goes on where it was."""
    from musegen.corpus.datasets_folder import is_made
    from musegen.corpus.datasets_recipe import find

    from .state import remember
    from .terminal import give, quoted, say

    recipe = find(name)
    folder = made(recipe, output or Path(name), source, quiet, ask=not (yes or as_json))
    complete = is_made(recipe, folder)
    if complete:
        remember(got(name), folder)
    if as_json:
        give({"dataset": name, "folder": str(folder), "complete": complete})
    if complete:
        say(f"{recipe.title} is in {folder}. Now try: musegen train {quoted(folder)}", quiet)
    else:
        again = f"musegen datasets get {name} -o {quoted(folder)}"
        rest = f" To get the rest: {again}" if source else ""
        say(f"{folder} does not hold all of {recipe.title}.{rest}", quiet)


def got(name: str) -> str:
    """What the folder that a data set was got into is remembered as."""
    return f"data set {name}"


def made(recipe: Recipe, folder: Path, source: Path | None, quiet: bool, ask: bool = True) -> Path:
    """The data set's folder, made where it is not yet there.

    What is to be downloaded is told first, and a person at a terminal asked whether to go on.
    """
    from musegen.corpus.datasets import get as get_dataset
    from musegen.corpus.datasets_download import missing
    from musegen.corpus.datasets_folder import check_folder, is_made

    from .terminal import bars, counter, say

    check_folder(recipe, folder)
    wanted = [] if source or is_made(recipe, folder) else missing(recipe)
    if wanted:
        asking = ask and sys.stdin.isatty()
        say(_announcement(recipe, wanted), quiet and not asking)
        if asking and not typer.confirm("Download it?", default=True, err=True):
            say("Nothing was downloaded.", quiet)
            raise typer.Exit(1)
    with bars(quiet) as progress:
        title = f"fetching {recipe.title}"
        fetching = counter(progress, title, quiet, visible=bool(wanted))
        return get_dataset(
            recipe.name,
            folder,
            counter(progress, f"making {folder}", quiet),
            source=source,
            fetching=fetching,
            tell=lambda sentence: say(sentence, quiet),
        )


def _announcement(recipe: Recipe, wanted: list[Download]) -> str:
    """What a person should know before anything is downloaded."""
    return "\n".join(
        [
            f"{recipe.title} is to be downloaded.",
            f"Licence of the music: {recipe.licence_of_music}.",
            f"Licence of the encoding: {recipe.licence_of_encoding}.",
            *_addresses(wanted),
        ]
    )


def _card(recipe: Recipe) -> str:
    ship = "may be given to others" if recipe.weights_may_ship else "are for yourself alone"
    return "\n".join(
        [
            f"{recipe.name}: {recipe.title}",
            f"Source: {recipe.source}.",
            f"Licence of the music: {recipe.licence_of_music}.",
            f"Licence of the encoding: {recipe.licence_of_encoding}.",
            f"Models trained on it {ship}.",
            f"Size: {recipe.size}.",
            f"Split: {recipe.split}.",
            *(_addresses(recipe.downloads) or ["Nothing is downloaded: it comes with music21."]),
        ]
    )


def _addresses(downloads: list[Download] | tuple[Download, ...]) -> list[str]:
    """Address, size and checksum of each file, and what is done where there is no checksum."""
    lines = []
    for download in downloads:
        size = f"{download.bytes:,} bytes" if download.bytes else "size not stated by its source"
        checksum = f"SHA-256 {download.sha256}" if download.sha256 else "no checksum known"
        lines.append(f"  {download.url}\n    {size}, {checksum}")
    if any(download.sha256 is None for download in downloads):
        lines.append(
            "Where no checksum is known, that of the first copy is kept, "
            "and every later one held to it."
        )
    return lines


def _title(recipe: Recipe) -> str:
    """A title without what is added after a colon or in brackets."""
    return re.split(r": | \(", recipe.title)[0]


def _pieces(recipe: Recipe) -> str:
    """The number of pieces, which a size begins with."""
    return re.split("[,:;] ", recipe.size)[0]


def _fetched(recipe: Recipe) -> str:
    """How much is downloaded, for a table."""
    sizes = [download.bytes for download in recipe.downloads]
    if not sizes:
        return "nothing"
    return "unknown" if None in sizes else f"{sum(filter(None, sizes)) / 1e6:.1f} MB"
