"""`musegen classify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from musegen.score.counts import counted

from .options import Device, Json, Quiet, corpus_path, corpus_place

if TYPE_CHECKING:
    from musegen.corpus.prepare import Prepared
    from musegen.evaluation.trained import Trained


def command(
    files: Annotated[list[str], typer.Argument(help="Files or folders; book.abc:12 is a tune.")],
    model: Annotated[str, typer.Option("--model", "-m", help="A model that knows styles.")],
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell the style of pieces, one of the sub-folders that a model learnt from.

    A folder with these same sub-folders is measured: how often its held-out pieces are told right.
    """
    from musegen.errors import MusegenError
    from musegen.evaluation.folders import find_model

    from .terminal import give

    folder = find_model(model)
    if len(files) == 1 and _tune_of(files[0]) is None:
        corpus_place(files[0])  # or it is refused, before torch, which takes seconds, is imported
    from musegen.evaluation.classify import classify, classify_paths, confusion, held_out
    from musegen.evaluation.trained import load

    trained = load(folder, device)
    trained.conditions.require("style")
    found: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    measured: dict[str, Any] = {}
    for file in files:
        try:
            prepared, paths = _asked(file, trained, quiet, as_json)
        except MusegenError as error:
            if len(files) == 1:
                raise
            failed.append({"path": file, "reason": error.message})
            continue
        labelled = held_out(trained, prepared) if len(files) == 1 else []
        if labelled:
            _say_left_out(len(prepared.pieces) - len(labelled), quiet)
            found = classify(trained, prepared, labelled)
            measured = confusion(trained, prepared, labelled, [f["style"] for f in found])
        else:
            found += classify_paths(trained, prepared, paths)
    if as_json:
        give({"model": str(trained.folder), "files": found, "failed": failed, **measured})
    elif found:
        _show(found, measured)
    _warn(found, failed, trained, quiet)
    if failed:
        raise typer.Exit(1)


def _asked(file: str, model: Trained, quiet: bool, as_json: bool) -> tuple[Prepared, set[str]]:
    """The corpus that holds what is meant, and the paths meant: of a tune of a book, that one."""
    from musegen.corpus.prepare import prepare
    from musegen.errors import NotFound

    from .terminal import counting, say_unused

    tune_of = _tune_of(file)
    path = tune_of[0] if tune_of else corpus_path(file, quiet, as_json)
    with counting("reading", quiet) as progress:
        prepared = prepare(path, vocabulary=model.vocabulary, progress=progress)
    paths = {piece.path for piece in prepared.survey.pieces if piece.status != "skipped"}
    if tune_of is None:
        say_unused(prepared.survey, file, quiet)
        return prepared, paths
    _, tune = tune_of
    alone = {path.name} if tune == 1 else set()
    paths &= {f"{path.name}:{tune}", *alone}
    if not paths:
        raise NotFound(f"no tune {tune} of it can be used", file=path, hint="See musegen doctor.")
    return prepared, paths


def _tune_of(file: str) -> tuple[Path, int] | None:
    """The book and the number of `book.abc:12`; of other names nothing."""
    book, _, tune = file.rpartition(":")
    return (Path(book), int(tune)) if tune.isdigit() and Path(book).is_file() else None


def _say_left_out(n: int, quiet: bool) -> None:
    from .terminal import say

    if n:
        of = counted(n, "pieces left out")
        say(f"{of}, which the model learnt from, or knows no style of.", quiet)


def _show(files: list[dict[str, Any]], measured: dict[str, Any]) -> None:
    """The pieces and what they are; of a measured folder, the confusions and the baselines."""
    from .terminal import give_table

    if not measured:
        rows = []
        for file in files:
            ranked = sorted(file["probabilities"].items(), key=lambda item: -item[1])
            others = ", ".join(f"{name} {p:.3f}" for name, p in ranked[1:4])
            rows.append([file["path"], file["style"], f"{ranked[0][1]:.3f}", others])
        give_table(["piece", "style", "probability", "else"], rows, (2,))
        return
    table = measured["confusion"]
    rows = [[style, *(str(n) for n in row.values())] for style, row in table.items()]
    give_table(["is, taken for", *table], rows, tuple(range(1, len(table) + 1)))
    low, high = measured["interval"]
    rows = [["the model", f"{measured['accuracy']:.3f}", f"{low:.3f} to {high:.3f}"]]
    names = {"majority": "always the commonest style", "ngram": "an n-gram of each style"}
    rows += [
        [names[name], f"{share:.3f}", ""]
        for name, share in measured["baselines"].items()
        if share is not None
    ]
    give_table([f"right, of {counted(measured['pieces'], 'pieces')}", "", "95 %"], rows, (1,))


def _warn(
    files: list[dict[str, Any]], failed: list[dict[str, str]], model: Trained, quiet: bool
) -> None:
    """What has no answer, and what the answers are worth."""
    from .terminal import say

    for failure in failed:
        say(f"{failure['path']}: {failure['reason']}.")
    if not files:
        return
    seen = sum(file["seen_in_training"] for file in files)
    if seen:
        of = counted(len(files), "pieces")
        which = f"{seen:,} of the {of}" if len(files) > 1 else "the piece"
        say(f"Warning: the model learnt from {which}, or from twins, so knows the style already.")
    fitted = model.config.get("figures", {}).get("classify", {}).get("pieces", 0)
    say(f"The probabilities are tempered by what {fitted} held-out pieces taught of them.", quiet)
