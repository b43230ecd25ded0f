"""`musegen generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Device, Force, Json, Quiet, RandomSeed


def command(
    seed: Annotated[
        str | None,
        typer.Option(
            help="The piece to go on from; book.abc:12 is the twelfth tune of a book, whatever its"
            " X: says; a folder holds the movements before a new one."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="A model's name or folder. [default: the one trained last, or else the one that"
            " ships and suits the seed]",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write: .mid, .abc or .musicxml.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many pieces.")] = 1,
    bars: Annotated[
        int | None, typer.Option(min=1, help="How many new bars; a pickup is none. [default: 16]")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="How long, in whole bars, in place of --bars; repeats are not counted."
        ),
    ] = None,
    notes: Annotated[
        int | None,
        typer.Option(min=1, help="About how many new notes, in whole bars, in place of --bars."),
    ] = None,
    continue_from: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="The first new bar; bar 1 is the first full one. [default: after the last]",
        ),
    ] = None,
    parts: Annotated[
        str, typer.Option(help="Go on with these parts of the seed alone: names or numbers.")
    ] = "",
    omit_seed: Annotated[bool, typer.Option("--omit-seed", help="Write only what is new.")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="Draw to a close.")] = False,
    style: Annotated[
        str, typer.Option(help="In this style, one of the sub-folders that the model learnt from.")
    ] = "",
    density: Annotated[
        str, typer.Option(help="low, medium or high, if the model was told density.")
    ] = "",
    key: Annotated[
        str, typer.Option(help="What is new stands in this key: G, F#m, Bb major.")
    ] = "",
    metre: Annotated[str, typer.Option(help="What is new has this metre: 3/4.")] = "",
    tempo: Annotated[
        float | None, typer.Option(help="What is new has so many quarters a minute.")
    ] = None,
    instruments: Annotated[
        str, typer.Option(help="What may play in a piece from nothing: violin,violin,viola,cello.")
    ] = "",
    infill: Annotated[
        str, typer.Option(help="Write these bars of the seed anew, seeing both sides: 9:12.")
    ] = "",
    accompany: Annotated[
        str, typer.Option(help="Write these parts to the others of the seed: bass,drums.")
    ] = "",
    adapt: Annotated[
        str, typer.Option(help="First let a copy of the model learn from the seed for so long: 3m.")
    ] = "",
    temperature: Annotated[
        str,
        typer.Option(
            help="Above 1 bolder, below 1 safer, 0 always the likeliest; also pitch=0.8,duration=1."
        ),
    ] = "1",
    top_k: Annotated[int, typer.Option(help="Draw from the k likeliest values; 0: all.")] = 0,
    top_p: Annotated[float, typer.Option(help="Draw from the likeliest that hold p.")] = 1.0,
    min_p: Annotated[
        float | None,
        typer.Option(
            help="Drop values less likely than this share of the likeliest. "
            "[default: 0.05 of a note's onset, pitch, length and velocity, else 0]"
        ),
    ] = None,
    max_copy: Annotated[
        int | None,
        typer.Option(help="Share no passage of more notes with the music learnt from (8 or more)."),
    ] = None,
    rank: Annotated[bool, typer.Option("--rank/--no-rank", help="Best first.")] = True,
    again: Annotated[
        Path | None, typer.Option(help="Make this file of generate again; no other settings.")
    ] = None,
    device: Device = "auto",
    random_seed: RandomSeed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Carry a piece on, or compose one from nothing.

    With --json, "seconds" is what composing took, and "plays" how many seconds a piece plays for.
    """
    from musegen.evaluation.folders import find_model
    from musegen.generation.request import Request
    from musegen.score.files import check_name

    from .composing import Run, make, make_again

    if seed is not None:
        check_name(seed)
    request = Request(
        seed=seed or "",
        n=n,
        bars=bars,
        seconds=seconds,
        notes=notes,
        continue_from=continue_from,
        parts=parts,
        omit_seed=omit_seed,
        finish=finish,
        style=style,
        density=density,
        key=key,
        metre=metre,
        tempo=tempo,
        instruments=instruments,
        infill=infill,
        accompany=accompany,
        adapt=adapt,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        max_copy=max_copy,
        random_seed=random_seed,
    )
    named = None if model is None else find_model(model)
    run = Run(named, output, rank, device, force, as_json, quiet)
    if again is not None:
        make_again(again, request, run)
    else:
        make(request, run)
