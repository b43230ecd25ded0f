"""Where time and pitch lie in a piano roll: its rows, its scales, its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from musegen.score.score import Ints, Part, Score

LEFT, RIGHT = 44.0, 20.0  # pixels beside a row
_WIDTH = 1200.0
_WIDEST_QUARTER = 90.0  # pixels: so that a lone bar does not become a banner
_BARS_A_ROW = ((4, 4), (64, 8))  # in a piece of up to so many bars, so many
_MOST_BARS_A_ROW = 16
_MOST_QUARTERS_A_ROW = 128  # in bars; a row that held more would show nothing
_QUARTERS_A_ROW = 32  # without bars
_HEAD, _GAP = 20.0, 18.0  # pixels above a row for its labels, and beneath it
_PITCHES_HEIGHT = 200.0  # pixels that a row's pitches take, as far as their height allows
_LOWEST_SEMITONE, _HIGHEST_SEMITONE = 3.0, 7.0
_LEAST_SEMITONES = 24
_LANE_MARGIN = 3.0
DRUM_HEIGHT = 5.0


@dataclass(frozen=True)
class Layout:
    """Rows of a roll: row r holds the ticks from edges[r] up to edges[r + 1].

    edges: ticks (R + 1,).
    low, high: the pitches at the foot and the head of each row; high < low if there are none.
    semitone: the height of one, in pixels.
    drums: the pitches of the drums struck, each a line in the lane beneath.
    top: pixels above the first row.
    """

    edges: Ints
    pixels_a_tick: float
    low: int
    high: int
    semitone: float
    drums: tuple[int, ...]
    top: float

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(self.edges) - 1

    @property
    def pitched_height(self) -> float:
        """Pixels from the top of a row to the foot of its pitches."""
        return (self.high - self.low + 1) * self.semitone

    @property
    def lane_top(self) -> float:
        """Pixels from the top of a row to the first line of its drums."""
        return self.pitched_height + _LANE_MARGIN

    @property
    def row_height(self) -> float:
        """Pixels from the top of a row to its foot."""
        lane = len(self.drums) * DRUM_HEIGHT + 2 * _LANE_MARGIN if self.drums else 0
        return self.pitched_height + lane

    @property
    def height(self) -> float:
        """Pixels of the whole picture."""
        return self.row_top(self.n_rows) - _HEAD + 4

    def row_top(self, row: int) -> float:
        """The y of the top of a row."""
        return self.top + row * (_HEAD + self.row_height + _GAP) + _HEAD

    def x(self, tick: int, row: int) -> float:
        """The x of a tick within a row."""
        return round(LEFT + (tick - int(self.edges[row])) * self.pixels_a_tick, 1)

    def row_of(self, ticks: Ints) -> Ints:
        """The row that holds each tick (N,)."""
        rows = np.searchsorted(self.edges, ticks, side="right") - 1
        return np.minimum(rows, self.n_rows - 1)

    def pitch_y(self, pitch: int) -> float:
        """The middle of a pitch, down from the top of its row."""
        return round((self.high - pitch + 0.5) * self.semitone, 2)

    def drum_y(self, pitch: int) -> float:
        """The middle of a drum's line, down from the top of its row; the highest is uppermost."""
        line = len(self.drums) - 1 - self.drums.index(pitch)
        return self.lane_top + (line + 0.5) * DRUM_HEIGHT


def laid_out(score: Score, width: float, top: float) -> Layout:
    """The layout of a score in a picture of a width, below `top` pixels of heading."""
    edges = _row_edges(score)
    scale = (width - LEFT - RIGHT) / int(np.diff(edges).max())
    pitched = [part.notes.pitch for part in score.parts if not part.is_drums and len(part.notes)]
    struck = [part.notes.pitch for part in score.parts if part.is_drums and len(part.notes)]
    drums = tuple(np.unique(np.concatenate(struck)).tolist()) if struck else ()
    if drums and not pitched:
        return Layout(edges, scale, 60, 59, 0.0, drums, top)
    pitches = np.concatenate(pitched) if pitched else np.array([60])
    low, high = int(pitches.min()) - 1, int(pitches.max()) + 1
    spare = max(0, _LEAST_SEMITONES - (high - low + 1))
    low, high = low - spare // 2, high + spare - spare // 2
    semitone = _PITCHES_HEIGHT / (high - low + 1)
    semitone = round(min(_HIGHEST_SEMITONE, max(_LOWEST_SEMITONE, semitone)), 1)
    return Layout(edges, scale, low, high, semitone, drums, top)


def shared(parts: Sequence[Part]) -> list[Ints]:
    """How parts in unison share the height of their notes, so that none hides another.

    Returns:
        Of each part and note (N, 2) its place from above among the parts that sound its pitch
        while it does, and how many they are: 0 and 1 where it is alone.
    """
    found = [np.tile([0, 1], (len(part.notes), 1)) for part in parts]
    sounding = sorted(
        (part.is_drums, pitch, onset, onset + duration, number, n)
        for number, part in enumerate(parts)
        for n, (onset, duration, pitch, _) in enumerate(part.notes.rows.tolist())
    )
    for _, notes in groupby(sounding, key=lambda note: note[:2]):
        together: list[tuple[int, int]] = []
        last = 0
        for *_, onset, end, number, n in notes:
            if onset >= last:
                _share(together, found)
                together = []
            together.append((number, n))
            last = max(last, end)
        _share(together, found)
    return found


def _share(together: list[tuple[int, int]], found: list[Ints]) -> None:
    """Write down the places of notes (part, number) that sound together."""
    places = {number: place for place, number in enumerate(sorted({part for part, _ in together}))}
    for number, n in together:
        found[number][n] = places[number], len(places)


def width_of(score: Score) -> float:
    """The pixels that a picture of the score is wide."""
    longest = int(np.diff(_row_edges(score)).max()) / score.ticks_per_quarter
    return round(min(_WIDTH, max(480.0, LEFT + longest * _WIDEST_QUARTER + RIGHT)))


def _row_edges(score: Score) -> Ints:
    """The ticks that part the rows (R + 1,): bars by fours, eights or sixteens.

    A pickup joins the row that it leads to. Where there are no bars, or bars so long that nothing
    could be made out, a row is a number of quarters.
    """
    end = max(score.end, 1)
    starts = np.append(0, score.barlines)
    if score.n_bars:
        most = next((row for limit, row in _BARS_A_ROW if score.n_bars <= limit), _MOST_BARS_A_ROW)
        has_pickup = score.n_bars > 1 and starts[1] < starts[2] - starts[1]
        firsts = starts[int(has_pickup) : -1 : most]
        edges = np.concatenate([[0], firsts[1:], [end]])
        if np.diff(edges).max() <= _MOST_QUARTERS_A_ROW * score.ticks_per_quarter:
            return edges
    return np.append(np.arange(0, end, _QUARTERS_A_ROW * score.ticks_per_quarter), end)
