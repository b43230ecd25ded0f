"""A piano roll as an SVG: time to the right, pitch upwards, a colour for each part.

It is broken into rows of a few bars, one beneath the other like the systems of a score, because
a page is read downwards: a symphony in one row would be ten metres wide, which no screen shows
and no printer takes. All rows share one scale of time and one of pitch, so they can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from musegen.score.bars import first_number
from musegen.score.instruments import instrument_name
from musegen.score.losses import missing_in
from musegen.score.score import Ints, Part, Score

from .roll_layout import DRUM_HEIGHT, LEFT, Layout, laid_out, shared, width_of
from .svg import document, text, text_width

_BLACK_KEYS = (1, 3, 6, 8, 10)
_SHADES = 4  # of velocity
_SHORTEST_NOTE = 1.5  # pixels
_REPEAT_GAP = 0.8  # pixels off a note's end, so that repeated notes stay apart
_LONGEST_NAME = 28
_LABEL_INSET = 3  # pixels right of the barline that a label belongs to
_LONGEST_SHIFT = 60.0  # pixels that a label may stand off its place to clear the one before
_WRITTEN_TEMPO_CHANGE = 0.05
_NUMBERED = 4  # every so many bars
_STYLE = (
    ".made{fill:#f0b429;fill-opacity:.13}.key{stroke:#8090a0;stroke-opacity:.09}"
    ".swatch{stroke-width:10;stroke-linecap:round}.edge{stroke:#c98500;stroke-width:2}"
    ".from{fill:#c98500;font-weight:600}"
    + "".join(f".v{shade}{{stroke-opacity:{0.55 + 0.15 * shade:.2f}}}" for shade in range(_SHADES))
)


class _Label(NamedTuple):
    """Words above a row; those of one tick stand in the order of their rank."""

    tick: int
    rank: int
    words: str
    kind: str


def roll_svg(score: Score, *, seed_end: int | None = None, title: str = "") -> str:
    """A score as a piano roll, an SVG in rows of a few bars.

    Parts in unison share the height of their notes. Velocity is opacity; drums lie in a lane of
    their own beneath the pitches. A tempo is written
    where it has moved by a twentieth since it was last written.

    Args:
        score: the piece, its repeats as they stand.
        seed_end: the tick at which what was given ends and what was composed begins, which is
            shaded; none if nothing was.
        title: stands above; the score's own if empty.
    """
    title = title or score.title or "Piano roll"
    width = width_of(score)
    legend, top = _legend(score, width)
    layout = laid_out(score, width, top)
    body = [text(16, 26, title, "big"), *legend]
    labels = _labels(score, layout, seed_end)
    places = shared(score.parts)
    for row in range(layout.n_rows):
        body += _ground(score, layout, row, seed_end)
        body += _written(labels, layout, row)
    for index, part in enumerate(score.parts):
        body += _notes(part, index, layout, places[index])
    return document(width, layout.height, title, body, len(score.parts), _STYLE)


def not_shown(score: Score) -> dict[str, int]:
    """What of a score its piano roll has no place for, how many of each kind."""
    known = replace(score, key=score.key[score.key[:, 3] == 0])
    parts = tuple(replace(part, pedal=part.pedal[:0], events=()) for part in score.parts)
    return missing_in(replace(score, key=score.key[:0], parts=parts, marks=(), events=()), known)


def _legend(score: Score, width: float) -> tuple[list[str], float]:
    """The parts' names beside their colours, and how far down they reach."""
    body: list[str] = []
    x, y = 16.0, 50.0
    for index, part in enumerate(score.parts):
        name = part.name.strip(" :") or instrument_name(part.instrument)
        needed = 40 + text_width(name[:_LONGEST_NAME])
        if x + needed > width and x > 16:
            x, y = 16.0, y + 18
        body.append(f'<path class="swatch c{index}" d="M{x + 5:g} {y - 4:g}h6"/>')
        body.append(text(x + 21, y, name[:_LONGEST_NAME]))
        x += needed
    return body, y + 12


def _labels(score: Score, layout: Layout, seed_end: int | None) -> list[_Label]:
    """What stands above the rows, in order."""
    labels = [_Label(tick, 0, str(bar), "faint") for bar, tick in _numbered_bars(score, layout)]
    if seed_end is not None and seed_end < score.end:
        labels.append(_Label(seed_end, 1, "composed from here", "from"))
    if score.n_bars:
        metres = score.metre.tolist()
        labels += [_Label(tick, 2, f"{over}/{under}", "ink") for tick, over, under in metres]
    written = 0.0
    for tick, tempo_us in score.tempo.tolist():
        quarters = 6e7 / tempo_us
        if abs(quarters - written) > _WRITTEN_TEMPO_CHANGE * written:
            labels.append(_Label(tick, 3, f"♩ = {quarters:.0f}", "ink"))
            written = quarters
    return sorted(labels)


