"""`musegen generate`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Device, Force, Json, Quiet, RandomSeed, check_apart, free_path, stem_of

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained
    from musegen.score.score import Score

    from .candidates import Ranked


def command(
    seed: Annotated[
        str | None, typer.Option(help="The piece to go on from; book.abc:12 is a tune of a book.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="A model. [default: the one trained last]")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write: .mid, .abc or .musicxml.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many pieces.")] = 1,
    bars: Annotated[int, typer.Option(min=1, help="How many new bars.")] = 16,
    continue_from: Annotated[
        int | None, typer.Option(min=2, help="The first new bar. [default: after the last]")
    ] = None,
    omit_seed: Annotated[bool, typer.Option("--omit-seed", help="Write only what is new.")] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Draw to a close, if the model was told bars to come.")
    ] = False,
    style: Annotated[
        str, typer.Option(help="In this style, one of the sub-folders that the model learnt from.")
    ] = "",
    density: Annotated[
        str, typer.Option(help="low, medium or high, if the model was told density.")
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
        float, typer.Option(help="Drop values less likely than this share of the likeliest.")
    ] = 0.0,
    max_copy: Annotated[
        int | None,
        typer.Option(help="Share no passage of more notes with the music learnt from (8 or more)."),
    ] = None,
    rank: Annotated[bool, typer.Option("--rank/--no-rank", help="Best first.")] = True,
    device: Device = "auto",
    random_seed: RandomSeed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Carry a piece on, or compose one from nothing."""
    from musegen.evaluation.trained import load
    from musegen.generation.compose import compose
    from musegen.generation.copies import Originals
    from musegen.generation.plan import Plan
    from musegen.generation.rank import rank as ranks_of
    from musegen.generation.sampling import Sampling, read_temperature

    from .candidates import tell
    from .terminal import counting, say

    of_all, of_field = read_temperature(temperature)
    sampling = Sampling(of_all, top_k, top_p, min_p, of_field)
    piece = _read_seed(seed, continue_from, quiet)
    plan = Plan(bars, piece, omit_seed, finish, style, density)
    paths = _paths(output, seed, n, force)
    trained = load(_choose_model(model, quiet), device)
    began = time.monotonic()
    with counting("composing", quiet) as progress:
        found = compose(
            trained, plan, n=n, sampling=sampling, random_seed=random_seed, progress=progress
        )
        originals = Originals(trained, plan)
        if max_copy is not None:
            found = [
                originals.without_copies(candidate, max_copy, sampling, random_seed + row)
                for row, candidate in enumerate(found)
            ]
        copies = [originals.copies_in(candidate) for candidate in found]
        ranks = ranks_of(trained, plan, found, copies, originals)
    order = sorted(range(n), key=lambda i: -ranks[i].score) if rank else list(range(n))
    ranked = [(found[i], ranks[i], copies[i]) for i in order]
    seconds = time.monotonic() - began
    settings = f"temperature={temperature} top_k={top_k} top_p={top_p:g} min_p={min_p:g}"
    finished, most = "yes" if finish else "", str(max_copy or "")
    told = {"style": style, "density": density, "finish": finished, "max_copy": most}
    settings += "".join(f" {name}={value}" for name, value in told.items() if value)
    _write(ranked, paths, trained, f"random seed {random_seed}; {settings}", force)
    tell(ranked, paths, trained, plan, (random_seed, seconds), as_json)
    for (candidate, *_), path in zip(ranked, paths, strict=True):
        if not candidate.finished:
            say(f"{path} was broken off after a bar: the model wrote too many notes.", quiet)
    say(f"Now try: musegen play {paths[0]}", quiet)


def _read_seed(seed: str | None, continue_from: int | None, quiet: bool) -> Score | None:
    """The seed, up to the bar before the first new one."""
    from musegen.errors import UsageError
    from musegen.score.bars import faults_of
    from musegen.score.excerpt import until_bar
    from musegen.score.files import read

    from .terminal import say_faults

    if seed is None:
        if continue_from is not None:
            raise UsageError("--continue-from needs a piece", hint="Name one with --seed FILE.")
        return None
    if seed.isdigit() and not Path(seed).exists():
        raise UsageError(
            f"a seed is a piece of music here, not the number {seed}",
            hint=f"For chance, say --random-seed {seed}.",
        )
    piece = read(seed)
    say_faults(seed, faults_of(piece), quiet)
    return piece if continue_from is None else until_bar(piece, continue_from - 1)


def _choose_model(name: str | None, quiet: bool) -> Path:
    """The model named, or else the one trained last."""
    from musegen.errors import NotFound
    from musegen.evaluation.trained import find_model

    from .state import recall
    from .terminal import say

    if name is not None:
        return find_model(name)
    last = recall("model")
    if last is None:
        hint = "Train one: musegen train FOLDER. Or name one: --model DIR."
        raise NotFound("no model was trained yet", hint=hint)
    say(f"Composing with {last}, the model trained last.", quiet)
    return last


def _paths(output: Path | None, seed: str | None, n: int, force: bool) -> list[Path]:
    """A path for each piece; none may be there already.

    Raises:
        OutputError: one is there.
        UsageError: the suffix is none that can be written.
    """
    from musegen.errors import OutputError, UsageError
    from musegen.score.files import WRITTEN_SUFFIXES

    if output is None:
        stem = f"{stem_of(seed)}-continued" if seed else "composed"
        return [free_path(Path(f"{stem}-{number + 1}.mid")) for number in range(n)]
    if output.suffix.lower() not in WRITTEN_SUFFIXES:
        known = ", ".join(WRITTEN_SUFFIXES)
        raise UsageError(f"cannot write {output.suffix or 'no suffix'}", hint=f"Take {known}.")
    paths = (
        [output]
        if n == 1
        else [output.with_name(f"{output.stem}-{number + 1}{output.suffix}") for number in range(n)]
    )
    if seed:
        check_apart(paths, seed)
    there = [path for path in paths if path.exists()]
    if there and not force:
        raise OutputError("is already there", file=there[0], hint="Overwrite it with --force.")
    return paths


def _write(ranked: Ranked, paths: list[Path], model: Trained, how: str, force: bool) -> None:
    import musegen
    from musegen.score.files import write

    from .state import remember

    made_by = f"musegen {musegen.__version__}; model {model.fingerprint[:16]}; {how}"
    for (candidate, *_), path in zip(ranked, paths, strict=True):
        write(candidate.score, path, force, made_by)
    remember("piece", paths[0])
