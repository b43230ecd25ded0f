"""A piano roll that runs through the terminal while a piece is played."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.live import Live
from rich.text import Text

from musegen.score.score import Part, Score
from musegen.score.tempo import seconds_at
from musegen.sound.transport import Transport

_COLUMNS_A_SECOND = 8
_MOST_ROWS = 16
_NARROWEST, _LOWEST = 24, 6  # the columns and lines of a terminal in which a roll can be read
_FRAME_SECONDS = 1 / 12
_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")
_EMPTY, _BAR, _NOW, _FIRST_NOTE = range(4)  # in a cell; from there on onset and held by colours
_SHARED = {True: "%", False: "▀"}  # of two parts
_SIGNS = {True: " :|#=", False: " ┊│█▓"}  # in ASCII or not: empty, bar, now, onset, held

Bars = Sequence[tuple[float, int]]  # the second at which each begins, and its number


class RunningRoll:
    """What of a piece is shown while it is played.

    Args:
        score: the piece as it is played.
        bars: its bars.
        end: the second at which it ends.
        size: columns and lines of the terminal.
    """

    def __init__(self, score: Score, bars: Bars, end: float, size: tuple[int, int]) -> None:
        self._bars, self._end = bars, end
        columns, lines = size
        n_rows = min(_MOST_ROWS, lines - 2) if columns >= _NARROWEST and lines >= _LOWEST else 0
        self._cells = _cells(score, bars, end, n_rows)

    def frame(
        self, transport: Transport, width: int, ascii_only: bool, keys: Sequence[str]
    ) -> Text:
        """The picture at this moment: rows of notes, and a line that tells where we are.

        Of `keys`, which tell what they do, the first that fits is shown.
        """
        now = int(transport.position * _COLUMNS_A_SECOND)
        left = now - width // 4
        _, n_rows, n_columns = self._cells.shape
        shown = np.zeros((2, n_rows, width), np.int8)
        first, last = max(0, left), min(n_columns, left + width)
        shown[..., first - left : max(0, last - left)] = self._cells[..., first:last]
        if n_rows:
            cursor = shown[0, :, now - left]
            cursor[cursor < _FIRST_NOTE] = _NOW
        picture = Text(no_wrap=True, overflow="crop")
        for row in zip(*shown.tolist(), strict=True):
            for (cell, under), run in groupby(zip(*row, strict=True)):
                sign, style = _drawn(cell, under, ascii_only)
                picture.append(sign * len(list(run)), style)
            picture.append("\n")
        place = self._status(transport)
        lines = (f"{place}   {its}" for its in keys)
        line = next((line for line in lines if len(line) < width), place)
        return picture.append(line[: width - 1])

    def _status(self, transport: Transport) -> str:
        position = transport.position
        place = int(np.searchsorted([second for second, _ in self._bars], position, "right")) - 1
        told = [f"bar {self._bars[place][1]}", f"{_clock(position)} / {_clock(self._end)}"]
        if transport.speed != 1:
            told.append(f"tempo {transport.speed:.0%}")
        if transport.is_paused:
            told.append("paused")
        return "   ".join(told)


@contextmanager
def running(
    roll: Callable[[tuple[int, int]], RunningRoll],
    transport: Transport,
    keys: Sequence[str],
    quiet: bool,
) -> Iterator[Callable[[float], None]]:
    """A function that draws the roll where there are seconds enough to spare and somebody watches.

    Drawing is done between messages, and only where it takes less than half of the time that is
    free: a thread of its own would delay them.
    """
    console = Console(stderr=True, highlight=False)
    if quiet or not console.is_terminal or console.is_dumb_terminal:
        yield lambda _: None
        return
    drawn, took = 0.0, 0.01
    shown = roll((console.width, console.height))

    def draw(free: float) -> None:
        nonlocal drawn, took
        began = time.perf_counter()
        if free > 2 * took and began - drawn > _FRAME_SECONDS:
            ascii_only = console.options.ascii_only
            live.update(shown.frame(transport, console.width, ascii_only, keys), refresh=True)
            drawn = time.perf_counter()
            took = drawn - began

    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield draw


def _cells(score: Score, bars: Bars, end: float, n_rows: int) -> NDArray[np.int8]:
    """The whole roll (2, rows, columns): high notes above, drums at the bottom.

    The second layer holds the notes of a part that the first hides.
    """
    n_rows *= score.n_notes > 0
    cells = np.zeros((2, n_rows, int(end * _COLUMNS_A_SECOND) + 1), np.int8)
    if not n_rows:
        return cells
    columns = [int(second * _COLUMNS_A_SECOND) for second, _ in bars]
    cells[0, :, [column for column in columns if column < cells.shape[2]]] = _BAR
    pitches = {int(n) for p in score.parts if not p.is_drums for n in p.notes.pitch}
    lowest, highest = min(pitches, default=0), max(pitches, default=0)
    lanes = n_rows - any(part.is_drums for part in score.parts)
    span = max(lanes, highest - lowest + 1)
    for number, part in reversed(list(enumerate(score.parts))):  # the first parts lie above
        colour = _FIRST_NOTE + 2 * (number % len(_COLOURS))
        high = np.zeros_like(part.notes.pitch) if part.is_drums else part.notes.pitch - lowest
        rows = np.full_like(high, n_rows - 1) if part.is_drums else lanes - 1 - high * lanes // span
        _lay(cells, rows, _columns(score, part), colour)
    return cells


def _lay(
    cells: NDArray[np.int8], rows: NDArray[np.int64], columns: NDArray[np.int64], colour: int
) -> None:
    """Notes on their rows (N,), from and to columns (N, 2)."""
    for row, (first, last) in zip(rows.tolist(), columns.tolist(), strict=True):
        over, under = cells[:, row, first : max(last, first + 1)]
        hidden = (over >= _FIRST_NOTE) & ((over - colour) // 2 != 0)
        under[hidden] = over[hidden]
        over[1:], over[:1] = colour + 1, colour


def _columns(score: Score, part: Part) -> NDArray[np.int64]:
    seconds = seconds_at(score, np.stack([part.notes.onset, part.notes.end], axis=1))
    return (seconds * _COLUMNS_A_SECOND).astype(np.int64)


def _drawn(cell: int, under: int, ascii_only: bool) -> tuple[str, str]:
    """The sign of a cell, and its style; of a cell that two parts share half is the other's."""
    signs = _SIGNS[ascii_only]
    if cell < _FIRST_NOTE:
        return signs[cell], "dim" if cell == _BAR else ""
    colour, is_held = divmod(cell - _FIRST_NOTE, 2)
    if under:
        other = (under - _FIRST_NOTE) // 2
        return _SHARED[ascii_only], f"{_COLOURS[colour]} on {_COLOURS[other]}"
    return signs[_FIRST_NOTE + is_held], _COLOURS[colour]


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
