"""What `musegen generate` tells of the pieces it composed: one line each, and why that order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from musegen.score.fingerprint import SHORTEST

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained
    from musegen.generation.copies import Copies
    from musegen.generation.fulfil import Ranked
    from musegen.generation.plan import Plan

# Of 30 pieces of 16 bars from nothing, by the models that ship, none cost over 1.5 times as much as
# music held out; of 30 of 4 bars three cost twice as much, as how they begin is hard to foresee.
_POOR = 1.75
_ENOUGH = 8  # new bars
_WHY = {
    "typical": ("typical", "typical (as surprising as real music)"),
    "like_seed": ("like seed", "like seed"),
    "original": ("original", "original (without long copies)"),
    "complete": ("complete", "complete (the parts asked for play)"),
    "closes": ("closes", "closes (or leads on) as the model would"),
}

_PASSAGES = {
    "copied": "notes of the longest passage that was learnt",
    "of seed": "of the longest that stands in the seed",
}


def tell(
    ranked: list[Ranked],
    paths: list[Path],
    model: Trained,
    plan: Plan,
    run: tuple[int, float],
    as_json: bool,
) -> None:
    """One line or object a piece, best first; `run` is its random seed and seconds."""
    from musegen.score.bars import pickups

    from .terminal import give
    from .written import seconds_played

    files: list[dict[str, Any]] = [
        {
            "path": str(path),
            "notes": of.composed.score.n_notes,
            "new_notes": plan.new(of.composed.score).n_notes,
            "bars": pickups(of.composed.score).count(False),
            "new_bars": plan.n_new(of.composed.score),
            "plays": seconds_played(of.composed.score),
            "nats_per_unit": of.nats_per_unit,
            "longest_copy": of.copies.learnt._asdict() if of.copies.learnt else None,
            "longest_of_seed": of.copies.seed.notes,
            "rank_score": of.rank.score,
            "rank": of.rank._asdict(),
        }
        for of, path in zip(ranked, paths, strict=True)
    ]
    if as_json:
        give({"model": str(model.folder), "random_seed": run[0], "seconds": run[1], "files": files})
        return
    _give_rows(files, ranked, model.vocabulary.unit, bool(plan.heard_before))


def say_poor(best: Ranked, path: Path, model: Trained, plan: Plan, quiet: bool) -> None:
    """That even the best costs the model far more than music does, where it does."""
    from .terminal import say

    real = model.config.get("figures", {}).get("valid_nats")
    bars = plan.n_new(best.composed.score)
    if real is None or bars < _ENOUGH or best.nats_per_unit < _POOR * real:
        return
    say(
        f"Warning: {path} costs the model {best.nats_per_unit:.3f} nats a {model.vocabulary.unit},"
        f" and music held out {real:.3f}, so it may be noise; another seed, --adapt, another model"
        " or longer training helps.",
        quiet,
    )


def _give_rows(files: list[dict[str, Any]], ranked: list[Ranked], unit: str, of_seed: bool) -> None:
    """A table; of several pieces also what speaks for each, and by what they are in order."""
    import typer

    from .terminal import give_table

    why = [name for name in _WHY if len(files) > 1 and files[0]["rank"][name] is not None]
    copies = [_told_copies(of.copies, of_seed) for of in ranked]
    head = ["piece", "bars", "notes", "nats", *(_WHY[name][0] for name in why), *copies[0]]
    rows = [
        [
            *(str(file[name]) for name in ("path", "new_bars", "new_notes")),
            f"{file['nats_per_unit']:.3f}",
            *(f"{file['rank'][name]:.0%}" for name in why),
            *copied.values(),
        ]
        for file, copied in zip(files, copies, strict=True)
    ]
    give_table(head, rows, right=(*range(1, len(head)),))
    for file, of in zip(files, ranked, strict=True):
        if of.copies.learnt and of.copies.learnt.notes:
            notes, source = of.copies.learnt.notes, of.copies.learnt.source
            typer.echo(f"Learnt by heart in {file['path']}: {notes} notes of {source}.")
    meant = [f"nats of a {unit}", *(f"{name}: {_PASSAGES[name]}" for name in copies[0])]
    typer.echo(f"All of what is new; {'; '.join(meant)}.")
    scores = [file["rank_score"] for file in files]
    if why and scores == sorted(scores, reverse=True):
        *others, last = (_WHY[name][1] for name in why)
        product = f"the product of {', '.join(others)} and {last}" if others else last
        typer.echo(f"The best is first, by {product}.")


def _told_copies(copies: Copies, of_seed: bool) -> dict[str, str]:
    """How many notes the longest passages have, by their columns; none where it is not known."""
    found = zip(_PASSAGES, (copies.learnt, copies.seed if of_seed else None), strict=True)
    return {name: str(its.notes or f"<{SHORTEST}") for name, its in found if its is not None}
