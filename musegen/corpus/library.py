"""What was read from music files, kept by their content: one database in the user's cache.

Each piece has a short record, which is all that finding twins and splits needs, and its score. A
library is a cache and no more: what it lacks, has damaged or cannot write is read from the files.
There is one for each state of the code that reads; those of others are removed when it is begun.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import platformdirs

import musegen
from musegen.score.score import Score

from .packed import unpack

Record = dict[str, Any]
_WAIT = 30.0  # seconds for another musegen that writes to the same library
_DAY = 86_400.0  # seconds
_TABLE = """
CREATE TABLE IF NOT EXISTS pieces (
    file TEXT, number INTEGER, record TEXT NOT NULL, score BLOB, PRIMARY KEY (file, number)
)
"""


def cache_folder() -> Path:
    """Where what can be made again is kept (`MUSEGEN_CACHE` overrides)."""
    given = os.environ.get("MUSEGEN_CACHE")
    return Path(given) if given else platformdirs.user_cache_path("musegen")


@lru_cache(1)
def release() -> str:
    """The version, and a digest of the code that decides how music is read and encoded."""
    package = Path(musegen.__file__).parent
    code = hashlib.sha256()
    for part in ("score", "vocabulary", "corpus"):
        for file in sorted((package / part).glob("*.py")):
            code.update(file.read_bytes())
    return f"{musegen.__version__}-{code.hexdigest()[:16]}"


def remove_leftovers(folder: Path) -> None:
    """Remove unfinished folders (`name.something`) that killed runs left and none has written to.

    One that was written to within a day may be another run's, still at work.
    """
    with contextlib.suppress(OSError):
        for unfinished in folder.glob("*.*"):
            written = [file.stat().st_mtime for file in (unfinished, *unfinished.iterdir())]
            if time.time() - max(written) > _DAY:
                shutil.rmtree(unfinished, ignore_errors=True)


class Library:
    """The database; every failure of it is as if it held nothing.

    Args:
        folder: where it lies; the cache folder where none is named.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or cache_folder() / "read") / f"{release()}.sqlite"
        self._connection: sqlite3.Connection | None = None
        with contextlib.suppress(OSError):
            if not self._file.exists():
                self._file.parent.mkdir(parents=True, exist_ok=True)
                for other in set(self._file.parent.iterdir()) - {self._file}:
                    other.unlink()
        with self._forgiven():
            self._connection = sqlite3.connect(self._file, timeout=_WAIT)
            self._connection.execute("PRAGMA synchronous = OFF")  # a cache may be lost with power
            self._connection.execute(_TABLE)

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection:
            self._connection.close()

    def records(self, file: str) -> list[Record]:
        """The records of the pieces of a file; none where it was not read before.

        Args:
            file: the name that `add` was given: a digest of the content.
        """
        with self._forgiven():
            rows = self._rows("SELECT record FROM pieces WHERE file = ? ORDER BY number", file)
            records = [json.loads(record) for (record,) in rows]
            if all(isinstance(record, dict) for record in records):
                return records
        return []

    def score(self, file: str, number: int) -> Score | None:
        """The score of a piece of a file, counted from 0; None where it is not at hand."""
        with self._forgiven():
            rows = self._rows(
                "SELECT score FROM pieces WHERE file = ? AND number = ?", file, number
            )
            for (data,) in rows:
                return unpack(data) if data else None
        return None

    def add(self, found: Iterable[tuple[str, list[tuple[Record, bytes | None]]]]) -> None:
        """Keep files: the name of each, and of its pieces the record and the packed score.

        All are kept or none: a process that is killed leaves no file half there.
        """
        rows = [
            (file, number, json.dumps(record), data)
            for file, pieces in found
            for number, (record, data) in enumerate(pieces)
        ]
        with self._forgiven():
            if self._connection:
                with self._connection:
                    self._connection.executemany(
                        "INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?)", rows
                    )

    def _rows(self, question: str, *values: object) -> list[Any]:
        return self._connection.execute(question, values).fetchall() if self._connection else []

    @contextlib.contextmanager
    def _forgiven(self) -> Iterator[None]:
        """Errors pass; a database that is none any more makes room for a new one."""
        try:
            yield
        except sqlite3.OperationalError:
            pass  # full, locked or read-only
        except sqlite3.DatabaseError:
            self._renew()
        except (ValueError, TypeError):
            pass  # a damaged entry, which `add` overwrites

    def _renew(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None
        with contextlib.suppress(OSError, sqlite3.Error):
            self._file.unlink()
            self._connection = sqlite3.connect(self._file, timeout=_WAIT)
            self._connection.execute(_TABLE)
