"""Where `musegen generate` writes what it composed, and what it says of the files."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .options import check_apart, stem_of

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained
    from musegen.generation.fulfil import Ranked
    from musegen.generation.request import Request
    from musegen.score.score import Score

    from .composing import Run


def paths_of(run: Run, seed: str, n: int) -> list[Path]:
    """A path for each piece; none may be there already.

    Raises:
        OutputError: one is there.
        UsageError: the suffix is none that can be written.
    """
    from musegen.errors import OutputError, UsageError
    from musegen.score.files import WRITTEN_SUFFIXES

    output = run.output
    if output is None:
        stem = f"{stem_of(seed)}-continued" if seed else "composed"
        free = (path for k in itertools.count(1) if not (path := Path(f"{stem}-{k}.mid")).exists())
        return list(itertools.islice(free, n))
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
    if there and not run.force:
        raise OutputError("is already there", file=there[0], hint="Overwrite it with --force.")
    return paths


def write(
    ranked: list[Ranked], paths: list[Path], model: Trained, request: Request, run: Run
) -> None:
    """Write each piece, and say what the files do not hold and how long they play."""
    from musegen.score.excerpt import without_join
    from musegen.score.files import write_and_tell
    from musegen.score.kinds import MIDI, SUFFIX_KINDS
    from musegen.score.repeats import unfold

    from .state import remember
    from .terminal import say, say_absent

    lost: Counter[str] = Counter()
    for candidate, path in zip(ranked, paths, strict=True):
        made_by = replace(request, of_n=candidate.row).text(model.fingerprint)
        score = candidate.composed.score
        if SUFFIX_KINDS[path.suffix.lower()] != MIDI:  # no other kind holds it, and none need
            score = without_join(score)
        lost.update(write_and_tell(score, path, run.force, made_by=made_by))
    of_all = str(paths[0]) if len(paths) == 1 else f"these {len(paths)} files"
    say_absent(f"Not kept in {of_all}", lost, run.quiet)
    scores = [candidate.composed.score for candidate in ranked]
    times = sorted(map(seconds_played, scores))
    long = " to ".join(dict.fromkeys(map(_clock, (times[0], times[-1]))))
    repeats = any(unfold(score) is not score for score in scores)
    its = "its" if len(paths) == 1 else "their"
    with_repeats = f", with {its} repeats played out" if repeats else ""
    whose = f"{paths[0]} plays" if len(paths) == 1 else "The pieces play"
    say(f"{whose} for {long}{with_repeats}.", run.quiet)
    remember("piece", paths[0])


def seconds_played(score: Score) -> float:
    """How long it plays for, with its repeats played out."""
    from musegen.score.repeats import unfold
    from musegen.score.tempo import seconds_at

    played = unfold(score)
    return float(seconds_at(played, played.end))


def _clock(seconds: float) -> str:
    """Minutes and seconds."""
    return "{}:{:02}".format(*divmod(round(seconds), 60))
