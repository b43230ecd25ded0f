"""What `musegen generate` does: reads the seed, has it carried on, writes and tells."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from musegen.score.counts import counted

from .choosing import choose_model, model_of
from .options import free_path

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained
    from musegen.generation.fulfil import Ranked
    from musegen.generation.plan import Plan
    from musegen.generation.request import Request
    from musegen.score.score import Score

_SHORT = 8  # bars


@dataclass(frozen=True)
class Run:
    """How the command was called, but for what the music depends on."""

    model: Path | None
    output: Path | None
    rank: bool
    device: str
    force: bool
    as_json: bool
    quiet: bool


def make(request: Request, run: Run) -> None:
    """Compose what is asked for, write it and tell of it."""
    from musegen.errors import Interrupted
    from musegen.generation.asked import check, plan_of, settled
    from musegen.generation.seed import silent_at_end, silent_in

    from .adapting import adapt
    from .candidates import say_poor, tell
    from .terminal import quoted, say
    from .written import paths_of, write

    check(request)
    request, seed, movements = _read_seed(request, run)
    plan = plan_of(request, seed, movements)
    paths = paths_of(run, request.seed, request.n)
    folder = choose_model(run.model, request, plan, run.quiet)
    say("Loading the model…", run.quiet)  # before torch, which takes seconds, is imported
    from musegen.evaluation.trained import load
    from musegen.generation.fulfil import best_first

    model = load(folder, run.device)
    began = time.monotonic()
    model, request = adapt(model, request, plan, run.quiet)
    plan = settled(model, request, plan)
    if seed is not None and request.accompany:
        _say_silenced(seed, plan, run.quiet)
    found, is_whole = _composed(model, request, plan, run)
    request = replace(request, broken_off=not is_whole)
    ranked = best_first(found) if run.rank else found
    paths = paths[: len(ranked)]
    write(ranked, paths, model, request, run)
    tell(ranked, paths, model, plan, (request.random_seed, time.monotonic() - began), run.as_json)
    say_poor(ranked[0], paths[0], model, plan, run.quiet)
    sources = [of.copies.learnt.source for of in ranked if of.copies.learnt]
    if tune := next(filter(re.compile(r":\d+$").search, sources), ""):
        number = tune.rpartition(":")[2]
        say(f"{tune} is the tune at place {number} of that book, whatever its X: says.", run.quiet)
    for candidate, path in zip(ranked, paths, strict=True):
        if is_whole and not candidate.composed.finished:
            say(f"{path} was broken off after a bar: the model wrote too many notes.", run.quiet)
        silent = silent_in(plan.new(candidate.composed.score), plan)
        if silent:
            say(f"Nothing new in {path} for {', '.join(silent)}.", run.quiet)
        before = silent_at_end(plan.new(candidate.composed.score)) if request.finish else []
        if before:
            say(f"Silent in the last bar of {path}: {', '.join(before)}.", run.quiet)
    say(f"Now try: musegen play {quoted(paths[0])}", run.quiet)
    if not is_whole:
        raise typer.Exit(Interrupted.exit_code)


def _say_silenced(seed: Score, plan: Plan, quiet: bool) -> None:
    """Which parts of the seed are written anew."""
    from .terminal import say

    assert plan.seed is not None
    pairs = zip(seed.parts, plan.seed.parts, strict=False)  # new parts come after those of the seed
    lost = [
        f"{old.name or 'a part without a name'} ({counted(len(old.notes), 'notes')})"
        for old, now in pairs
        if len(old.notes) > len(now.notes)
    ]
    if lost:
        say(f"Written in place of what the seed has: {', '.join(lost)}.", quiet)


def make_something(quiet: bool) -> Path:
    """Compose something short from nothing, and write it here."""
    from musegen.evaluation.trained import load
    from musegen.generation.asked import plan_of, settled
    from musegen.generation.request import Request

    from .written import paths_of, write

    run = Run(None, None, rank=False, device="auto", force=False, as_json=False, quiet=quiet)
    request = Request(bars=_SHORT)
    plan, paths = plan_of(request, None), paths_of(run, "", 1)
    model = load(choose_model(None, request, plan, quiet), run.device)
    plan = settled(model, request, plan)
    found, is_whole = _composed(model, request, plan, run)
    if not is_whole:
        raise KeyboardInterrupt
    write(found, paths, model, request, run)
    return paths[0]


def make_again(file: Path, given: Request, run: Run) -> None:
    """Compose again what made a file, to the byte."""
    from musegen.errors import MusegenError, UsageError
    from musegen.generation.asked import plan_of, settled
    from musegen.generation.request import Request
    from musegen.score.files import WRITTEN_SUFFIXES

    from .adapting import adapt
    from .candidates import tell
    from .terminal import say
    from .written import paths_of, write

    if replace(given, seed="") != Request():
        hint = "To change one, call the command as it was called first."
        raise UsageError("--again takes all settings from the file", hint=hint)
    request, fingerprint, version = Request.of(file)
    if request.broken_off:
        reason = "was broken off by Ctrl-C, and cannot be made again"
        raise MusegenError(reason, file=file, hint="A whole piece can.")
    name = given.seed or _found_beside(request.seed, file)
    here, seed, movements = _read_seed(replace(request, seed=name), run)
    if here.seed_sha256 != request.seed_sha256:
        hint = "Name the seed as it was with --seed."
        raise UsageError("is not the seed of before", file=name, hint=hint)
    plan = plan_of(request, seed, movements)
    say("Loading the model…", run.quiet)
    made_with = model_of(fingerprint, run.model, run.device)
    model, request = adapt(made_with, request, plan, run.quiet)
    plan = settled(model, request, plan)
    suffix = file.suffix if file.suffix.lower() in WRITTEN_SUFFIXES else ".mid"
    beside = Path(f"{file.stem}-again{suffix}")
    output = replace(run, output=run.output or free_path(beside), rank=False)
    (path,) = paths_of(output, name, 1)
    began = time.monotonic()
    found, is_whole = _composed(model, request, plan, run)
    if not is_whole:
        raise KeyboardInterrupt
    ranked = [found[request.of_n]]
    write(ranked, [path], model, request, run)
    tell(ranked, [path], model, plan, (request.random_seed, time.monotonic() - began), run.as_json)
    if path.suffix.lower() != file.suffix.lower():
        return  # another kind of file is not compared
    is_same = path.read_bytes() == file.read_bytes()
    by = f"; it was made by musegen {version}, on another machine or kind of device, or changed"
    say(
        f"{path} {'is' if is_same else 'differs from'} {file}{' to the byte' * is_same}"
        f"{'' if is_same else by}.",
        run.quiet,
    )


def _composed(model: Trained, request: Request, plan: Plan, run: Run) -> tuple[list[Ranked], bool]:
    """The candidates, and whether they are whole; on Ctrl-C as many bars as there are."""
    from musegen.errors import MusegenError
    from musegen.generation.fulfil import fulfil
    from musegen.generation.seed import of_short_bars, remarks

    from .terminal import counting, say, until_interrupted

    for remark in [*of_short_bars(plan, request), *remarks(plan, model)]:
        say(remark, run.quiet)
    said: list[str] = []
    with until_interrupted() as stop, counting("composing", run.quiet) as progress:
        try:
            found = fulfil(model, request, plan, progress=progress, stop=stop, tell=said.append)
        except MusegenError:
            if stop():
                raise KeyboardInterrupt from None
            raise
    if stop():
        say("Broken off: the whole bars that were composed so far are kept.", run.quiet)
    for remark in said:
        say(remark, run.quiet)
    return found, not stop()


def _read_seed(request: Request, run: Run) -> tuple[Request, Score | None, list[Score]]:
    """The request with a digest of its seed; the seed, up to where it goes on; or the movements."""
    from musegen.errors import UsageError
    from musegen.generation.movements import movements
    from musegen.generation.seed import digest, taken
    from musegen.score.bars import faults_of
    from musegen.score.files import read

    from .terminal import say, say_faults

    name = request.seed
    if not name:
        if request.continue_from is not None or request.parts:
            option = "--parts" if request.parts else "--continue-from"
            raise UsageError(f"{option} needs a piece", hint="Name one with --seed FILE.")
        return request, None, []
    if name.isdigit() and not Path(name).exists():
        raise UsageError(
            f"a seed is a piece of music here, not the number {name}",
            hint=f"For chance, say --random-seed {name}.",
        )
    say(f"Reading {name}…", run.quiet)
    if Path(name).is_dir():
        found = movements(name)
        return replace(request, seed_sha256=digest(name)), None, found
    piece = read(name)
    say_faults(name, faults_of(piece), run.quiet)
    piece, remark = taken(piece, request)
    if remark:
        say(remark, run.quiet)
    return replace(request, seed_sha256=digest(name)), piece, []


def _found_beside(seed: str, file: Path) -> str:
    """The seed that a file names, where it lies from here or from the file."""
    from musegen.errors import NotFound
    from musegen.score.files import file_and_tune

    if not seed:
        return seed
    for name in (seed, str(file.parent / seed), str(file.parent / Path(seed).name)):
        if file_and_tune(name)[0].exists():
            return name
    hint = "Name it with --seed FILE."
    raise NotFound("is gone; the piece went on from it", file=seed, hint=hint)
