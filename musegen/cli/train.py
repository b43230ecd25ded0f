"""`musegen train`."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from musegen.score.counts import counted

from .announcing import announce
from .options import Corpus, Device, Json, Quiet, RandomSeed, name_of
from .resuming import check_begun, check_from

if TYPE_CHECKING:
    from musegen.corpus.prepare import Prepared
    from musegen.training.run import Run
    from musegen.vocabulary.vocabulary import Vocabulary

_FEW_STEPS = 100  # a model of so few writes noise
_OVERFITS = (
    "Held-out nats fall no more: the network begins to learn by heart.\n"
    "The best weights so far are kept. More pieces help, or a shorter --budget."
)


def command(
    ctx: typer.Context,
    corpus: Corpus,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The model folder. [default: runs/NAME]")
    ] = None,
    backbone: Annotated[
        Literal["lstm", "gru", "rnn", "transformer"], typer.Option(help="What reads the past.")
    ] = "lstm",
    vocabulary: Annotated[
        Literal["auto", "abc", "grid", "notes"], typer.Option(help="What a word is.")
    ] = "auto",
    time_grid: Annotated[
        Literal["auto", "24", "48"], typer.Option(help="Steps a quarter of the notes vocabulary.")
    ] = "auto",
    pedal: Annotated[
        Literal["keep", "fold"],
        typer.Option(help="Of the notes vocabulary: as words, or as longer notes."),
    ] = "keep",
    tell: Annotated[
        list[str],
        typer.Option(
            help="What it is told in training: style (sub-folders), density, bars (to come), given"
            " (music to be written to), key (of voices), parted by commas or one an option; none."
        ),
    ] = ["style,bars,key"],  # noqa: B006 - typer knows no other default of a list
    size: Annotated[
        Literal["auto", "small", "medium", "large"], typer.Option(help="Of the network.")
    ] = "auto",
    budget: Annotated[
        str | None,
        typer.Option(help="Time to train, as 90s, 10m or 1h30m; 90 is 90s. [default: 10m]"),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Updates to make; makes a run repeatable.")
    ] = None,
    origin: Annotated[
        str,
        typer.Option("--from", metavar="MODEL", help="Begin with this model, in its words."),
    ] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run broken off.")] = False,
    device: Device = "auto",
    random_seed: RandomSeed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model on a folder of music: ten minutes, unless told otherwise.

    Sub-folders named train, valid and test are the split; else a tenth of the pieces is held out.
    """
    from musegen.errors import UsageError
    from musegen.training.schedule import Extent, seconds_of

    from .terminal import quoted, say

    if budget is not None and steps is not None:
        raise UsageError("give a --budget or --steps, not both")
    if origin and not resume:
        check_from(ctx)
    extent = Extent(seconds_of(budget or "10m"), steps)
    _check_names(corpus, output, origin, resume)
    is_other = os.environ.get("RANK", "0") != "0"  # as torchrun numbers processes
    say(f"Reading {corpus}…", quiet or is_other)  # before torch, which takes seconds, is imported
    from musegen.corpus.conditions import kinds_of
    from musegen.evaluation.described import described
    from musegen.evaluation.folders import find_model
    from musegen.evaluation.trained import load
    from musegen.training import distributed
    from musegen.training.begun import check_new, has_checkpoint
    from musegen.training.origin import Origin
    from musegen.training.run import Run, RunSettings

    from .options import corpus_path

    with distributed.together(device):
        settings = RunSettings(
            backbone, size, extent, device, random_seed, kinds_of(",".join(tell))
        )
        speaks = distributed.is_first()
        quiet = quiet or not speaks
        with distributed.one_before_others():
            path = corpus_path(corpus, quiet, as_json)
            folder = _folder(output, path)
            if resume:
                check_begun(ctx, folder, quiet)
            elif speaks:
                check_new(folder)
            begins = Origin(load(find_model(origin)) if origin and not resume else None)
            known = described(folder).vocabulary if resume else begins.vocabulary
            prepared = _prepared(path, known or vocabulary, time_grid, pedal, quiet)
        if resume:
            run = Run.resume(prepared, folder, device)
        else:
            run = Run.start(prepared, folder, settings, begins)
            _warn_of_seen(begins.seen_in(prepared), origin, quiet)
        with run:
            announce(run, prepared, corpus, quiet)
            try:
                _follow(run, quiet)
            except KeyboardInterrupt:
                again = f"musegen train {quoted(corpus)} -o {quoted(folder)} --resume"
                if has_checkpoint(folder):
                    at = f"Stopped at step {run.fit.counters.step}."
                    say(f"{at}\nGo on later: {again}", not speaks)
                raise
            if speaks:
                _finish(run, corpus, as_json, quiet)


def _check_names(corpus: str, output: Path | None, origin: str, resume: bool) -> None:
    """Refuse wrong names before torch is imported; of several processes but one may speak, later.

    Raises:
        NotFound: there is no such corpus or model.
        OutputError: the model's folder is already there, or cannot be made.
    """
    from musegen.evaluation.folders import find_model
    from musegen.training.begun import check_new

    from .options import corpus_place

    if os.environ.get("WORLD_SIZE", "1") != "1":
        return
    path, _ = corpus_place(corpus)
    if not resume:
        check_new(_folder(output, path))
        if origin:
            find_model(origin)


