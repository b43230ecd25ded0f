"""What a person sees: words and progress on standard error, results on standard output."""

from __future__ import annotations

import json
import math
import re
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from musegen.score.counts import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console
    from rich.progress import Progress

    from musegen.corpus.survey import Survey

_FAULTS = 3  # of one file that are told
_LONGEST_WORD = 20  # characters that a column of a table keeps together
_SHORTEST_COLUMN = 6  # characters: with fewer a table cannot be read
_BETWEEN = 2  # spaces between columns
_EVERY = 10  # seconds between lines of how much is done
_REASONS = 2  # why pieces do not fit a vocabulary that are told
_BASELINES = {
    "ngram": "mere counting (n-gram)",
    "repeat": "repeating the last word",
    "repeat_bar": "repeating the last bar",
}
# What would break a line, or let a file's name write over what is shown.
_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """A line in which control characters, as names of files may hold, are spelled out."""
    return _CONTROLS.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


def quoted(word: object) -> str:
    """A path or a name as it is typed in a shell, in quotation marks where it needs them."""
    return shlex.quote(str(word))


def console() -> Console:
    """The terminal behind standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str, quiet: bool = False) -> None:
    """A line for a person, or a few."""
    if not quiet:
        console().print("\n".join(map(shown, text.split("\n"))), markup=False)


def give(result: dict[str, Any]) -> None:
    """A result for a script: one JSON object on standard output, in ASCII as any pipe takes."""
    import typer

    typer.echo(json.dumps(_finite(result), allow_nan=False))


def _finite(value: Any) -> Any:
    """A value for JSON, which knows no NaN and no infinity: null stands for them."""
    if isinstance(value, dict):
        return {key: _finite(its) for key, its in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(its) for its in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def give_table(
    head: list[str], rows: list[list[str]], right: tuple[int, ...] = (), *, named: bool = False
) -> None:
    """A result for a person: a table on standard output. Columns in `right` hold numbers.

    Cells are broken between words where that is enough; the first column, which often holds paths,
    is broken before any word is. Where it is `named`, it holds names to type, and stays whole.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table, console = Table(box=None, pad_edge=False, header_style="bold"), Console(highlight=False)
    widths = _widths(list(zip(head, *rows, strict=True)), console.width, named)
    for column, (name, width) in enumerate(zip(head, widths, strict=True)):
        aligned: Literal["left", "right"] = "right" if column in right else "left"
        table.add_column(name, justify=aligned, overflow="fold", width=width)
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    console.print(table)


def _widths(columns: Sequence[Sequence[str]], width: int, named: bool) -> list[int | None]:
    """How wide the columns of a table are in so many characters; None where that is too few.

    No word of up to `_LONGEST_WORD` is broken, or of fewer where there is no room. What is left
    goes to the first column, then to those that lack the least.
    """
    from rich.cells import cell_len

    whole = [max(map(cell_len, cells)) for cells in columns]
    words = [
        max(cell_len(word) for cell in cells for word in [*cell.split(), ""]) for cells in columns
    ]
    room = width - _BETWEEN * (len(columns) - 1)
    for longest in range(_LONGEST_WORD, _SHORTEST_COLUMN - 1, -1):
        found = [min(word, longest) for word in words]
        if named:
            found[0] = whole[0]
        spare = room - sum(found)
        if spare >= 0:
            break
    else:
        return [None] * len(columns)
    rest = sorted(range(1, len(columns)), key=lambda column: whole[column] - found[column])
    for column in [0, *rest]:
        more = min(spare, whole[column] - found[column])
        found[column] += more
        spare -= more
    return list(found)


def say_faults(name: str, faults: Sequence[str], quiet: bool) -> None:
    """What is at fault in a file, and how it was mended: the first, and how many more."""
    for fault in faults[:_FAULTS]:
        say(f"{name}: {fault}.", quiet)
    if len(faults) > _FAULTS:
        say(f"{name}: {counted(len(faults) - _FAULTS, 'more faults')}.", quiet)


