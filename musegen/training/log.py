"""The log of a run: a row for each time that it was measured, in a file that any table opens."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from musegen.disk import write_whole
from musegen.errors import ModelError

from .fit import Validated

LOG = "log.csv"
COLUMNS = ("step", "seconds", "words", "train_nats", "valid_nats", "gradient", "skipped")


def add_to_log(folder: Path, event: Validated) -> None:
    """One more row.

    Raises:
        OutputError: it cannot be written; the log is as it was.
    """
    path = folder / LOG
    text = path.read_text() if path.exists() else ",".join(COLUMNS) + "\n"
    row = ",".join(str(getattr(event, name)) for name in COLUMNS)
    write_whole(path, f"{text}{row}\n".encode(), force=True)


def cut_log(folder: Path, step: int) -> None:
    """Drop the rows after a step: a run that goes on from there will write them again.

    Raises:
        ModelError: the log is damaged.
    """
    path = folder / LOG
    if path.exists():
        kept = 1 + sum(at <= step for at in read_log(folder)["step"])
        lines = path.read_text().splitlines(keepends=True)
        write_whole(path, "".join(lines[:kept]).encode(), force=True)


def read_log(folder: Path) -> dict[str, list[float]]:
    """The columns of a run's log.

    Raises:
        ModelError: it is missing or damaged.
    """
    path = folder / LOG
    try:
        head, *rows = csv.reader(io.StringIO(path.read_text()))
        columns = dict(
            zip(head, zip(*rows, strict=True) if rows else [()] * len(head), strict=True)
        )
        return {name: [float(value) for value in columns[name]] for name in COLUMNS}
    except FileNotFoundError as error:
        raise ModelError("is missing", file=path) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError("is damaged", file=path) from error
