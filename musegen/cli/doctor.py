"""`musegen doctor`."""

from __future__ import annotations

from typing import Any

from .options import Corpus, Json, Quiet, corpus_path

_SHOWN = 40


def command(corpus: Corpus, as_json: Json = False, quiet: Quiet = False) -> None:
    """Say which files are kept, skipped (why) or duplicates, and what would be lost."""
    from musegen.corpus.diagnosis import diagnose

    from .terminal import counting, give, say

    path = corpus_path(corpus)
    with counting("reading", quiet) as progress:
        found = diagnose(path, progress)
    if as_json:
        give(found)
        return
    _show(found)
    if found["kept"]:
        say(f"Now try: musegen train {corpus}", quiet)


def _show(found: dict[str, Any]) -> None:
    from .terminal import give_table, say

    files = found["files"]
    rows = [
        [
            f["path"],
            f["status"] if not f["reason"] else f"{f['status']}: {f['reason']}",
            str(f["notes"]),
            str(f["parts"]),
            str(f["bars"]),
            ", ".join(f"{count} {kind}" for kind, count in f["lost"].items()),
        ]
        for f in sorted(files, key=lambda f: f["status"] == "kept")[:_SHOWN]
    ]
    give_table(["piece", "status", "notes", "parts", "bars", "would be lost"], rows, (2, 3, 4))
    if len(files) > _SHOWN:
        say(f"… and {len(files) - _SHOWN} more; all of them with --json.")
    give_table(
        ["kept", "skipped", "duplicates", "not music", "notes", "vocabulary"],
        [
            [
                *(
                    str(found[name])
                    for name in ("kept", "skipped", "duplicates", "ignored", "notes")
                ),
                found["vocabulary"] or "none",
            ]
        ],
        (0, 1, 2, 3, 4),
    )