def _numbered_bars(score: Score, layout: Layout) -> Iterator[tuple[int, int]]:
    """Number and tick of the bars that get one: the first of each row, and every fourth on."""
    starts, first = np.append(0, score.barlines)[:-1], first_number(score)
    first_of_row = np.searchsorted(starts, layout.edges)[layout.row_of(starts)]
    for index, tick in enumerate(starts.tolist()):
        if (index - int(first_of_row[index])) % _NUMBERED == 0:
            yield index + first, tick


def _written(labels: list[_Label], layout: Layout, row: int) -> Iterator[str]:
    """The labels of one row, each clear of the one before; those with no room are left out."""
    first, last = layout.edges[row : row + 2].tolist()
    free = float("-inf")
    for tick, _, words, kind in labels:
        x = max(free, layout.x(tick, row) + _LABEL_INSET)
        if first <= tick < last and x - layout.x(tick, row) <= _LONGEST_SHIFT:
            yield text(x, layout.row_top(row) - 6, words, kind)
            free = round(x + text_width(words) + 7, 1)


def _ground(score: Score, layout: Layout, row: int, seed_end: int | None) -> Iterator[str]:
    """What lies beneath the notes of a row: what was composed, black keys, octaves, barlines."""
    first, last = layout.edges[row : row + 2].tolist()
    top, height, right = layout.row_top(row), layout.row_height, layout.x(last, row)
    if seed_end is not None and seed_end < last:
        x = layout.x(max(seed_end, first), row)
        area = f'x="{x:g}" y="{top:g}" width="{right - x:g}" height="{height:g}"'
        yield f'<rect class="made" {area}/>'
        if seed_end >= first:
            yield f'<path class="edge" d="M{x:g} {top - 16:g}V{top + height + 4:g}"/>'
    pitches = range(layout.low, layout.high + 1)
    black = [top + layout.pitch_y(pitch) for pitch in pitches if pitch % 12 in _BLACK_KEYS]
    keys = "".join(f"M{LEFT:g} {y:g}H{right:g}" for y in black)
    yield f'<path class="key" stroke-width="{layout.semitone:g}" d="{keys}"/>'
    lines = score.barlines[(score.barlines > first) & (score.barlines < last)].tolist()
    rulings = "".join(f"M{layout.x(tick, row):g} {top:g}v{height:g}" for tick in lines)
    for pitch in range(-(-layout.low // 12) * 12, layout.high + 1, 12):
        y = top + layout.pitch_y(pitch)
        rulings += f"M{LEFT:g} {y + layout.semitone / 2:g}H{right:g}"
        yield text(LEFT - 6, y + 4, f"C{pitch // 12 - 1}", "faint", "end")
    if layout.drums:
        yield text(LEFT - 6, top + (layout.lane_top + height) / 2 + 4, "drums", "faint", "end")
    yield f'<path class="line" d="{rulings}"/>'
    frame = f"M{LEFT:g} {top:g}H{right:g}v{height:g}H{LEFT:g}z"
    floor = f"M{LEFT:g} {top + layout.pitched_height:g}H{right:g}" if layout.drums else ""
    yield f'<path class="line strong" d="{frame}{floor}"/>'


def _notes(part: Part, index: int, layout: Layout, places: Ints) -> Iterator[str]:
    """A part's notes, one path for each shade of velocity; broken where a row ends."""
    notes = part.notes
    tops = [layout.row_top(row) for row in range(layout.n_rows)]
    row_of_onset = layout.row_of(notes.onset)
    n_rows = layout.row_of(np.maximum(notes.onset, notes.end - 1)) - row_of_onset + 1
    note = np.repeat(np.arange(len(notes)), n_rows)
    begun = np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
    row = row_of_onset[note] + np.arange(len(note)) - begun
    start = np.maximum(notes.onset[note], layout.edges[row]) - layout.edges[row]
    stop = np.minimum(notes.end[note], layout.edges[row + 1]) - layout.edges[row]
    x = np.round(LEFT + start * layout.pixels_a_tick, 1)
    width = np.maximum((stop - start) * layout.pixels_a_tick - _REPEAT_GAP, _SHORTEST_NOTE)
    middle = layout.drum_y if part.is_drums else layout.pitch_y
    height_of = {pitch: middle(pitch) for pitch in np.unique(notes.pitch).tolist()}
    y = np.array([height_of[pitch] for pitch in notes.pitch[note].tolist()])
    place, count = places[note].T
    thick = ((DRUM_HEIGHT if part.is_drums else layout.semitone) - 1) / count
    y = np.round(y + np.array(tops)[row] + (place + 0.5 - count / 2) * thick, 1)
    shade = notes.velocity[note] * _SHADES // 128
    for each, few in sorted(set(zip(shade.tolist(), count.tolist(), strict=True))):
        alike = (shade == each) & (count == few)
        rows = np.stack([x, y, width], axis=1)[alike].tolist()
        path = "".join(f"M{x:g} {y:g}h{w:.3g}" for x, y, w in rows)
        wide = round(float(thick[alike][0]), 2)
        yield f'<path class="note c{index} v{each}" stroke-width="{wide:g}" d="{path}"/>'