def say_absent(where: str, absent: Mapping[str, int], quiet: bool) -> None:
    """What of a piece is not there, the commonest kinds first; `where` says where that is."""
    if absent:
        most = sorted(absent.items(), key=lambda entry: -entry[1])
        say(f"{where}: {', '.join(counted(count, kind) for kind, count in most)}.", quiet)


def say_tempo(assumed: int, quiet: bool) -> None:
    """In how many files no tempo stood, and which was assumed."""
    if assumed:
        where = "the file" if assumed == 1 else f"{assumed:,} files"
        say(f"No tempo in {where}: 120 quarters a minute.", quiet)


def say_no_better(baseline: str) -> None:
    """That a model is no better than a baseline, and what helps; said in quiet runs too."""
    say(
        f"Warning: the model knows this music no better than {_BASELINES[baseline]}.\n"
        "Training for longer helps, or on more pieces."
    )


def say_unused(survey: Survey, corpus: str, quiet: bool) -> None:
    """How many pieces of a corpus are left out or have faults, and why or where to see it."""
    unsuited = survey.unsuited()
    if unsuited:
        most = unsuited.most_common(_REASONS)
        why = [f"{count:,}: {reason}" for reason, count in most]
        if rest := unsuited.total() - sum(count for _, count in most):
            why.append(f"{rest:,}: for other reasons")
        head = f"Pieces left out, as they do not fit the vocabulary: {unsuited.total():,}."
        say("\n  ".join([head, *why]), quiet)
    told = {
        "Pieces left out, as unreadable or without notes": survey.count("skipped")
        - unsuited.total(),
        "Pieces with faults, used all the same": sum(p.faults > 0 for p in survey.kept()),
    }
    found = [f"{what}: {count}." for what, count in told.items() if count]
    if found:
        say("\n".join([*found, f"See why: musegen doctor {quoted(corpus)}"]), quiet)


@contextmanager
def bars(quiet: bool, *columns: str) -> Iterator[Progress]:
    """Progress bars that vanish when done; none in quiet runs and where nobody watches.

    `columns` are names of fields, shown after the bar.
    """
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    shown = [TextColumn("{task.fields[" + name + "]}") for name in columns]
    terminal = console()
    with Progress(
        SpinnerColumn(),  # turns while one slow file is read
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        *shown,
        console=terminal,
        transient=True,
        disable=quiet or not terminal.is_terminal,
    ) as progress:
        yield progress


@contextmanager
def now(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A line that vanishes when done, fed by a function of what is being done now.

    None in quiet runs and where nobody watches.
    """
    from rich.text import Text

    terminal = console()
    if quiet or not terminal.is_terminal:
        yield lambda _: None
        return
    with terminal.status("") as status:
        yield lambda what: status.update(Text(shown(what)))


@contextmanager
def until_interrupted() -> Iterator[Callable[[], bool]]:
    """A function that tells whether Ctrl-C was pressed; pressed again, it interrupts."""
    import signal

    pressed: list[int] = []

    def press(number: int, _: object) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def counting(what: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar fed by a function of how many of how many are done."""
    with bars(quiet) as progress:
        yield counter(progress, what, quiet)


def counter(
    progress: Progress, what: str, quiet: bool, *, visible: bool = True
) -> Callable[[int, int | None], None]:
    """What feeds one of the bars; where none is seen, a line now and then, unless quiet."""
    if not quiet and not progress.console.is_terminal:
        return _Lines(what)
    task = progress.add_task(what, total=None, visible=visible)
    return lambda done, total: progress.update(task, completed=done, total=total)


class _Lines:
    """A line of how much is done, at most every ten seconds; none of what takes less."""

    def __init__(self, what: str) -> None:
        self._what, self._due = what, time.monotonic() + _EVERY

    def __call__(self, done: int, total: int | None) -> None:
        """Take in how many of how many are done."""
        if total and time.monotonic() >= self._due:
            say(f"{self._what}: {100 * done // total} %")
            self._due = time.monotonic() + _EVERY
