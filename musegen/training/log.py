"""The log of a run: a row for each time that it was measured, in a file that any table opens.

TensorBoard gets the same where it is installed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from musegen.disk import write_whole
from musegen.errors import ModelError
from musegen.network.config import check_file

from .events import Validated

LOG = "log.csv"
BOARD = "tensorboard"
_MOST_BYTES = 2**24  # a run has some fifteen rows
COLUMNS = ("step", "seconds", "words", "train_nats", "valid_nats", "gradient", "skipped")


def head(unit: str) -> list[str]:
    """The names of the columns with their units; nats are a `unit`."""
    per = f"_per_{unit.replace(' ', '_')}"
    units = {"train_nats": per, "valid_nats": per, "gradient": "_norm", "skipped": "_updates"}
    return [name + units.get(name, "") for name in COLUMNS]


def add_to_log(folder: Path, event: Validated, unit: str) -> None:
    """One more row; nats are a `unit`.

    Raises:
        OutputError: it cannot be written; the log is as it was.
    """
    path = folder / LOG
    text = path.read_text() if path.exists() else ",".join(head(unit)) + "\n"
    row = ",".join(str(getattr(event, name)) for name in COLUMNS)
    write_whole(path, f"{text}{row}\n".encode(), force=True)


@contextmanager
def board(folder: Path, step: int) -> Iterator[Callable[[Validated], None]]:
    """The same for TensorBoard, where it is installed: what adds a measurement to its curves.

    They lie in a folder of their own in the model's. What was drawn after `step`, by a run that was
    broken off, is drawn anew.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        yield lambda event: None
        return
    with SummaryWriter(str(folder / BOARD), purge_step=step + 1) as writer:

        def add(event: Validated) -> None:
            for name in COLUMNS[2:]:
                writer.add_scalar(name, getattr(event, name), event.step)
            writer.flush()

        yield add


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
    """The columns of a run's log, by their names without units.

    Raises:
        ModelError: it is missing or damaged.
    """
    path = folder / LOG
    check_file(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
        names, *rows = csv.reader(io.StringIO(path.read_text()))
        if not all(map(str.startswith, names, COLUMNS)):  # logs of old have no units
            raise ValueError(names)
        columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
        return {
            name: [float(value) for value in column]
            for name, column in zip(COLUMNS, columns, strict=True)
        }
    except (OSError, ValueError, csv.Error) as error:
        raise ModelError("is damaged", file=path) from error
