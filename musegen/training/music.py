"""The music that a run began with, and what has become of it since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from musegen.corpus.prepare import Prepared
from musegen.corpus.survey import Survey
from musegen.disk import write_whole
from musegen.errors import ModelError
from musegen.network.file_names import RESUME
from musegen.score.counts import counted

_FILES = "files.json"
_NAMED = 3  # of the files that changed in one way


def fingerprint(prepared: Prepared) -> str:
    """SHA-256 of the contents and of what is learnt from in which order: a run hangs on both."""
    order = [(piece.split, piece.melody, piece.start) for piece in prepared.pieces]
    return hashlib.sha256(json.dumps([prepared.fingerprint, order]).encode()).hexdigest()


def check_music(prepared: Prepared, folder: Path, began_with: str) -> None:
    """Make sure that a run goes on with the music of this fingerprint, which it began with.

    Raises:
        ModelError: it is other music; what has become of which files is told.
    """
    if fingerprint(prepared) != began_with:
        changes = _changes(prepared.survey, folder)
        raise ModelError(
            f"was trained on other music than this folder holds now{changes and f': {changes}'}",
            file=folder,
            hint="Put the music back as it was, or start another run with -o.",
        )


def note_files(survey: Survey, folder: Path) -> None:
    """Write down what files a run begins with.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(folder / RESUME / _FILES, json.dumps(_contents(survey), indent=0).encode())


def _changes(survey: Survey, folder: Path) -> str:
    """What has become of the files, as `1 file added (a.mid), 2 files changed (b.mid, c.mid)`.

    Empty where nothing has, or where it was not written down.
    """
    try:
        was = dict(json.loads((folder / RESUME / _FILES).read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return ""
    now = _contents(survey)
    gone, new = sorted(was.keys() - now.keys()), sorted(now.keys() - was.keys())
    changed = [file for file in sorted(was.keys() & now.keys()) if was[file] != now[file]]
    told = (_told("added", new), _told("removed", gone), _told("changed", changed))
    return ", ".join(filter(None, told))


def _contents(survey: Survey) -> dict[str, str]:
    """What each file is known by: path → digest of its content."""
    return {piece.file: piece.content for piece in survey.pieces}


def _told(how: str, files: Sequence[str]) -> str:
    if not files:
        return ""
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return f"{counted(len(files), 'files')} {how} ({', '.join(files[:_NAMED])}{more})"
