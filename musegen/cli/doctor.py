"""`musegen doctor`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import typer

from .options import Corpus, Json, Quiet, corpus_path


def command(corpus: Corpus, as_json: Json = False, quiet: Quiet = False) -> None:
    """Say which files are kept, skipped (why) or duplicates, and what would be lost."""
    from musegen.corpus.diagnosis import diagnose

    from .terminal import counting, give, say

    path = corpus_path(corpus, quiet)
    with counting("reading", quiet) as progress:
        found = diagnose(path, progress)
    if as_json:
        give(found)
        return
    _show(found)
    if found["kept"]:
        say(f"Now try: musegen train {corpus}", quiet)


def _show(found: dict[str, Any]) -> None:
    """What is not kept, a line each; then the corpus as a whole."""
    from .terminal import give_table

    for file in found["files"]:
        if file["status"] != "kept":
            of = "of " if file["status"] == "duplicate" else ""
            typer.echo(f"{file['status']:<9}  {file['path']}: {of}{file['reason']}")
        for fault in file["faults"]:
            typer.echo(f"fault      {file['path']}: {fault}")
    names = ("kept", "skipped", "duplicates", "ignored", "notes")
    head = ["kept", "skipped", "duplicates", "not music", "notes", "vocabulary"]
    give_table(
        head, [[*(str(found[n]) for n in names), found["vocabulary"] or "none"]], (0, 1, 2, 3, 4)
    )
    lost: Counter[str] = Counter()
    for file in found["files"]:
        lost.update(file["lost"])
    if lost:
        kinds = ", ".join(f"{count} {kind}" for kind, count in lost.most_common())
        typer.echo(
            f"Learning in the vocabulary {found['vocabulary']} would pass over: {kinds}. "
            "The files stay as they are."
        )
