"""What was made last, kept in the user's state directory (`MUSEGEN_STATE` overrides)."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from musegen.disk import write_whole
from musegen.errors import OutputError


def remember(what: str, path: Path) -> None:
    """Keep the path of what was made; a directory that cannot be written is no error."""
    last = _read()
    last[what] = str(path.resolve())
    with contextlib.suppress(OutputError):
        write_whole(_file(), json.dumps(last).encode(), force=True)


def recall(what: str) -> Path | None:
    """The path of what was made last, if it is still there."""
    path = _read().get(what)
    return Path(path) if path and Path(path).exists() else None


def _file() -> Path:
    import platformdirs

    given = os.environ.get("MUSEGEN_STATE")
    return (Path(given) if given else platformdirs.user_state_path("musegen")) / "last.json"


def _read() -> dict[str, str]:
    try:
        return dict(json.loads(_file().read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}