def _folder(output: Path | None, corpus: Path) -> Path:
    return output or Path("runs") / name_of(corpus)


def _warn_of_seen(seen: int, origin: str, quiet: bool) -> None:
    """That held-out pieces are not new to the model that a run begins with."""
    from .terminal import say

    if seen:
        say(
            f"Warning: {origin} has learnt {counted(seen, 'held-out pieces')} or twins of them.\n"
            "What is measured on them says nothing of new music.",
            quiet,
        )


def _prepared(
    path: Path, vocabulary: str | Vocabulary, time_grid: str, pedal: str, quiet: bool
) -> Prepared:
    """The corpus as words."""
    from musegen.corpus.prepare import prepare

    from .terminal import counting

    with counting("reading", quiet) as progress:
        return prepare(
            path,
            vocabulary=vocabulary,
            steps=None if time_grid == "auto" else int(time_grid),
            pedal=pedal,
            progress=progress,
        )


def _follow(run: Run, quiet: bool) -> None:
    """Train, with a bar and a line at each measurement."""
    from musegen.training import distributed
    from musegen.training.events import Learnt

    from .terminal import bars, until_interrupted

    alone = distributed.count() == 1  # processes that stop at different updates wait for each other
    with (
        until_interrupted() if alone else nullcontext(lambda: False) as stop,
        bars(quiet, "now") as progress,
    ):
        task = progress.add_task("training", total=1.0, now="")
        for event in run.events():
            if stop():
                run.fit.checkpoint()
                raise KeyboardInterrupt
            if isinstance(event, Learnt):
                rate = event.words * run.fit.notes_per_word / max(event.seconds, 1e-9)
                left_out = ", update skipped" if event.skipped else ""
                now = f"{rate:,.0f} notes/s, gradient {event.gradient:.2f}{left_out}"
                progress.update(task, completed=event.share, now=now)
                continue
            if distributed.is_first():
                _draw_curves(run)
            if not quiet:
                line = (
                    f"{event.seconds:6.0f} s  step {event.step:6d}  train {event.train_nats:.4f}  "
                    f"held out {event.valid_nats:.4f}"
                )
                skipped = (
                    f"  ({counted(event.skipped, 'updates')} skipped)" if event.skipped else ""
                )
                progress.console.print(line + skipped + ("" if event.best else "  (not the best)"))
                if event.overfits:
                    progress.console.print(_OVERFITS)


def _finish(run: Run, corpus: str, as_json: bool, quiet: bool) -> None:
    """Measure, draw the curves, and say what to do next."""
    from .state import remember
    from .terminal import give, quoted, say

    model = run.finish()
    remember("model", run.folder)
    figures: dict[str, Any] = model.config["figures"]
    if as_json:
        names = ("parameters", "steps", "seconds", "notes_per_second", "train_nats", "valid_nats")
        give(
            {
                "model": str(run.folder),
                "vocabulary": model.vocabulary.name,
                "grid": model.vocabulary.grid,
                "backbone": model.network.settings.backbone,
                **{name: figures[name] for name in names},
                "unit": model.vocabulary.unit,
                "files": figures["files"],
            }
        )
    elif quiet:
        nats = f"{figures['valid_nats']:.4f} nats a {model.vocabulary.unit}"
        typer.echo(f"{run.folder}: held out {nats}")
    pieces = counted(figures["valid_pieces"], "pieces")
    name = quoted(run.folder)
    _warn_of_weakness(run, figures, quiet)
    say(
        f"Held out: {figures['valid_nats']:.4f} nats a {model.vocabulary.unit} on {pieces}.\n"
        f"The model is in {run.folder}.\n"
        f"Its curves are in {run.folder / 'curves.svg'}.\n"
        f"Now try: musegen generate --model {name} --seed FILE\n"
        f"Beside simple baselines: musegen evaluate {quoted(corpus)} --model {name}",
        quiet,
    )


def _warn_of_weakness(run: Run, figures: dict[str, Any], quiet: bool) -> None:
    """That the model hardly knows music, where it does not."""
    from musegen.evaluation.evaluate import ngram_nats

    from .terminal import say, say_no_better

    if figures["steps"] < _FEW_STEPS:
        say(
            f"{counted(figures['steps'], 'updates')} are few: it hardly knows music yet. "
            "Give it a longer --budget.",
            quiet,
        )
        return
    ngram = ngram_nats(run.fit.prepared, run.fit.learnt, run.fit.held_out)
    if ngram is not None and figures["valid_nats"] >= ngram:
        say_no_better("ngram")


def _draw_curves(run: Run) -> None:
    from musegen.disk import write_whole
    from musegen.picture.curves import curves_svg
    from musegen.training.log import read_log

    log = read_log(run.folder)
    series = {"train": log["train_nats"], "held out": log["valid_nats"]}
    svg = curves_svg(
        log["step"], series, unit=f"nats a {run.config['unit']}", title=run.folder.name
    )
    write_whole(run.folder / "curves.svg", svg.encode(), force=True)
