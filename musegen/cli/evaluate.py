"""`musegen evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from musegen.score.counts import counted

from .options import Corpus, Device, Json, Quiet, corpus_path

if TYPE_CHECKING:
    from musegen.corpus.prepare import Prepared
    from musegen.evaluation.trained import Trained


def command(
    corpus: Corpus,
    model: Annotated[
        list[str], typer.Option("--model", "-m", help="A model folder or name; may be repeated.")
    ],
    split: Annotated[
        Literal["train", "valid", "test", "all"] | None,
        typer.Option(
            help="Which pieces to measure. [default: valid, what was held out; all of a file that"
            " was not learnt from]"
        ),
    ] = None,
    average: Annotated[
        bool,
        typer.Option("--average", help="Also the mean of all the models, reading in every key."),
    ] = False,
    told: Annotated[
        bool, typer.Option("--told", help="Tell the model what it can be told: style, density, …")
    ] = False,
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure how likely pieces are under a model, with baselines beside it."""
    from musegen.evaluation.folders import called, find_model

    from .terminal import counting, give, say, say_unused

    path = corpus_path(corpus, quiet, as_json)
    folders = [find_model(name) for name in model]
    say(f"Reading {corpus}…", quiet)  # before torch, which takes seconds, is imported
    from musegen.corpus.prepare import prepare
    from musegen.evaluation.evaluate import evaluate, evaluate_together, require_comparable
    from musegen.evaluation.trained import load

    models = [load(folder, device) for folder in folders]
    require_comparable(models)
    prepared = []
    for trained in models:
        with counting("reading", quiet) as progress:
            prepared.append(prepare(path, vocabulary=trained.vocabulary, progress=progress))
    measured = split or _usual_split(models, prepared[0], path.is_file())
    found = []
    for trained, corpus_words in zip(models, prepared, strict=True):
        say(f"Measuring {called(str(trained.folder))}…", quiet)
        found.append(evaluate(trained, corpus_words, measured, told=told))
    together: dict[str, Any] = {}
    if average:
        say("Measuring in every key…", quiet)
        together = {"average": evaluate_together(models, prepared, measured)}
    say_unused(prepared[0].survey, corpus, quiet)
    for figures in found if not as_json else ():
        figures["model"] = called(figures["model"])
    for figures in found:
        _warn(figures)
    if as_json:
        give(found[0] | together if len(found) == 1 else {"models": found} | together)
    else:
        _show(found, together.get("average"))
    _judge(min(found, key=lambda figures: figures["nats_per_unit"]), quiet)


def _usual_split(models: Sequence[Trained], prepared: Prepared, is_file: bool) -> str:
    """What to measure where nothing is asked: all of a file, or what was held out in training."""
    seen = {melody for model in models for melody in model.seen()}
    is_learnt = any(piece.melody in seen for piece in prepared.pieces)
    return "valid" if not is_file or (is_learnt and prepared.of("valid")) else "all"


def _warn(figures: dict[str, Any]) -> None:
    """Of pieces that the model knows already."""
    from .terminal import say

    seen = len(figures["seen_in_training"])
    if seen:
        say(
            f"Warning: {figures['model']} learnt from {seen} of the {figures['pieces']} pieces, "
            "or from twins of them.\nTheir nats say nothing of new music."
        )


def _judge(figures: dict[str, Any], quiet: bool) -> None:
    """A plain word where the model is no better than a baseline, and what to do next."""
    from .terminal import quoted, say, say_no_better

    nats = {name: n for name, n in figures["baselines"].items() if n is not None}
    best = min(nats, key=nats.__getitem__, default=None)
    if best is not None and figures["nats_per_unit"] >= nats[best]:
        say_no_better(best)
    else:
        again = f"musegen generate --model {quoted(figures['model'])}"
        say(f"Fewer nats are better.\nNow try: {again}", quiet)


def _show(found: list[dict[str, Any]], average: dict[str, Any] | None) -> None:
    """The models and the baselines, one under the other, in one unit."""
    from .terminal import give_table

    first = found[0]
    told = ", told what it can be" if first["told"] else ""
    rows = [row for its in found for row in _rows(its["model"] + told, its, first["pieces"])]
    if average:
        n = len(average["models"])
        keys = counted(len(average["transpositions"]), "keys")
        name = f"mean of {counted(n, 'models')}, {keys}"
        rows += _rows(name, average, first["pieces"])
    names = {"repeat": "repeat the last word", "repeat_bar": "repeat the last bar"}
    for name, nats in first["baselines"].items():
        if nats is not None:
            rows.append([names.get(name, "n-gram of order 4"), f"{nats:.4f}", ""])
    give_table([first["split"], f"nats a {first['unit']}", "95 % over pieces"], rows, (1, 2))
    for figures in found:
        _show_given(figures)
    fields = [
        [name, *(f"{figures['per_field'].get(name, 0.0):.4f}" for figures in found)]
        for name, nats in first["per_field"].items()
        if nats
    ]
    if len(fields) > 1:
        heads = ["nats"] if len(found) == 1 else [figures["model"] for figures in found]
        columns = tuple(range(1, len(found) + 1))
        typer.echo()
        give_table(["of these, by field of a word", *heads], fields, columns)
    typer.echo()
    give_table(
        ["what was measured", ""],
        [
            ["pieces", f"{first['pieces']:,}"],
            ["notes in their files", f"{first['notes']:,}"],
            [f"units, each a {first['unit']}", f"{first['units']:,}"],
            ["nats a note", f"{first['nats_per_note']:.4f}"],
            ["time grid", first["grid"]],
        ],
    )


def _show_given(figures: dict[str, Any]) -> None:
    """What a model makes of music of which all else is given."""
    from .terminal import give_table

    names = {"parts": "one part, the others given", "gaps": "four bars, both sides given"}
    rows = [
        [names[name], f"{cost['nats_per_unit']:.4f}", f"{cost['as_usual']:.4f}"]
        for name, cost in figures.get("given", {}).items()
        if cost
    ]
    if rows:
        typer.echo()
        give_table([figures["model"], f"nats a {figures['unit']}", "as usual"], rows, (1, 2))


def _rows(name: str, figures: dict[str, Any], pieces: int) -> list[list[str]]:
    """What a model costs; beneath it, where that is another figure, what published tables count."""
    low, high = figures["interval"]
    spread = f"{low:.4f} to {high:.4f}" if pieces > 1 else "one piece: none"
    rows = [[name, f"{figures['nats_per_unit']:.4f}", spread]]
    if "nats_per_unit_without_end" in figures:
        nats = f"{figures['nats_per_unit_without_end']:.4f}"
        rows.append(["  its steps alone, as published", nats, ""])
    return rows
