"""What `musegen generate` tells of the pieces it composed: one line each, and why that order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musegen.evaluation.originality import Copied
    from musegen.evaluation.trained import Trained
    from musegen.generation.fulfil import Ranked
    from musegen.generation.plan import Plan

_WHY = {
    "typical": "as surprising as real music",
    "like_seed": "like the seed",
    "original": "without long copies",
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

    files: list[dict[str, Any]] = [
        {
            "path": str(path),
            "notes": of.composed.score.n_notes,
            "new_notes": plan.new(of.composed.score).n_notes,
            "bars": pickups(of.composed.score).count(False),
            "new_bars": plan.n_new(of.composed.score),
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
    _give_rows(files, ranked, model.vocabulary.unit)


def _give_rows(files: list[dict[str, Any]], ranked: list[Ranked], unit: str) -> None:
    """A table; of several pieces also what speaks for each."""
    from .terminal import give_table

    why = [name for name in _WHY if len(files) > 1 and files[0]["rank"][name] is not None]
    is_told = ranked[0].copies.learnt is not None
    head = ["piece", *("bars", "of these new"), *("notes", "of these new")]
    head.append(f"nats a {unit} of what is new")
    head += [_WHY[name] for name in why]
    head += ["longest passage that was learnt"] * is_told
    rows = [
        [
            str(file["path"]),
            *(str(file[name]) for name in ("bars", "new_bars", "notes", "new_notes")),
            f"{file['nats_per_unit']:.3f}",
            *(f"{file['rank'][name]:.0%}" for name in why),
            *([_told_copy(of.copies.learnt)] if of.copies.learnt else []),
        ]
        for file, of in zip(files, ranked, strict=True)
    ]
    give_table(head, rows, right=tuple(range(1, 6 + len(why))))


def _told_copy(copied: Copied) -> str:
    """The longest passage that was learnt, in words."""
    return f"{copied.notes} notes of {copied.source}" if copied.notes else "under 8 notes"
