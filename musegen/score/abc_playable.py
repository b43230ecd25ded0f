"""Scores from elsewhere than ABC, moved to where players of ABC find lengths that they know.

Those know twofold lengths, and tuplets of up to nine notes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from musegen.score.abc_score import COMMON
from musegen.score.notatable import UNITS, Grid, tones
from musegen.score.score import Ints, Mark, Notes, Part, Score, barlines_of_metre

# Divisions of a quarter on which stands what all voices share, whatever tuplets they have: bar
# lines, signs, and changes of metre, key and tempo.
_SHARED = 16


def playable(score: Score) -> Score:
    """A score on a grid that ABC can say, beat by beat: see `notatable.Grid`.

    One that was read from ABC is left as it was written, whatever players make of it.
    """
    if score.characters:
        return score
    grid = Grid(lines_of(score), score.ticks_per_quarter, _SHARED)
    parts, marks = [], []
    for number, part in enumerate(score.parts):
        own = [m for m in score.marks if m.kind not in COMMON and m.part == number]
        moved, moved_marks = _moved(part, own, grid)
        parts.append(moved)
        marks += moved_marks
    signs = [mark for mark in score.marks if mark.kind in COMMON]
    marks += [replace(mark, tick=grid.nearest(mark.tick, _SHARED)) for mark in signs]
    return replace(
        score,
        ticks_per_quarter=UNITS,
        parts=tuple(parts),
        tempo=_changes(score.tempo, grid),
        metre=_changes(score.metre, grid),
        key=_changes(score.key, grid),
        barlines=np.unique([grid.nearest(line, _SHARED) for line in _barlines(score)]),
        marks=tuple(marks),
    )


def _barlines(score: Score) -> list[int]:
    """The ticks at which bars end, until the bar that holds the last note is closed."""
    lines: list[int] = score.barlines.tolist()
    last = lines[-1] if lines else 0
    if last == score.end:
        return lines
    rest = barlines_of_metre(score.metre, score.end, score.ticks_per_quarter).tolist()
    return [*lines, *(line for line in rest if line > last)]


def lines_of(score: Score) -> list[int]:
    """The ticks at which bars begin and end, or a metre or a sign falls into one; they rise."""
    signs = [mark.tick for mark in score.marks if mark.kind in COMMON]
    return sorted({0, *_barlines(score), *signs, *score.metre[:, 0].tolist()})


def _moved(part: Part, marks: list[Mark], grid: Grid) -> tuple[Part, list[Mark]]:
    """A part and its marks, in units."""
    onsets = part.notes.onset.tolist()
    ticks = [*onsets, *part.notes.end.tolist(), *(mark.tick for mark in marks)]
    place = grid.snapped(ticks, beginnings=onsets)
    rows = [(n.start, n.end - n.start, n.pitch, n.velocity) for n in tones(part.notes, place)]
    return (
        replace(part, notes=Notes.of(rows)),
        [replace(mark, tick=place[mark.tick]) for mark in marks],
    )


def _changes(column: Ints, grid: Grid) -> Ints:
    """The rows of a column in units; of those that fall together the last."""
    rows = {grid.nearest(tick, _SHARED): values for tick, *values in column.tolist()}
    return np.array([[tick, *values] for tick, values in rows.items()]).reshape(-1, column.shape[1])
