"""`musegen compare`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Corpus, Device, Json, Quiet, RandomSeed, corpus_path, name_of

if TYPE_CHECKING:
    from rich.progress import Progress

    from musegen.corpus.prepare import Prepared
    from musegen.training.contestants import Contestant
    from musegen.training.events import Event

Figures = dict[str, Any]
_DISTANCES = (16, 64)  # words over which the gradient is told
_FIRST = 4  # networks that are told while all learn
_COLUMNS = 80
PAGE = "comparison.html"


def command(
    corpus: Corpus,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Where page and figures go. [default: runs/…-compared]"
        ),
    ] = None,
    budget: Annotated[
        str, typer.Option(help="Time for all together, as 90s, 10m or 1h30m.")
    ] = "10m",
    device: Device = "auto",
    random_seed: RandomSeed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find out which kind of network suits a folder of music, and why.

    RNN, GRU, LSTM and Transformer learn with equal parameters and time, beside simpler ones.
    One that is broken off leaves nothing, and cannot be gone on with.
    """
    from musegen.training.begun import FIGURES, check_new
    from musegen.training.schedule import seconds_of

    from .terminal import give, quoted, say, say_unused

    seconds = seconds_of(budget)
    path = corpus_path(corpus, quiet, as_json)
    folder = output or Path("runs") / f"{name_of(path)}-compared"
    check_new(folder)
    say(f"Reading {corpus}…", quiet)  # before torch, which takes seconds, is imported
    from musegen.disk import whole_folder, write_whole
    from musegen.picture.comparison import comparison_page
    from musegen.picture.comparison_runs import best_of, verdict

    prepared = _prepared(path, quiet)
    say_unused(prepared.survey, corpus, quiet)
    found = _compared(prepared, seconds, device, random_seed, quiet)
    if not as_json:
        _show(found)
    page = comparison_page(found, name_of(path)).encode("utf-8", "replace")
    text = json.dumps(found, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    with whole_folder(folder) as unfinished:
        write_whole(unfinished / PAGE, page)
        write_whole(unfinished / FIGURES, text)
    if as_json:
        give(found)
    say(
        f"{fill(verdict(found), _COLUMNS)}\n"
        f"The curves are in {folder / PAGE}: open it in a browser.\n"
        f"Now try: musegen train {quoted(corpus)} --backbone {best_of(found)}",
        quiet,
    )


def _prepared(path: Path, quiet: bool) -> Prepared:
    """The corpus as words, with some to learn from and others to measure on."""
    from musegen.corpus.prepare import prepare
    from musegen.training.begun import check_splits

    from .terminal import counting

    with counting("reading", quiet) as progress:
        prepared = prepare(path, progress=progress)
    check_splits(prepared)
    return prepared


def _compared(
    prepared: Prepared, budget: float, device: str, random_seed: int, quiet: bool
) -> Figures:
    """All contestants, trained and measured, after saying how long it will take."""
    from musegen.network.checkpoint import device_of
    from musegen.training.compare import compare, together
    from musegen.training.contestants import MEASURING, contestants, seconds_each
    from musegen.training.schedule import Extent

    from .terminal import bars, say

    each = seconds_each(budget)
    who = contestants(prepared, each, random_seed)
    used = device_of(device).type
    minutes = len(who) * (each + MEASURING) / 60
    say(
        f"{len(who)} networks learn in turns, for {each:.3g} s each.\n"
        f"In all it takes about {minutes:.2g} minutes on {used}.\n"
        f"What follows is in nats a {prepared.vocabulary.unit}: fewer is better.",
        quiet,
    )
    with bars(quiet, "now") as progress:
        standing = Standing(who, progress, quiet)
        runs = list(compare(prepared, who, Extent(each), used, standing.hear))
    return {
        **together(prepared, runs),
        "seconds_each": each,
        "device": used,
        "random_seed": random_seed,
    }


class Standing:
    """A bar over all contestants, and a line at each quarter of the way: which are ahead."""

    def __init__(self, who: Sequence[Contestant], progress: Progress, quiet: bool) -> None:
        self._who, self._progress, self._quiet = who, progress, quiet
        self._shares = [0.0] * len(who)
        self._nats: dict[str, float] = {}
        self._quarters = 0
        self._task = progress.add_task("comparing", total=len(who), now="")

    def hear(self, number: int, event: Event) -> None:
        """Take in an event of the training of one of them."""
        from musegen.training.events import Learnt

        contestant = self._who[number]
        if isinstance(event, Learnt):
            self._shares[number] = event.share
            now = f"{contestant.name}, {event.nats:.3f} nats a word"
            self._progress.update(self._task, completed=sum(self._shares), now=now)
        elif contestant.group == "backbone":
            is_sound = math.isfinite(event.valid_nats)
            self._nats[contestant.name] = event.valid_nats if is_sound else math.inf
        quarters = int(4 * min(self._shares))
        if quarters > self._quarters and not self._quiet:
            self._quarters = quarters
            ranked = sorted(self._nats.items(), key=lambda item: item[1])
            told = ", ".join(f"{name} {nats:.3f}" for name, nats in ranked[:_FIRST])
            self._progress.console.print(f"{25 * quarters:3d} %  {told}")


def _show(found: Figures) -> None:
    """The networks side by side, the best first; then some of them changed."""
    from musegen.picture.comparison_runs import ranked

    from .terminal import give_table

    heads = [
        *("network", f"nats a {found['unit']}", "parameters", "notes/s", "MB"),
        *(f"at {words}" for words in _DISTANCES),
    ]
    numbers = tuple(range(1, len(heads)))
    give_table(heads, [_row(run) for run in ranked(found["runs"])], numbers)
    typer.echo()
    heads[0] = "changed"
    give_table(heads, [_row(run) for run in found["variations"]], numbers)
    typer.echo(
        "\nat 16, at 64: how much of the gradient gets so many words back,\n"
        "  as a share of what gets back one.\n"
        "back: words that gradients go back in training; free: not clipped."
    )


def _row(run: Figures) -> list[str]:
    from musegen.picture.comparison_runs import nats_text

    return [
        run["name"],
        nats_text(run),
        f"{run['parameters']:,}",
        f"{run['notes_per_second']:,.0f}",
        f"{run['memory_mb']:.0f}",
        *(_share(run, words) for words in _DISTANCES),
    ]


def _share(run: Figures, words: int) -> str:
    """How much of the gradient at a distance of one word is left at another, after training."""
    gradient = run["gradient_by_distance"]
    norms = dict(zip(gradient["distance"], gradient["trained"], strict=True))
    if not norms[1] or norms.get(words) is None:
        return "–"
    return f"{norms[words] / norms[1]:.0e}"
