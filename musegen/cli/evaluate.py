"""`musegen evaluate`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from .options import Corpus, Device, Json, Quiet, corpus_path


def command(
    corpus: Corpus,
    model: Annotated[str, typer.Option("--model", "-m", help="A model folder or name.")],
    split: Annotated[
        Literal["train", "valid", "test", "all"], typer.Option(help="Which pieces to measure.")
    ] = "valid",
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure how likely pieces are under a model, with baselines beside it."""
    from musegen.corpus.prepare import prepare
    from musegen.evaluation.evaluate import evaluate
    from musegen.evaluation.trained import find_model, load

    from .terminal import counting, give, say, say_unused

    path = corpus_path(corpus, quiet, as_json)
    trained = load(find_model(model), device)
    with counting("reading", quiet) as progress:
        prepared = prepare(path, vocabulary=trained.vocabulary, progress=progress)
    say("Measuring…", quiet)
    figures = evaluate(trained, prepared, split)
    say_unused(prepared.survey, corpus, quiet)
    if figures["seen_in_training"]:
        seen = len(figures["seen_in_training"])
        say(
            f"Warning: {seen} of the {figures['pieces']} pieces, or twins of them, were learnt "
            "from; their nats say nothing of new music.",
        )
    if as_json:
        give(figures)
    else:
        _show(figures)
    _judge(figures, quiet)


def _judge(figures: dict[str, Any], quiet: bool) -> None:
    """A plain word where the model is no better than a baseline, and what to do next."""
    from .terminal import say

    nats = [n for n in figures["baselines"].values() if n is not None]
    if nats and figures["nats_per_unit"] >= min(nats):
        say("Warning: a baseline needs no more nats than this model. Train it for longer.")
    else:
        say(f"Fewer nats are better. Now try: musegen generate --model {figures['model']}", quiet)


def _show(figures: dict[str, Any]) -> None:
    """The model and the baselines, one under the other, in one unit."""
    from .terminal import give_table

    low, high = figures["interval"]
    spread = f"{low:.4f} to {high:.4f}" if figures["pieces"] > 1 else "one piece: none"
    rows = [[figures["model"], f"{figures['nats_per_unit']:.4f}", spread]]
    names = {"repeat": "repeat the last word", "repeat_bar": "repeat the last bar"}
    for name, nats in figures["baselines"].items():
        if nats is not None:
            rows.append([names.get(name, "n-gram of order 4"), f"{nats:.4f}", ""])
    give_table([figures["split"], f"nats a {figures['unit']}", "95 % over pieces"], rows, (1, 2))
    fields = [[name, f"{nats:.4f}"] for name, nats in figures["per_field"].items() if nats]
    if len(fields) > 1:
        give_table(["of these, by field of a word", "nats"], fields, (1,))
    give_table(
        ["pieces", f"units: {figures['unit']}", "notes in the files", "nats a note", "grid"],
        [
            [
                str(figures["pieces"]),
                str(figures["units"]),
                str(figures["notes"]),
                f"{figures['nats_per_note']:.4f}",
                figures["grid"],
            ]
        ],
        (0, 1, 2, 3),
    )
