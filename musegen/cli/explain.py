"""`musegen explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from musegen.score.counts import counted

from .options import Device, Force, Json, Quiet, check_apart, check_output, stem_of

if TYPE_CHECKING:
    from musegen.score.score import Score

_LIKELIER = 2  # values that are told in a line
_LEAST = 0.01  # probability that is told as such


def command(
    file: Annotated[str, typer.Argument(help="A piece, or book.abc:12, a tune of a book.")],
    model: Annotated[str, typer.Option("--model", "-m", help="A model folder or name.")],
    out: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write a page, .html, or all that is found, .json."),
    ] = None,
    device: Device = "auto",
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell what surprises a model in a piece, and what it would have written instead.

    A page (-o FILE.html) shows it note by note, with what the model looked back to, and plays the
    piece in any browser, without a network. All of it is in --json and -o FILE.json too.
    """
    from musegen.disk import write_whole
    from musegen.errors import OutputError
    from musegen.evaluation.folders import find_model
    from musegen.score.files import read

    from .terminal import give, say

    if out is not None:
        check_output(out, (".html", ".json"), f"{stem_of(file)}-explained")
        check_apart([out], file)
        if out.exists() and not force:
            raise OutputError("is already there", file=out, hint="Overwrite it with --force.")
    folder, score = find_model(model), read(file)
    say(f"Reading {file} with {model}…", quiet)  # before torch, which takes seconds, is imported
    from musegen.evaluation.explain import explain
    from musegen.evaluation.trained import load

    found = explain(load(folder, device), score, file)
    if out is not None:
        write_whole(out, _written(out, found, score).encode(), force)
    if as_json:
        give(found)
    else:
        _show(found)
    if found["seen_in_training"]:
        say(f"Warning: {found['model']} learnt from this piece, or from a twin of it.")
    for kind, count in found["lost"].items():
        say(f"Not read: {counted(count, kind)}.", quiet)
    if out is not None:
        say(f"Wrote {out}.", quiet)


def _written(out: Path, found: dict[str, Any], score: Score) -> str:
    """What a file of this kind holds of all that was found; a page is named there."""
    if out.suffix.lower() == ".json":
        return json.dumps(found, ensure_ascii=False)
    from musegen.picture.explained_page import as_read, explained_page
    from musegen.score.bars import check_length
    from musegen.sound.recipe import recipe

    check_length(score, out)
    found["page"] = str(out)
    played = as_read(score, found)
    return explained_page(played, recipe(played), found, title=stem_of(found["path"]))


def _show(found: dict[str, Any]) -> None:
    """The piece as a whole, its bars that surprised the most, and those that did the least."""
    from .terminal import give_table

    n, between = len(found["notes"]), found["between"]
    rows = [["all fields", *_shared_out(found["nats"], between["nats"], n)]]
    fields = {name: nats for name, nats in found["per_field"].items() if nats}
    if len(fields) > 1:
        rows += [
            [f"  {name}", *_shared_out(nats, between["per_field"][name], n)]
            for name, nats in fields.items()
        ]
    give_table([f"nats a note, of {n:,}", "all", "notes", "all else"], rows, (1, 2, 3))
    rows = []
    for bar in found["worst_bars"]:
        start = [f"bar {bar['bar']}", f"{bar['nats_per_note']:.2f}"]
        for surprise in bar["surprises"]:
            rows.append([*start, *_told(surprise, found)])
            start = ["", ""]
    head = ["most surprising", "nats a note", "written", "likelier"]
    if not any(row[-1] for row in rows):  # nothing was likelier than what stands there
        head, rows = head[:-1], [row[:-1] for row in rows]
    typer.echo()
    give_table(head, rows, (1,))
    rows = [[f"bar {bar['bar']}", f"{bar['nats_per_note']:.2f}"] for bar in found["best_bars"]]
    typer.echo()
    give_table(["least surprising", "nats a note"], rows, (1,))


def _shared_out(nats: float, between: float, notes: int) -> list[str]:
    return [f"{its / notes:.3f}" for its in (nats, nats - between, between)]


def _chance(name: str, p: float) -> str:
    """A value with its probability."""
    return f"{name} {p:.2f}" if p >= _LEAST else f"{name} <{_LEAST}"


def _told(surprise: dict[str, Any], found: dict[str, Any]) -> tuple[str, str]:
    """What stands there with its probability, and what was likelier."""
    note, (name, p) = found["notes"][surprise["note"]], surprise["written"]
    whose = f"{found['parts'][note['part']]['name']}: " if len(found["parts"]) > 1 else ""
    field = f"{surprise['field']} " if len(note["written"]) > 1 else ""
    likelier = [_chance(other, q) for other, q in surprise["likeliest"] if q > p]
    return f"{whose}{field}{_chance(name, p)}", ", ".join(likelier[:_LIKELIER])
