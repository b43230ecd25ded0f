"""A part as ABC must put it: cut at bar lines, changes and marks; what is written at a cut."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from musegen.score.abc_score import COMMON
from musegen.score.notatable import EXACT
from musegen.score.score import Notes, Score, barlines_of_metre

Marks = list[tuple[str, str]]  # kinds and texts

_NO_WORDS = ("lyric", "metre", "jump", "clef")  # kinds of marks that no word of a model is
_ENDS = {("repeat", "end"): ":|", ("bar", "|]"): "|]", ("bar", "||"): "||"}


@dataclass(frozen=True)
class Segment:
    """A stretch in which the same notes sound: pitches, and which of them go on after it."""

    start: int
    end: int
    pitches: tuple[int, ...]
    held: frozenset[int]


def _segments(notes: Notes, cuts: Iterable[int]) -> Iterator[Segment]:
    """The notes cut at every onset and end, and at the ticks given."""
    ticks = sorted({*cuts, *notes.onset.tolist(), *notes.end.tolist()})
    rows = iter(notes.rows.tolist())
    following = next(rows, None)
    sounding: dict[int, int] = {}  # the end of what sounds, by pitch
    for start, end in itertools.pairwise(ticks):
        while following is not None and following[0] <= start:
            sounding[following[2]] = following[0] + following[1]
            following = next(rows, None)
        sounding = {pitch: stop for pitch, stop in sounding.items() if stop > start}
        held = frozenset(pitch for pitch, stop in sounding.items() if stop > end)
        yield Segment(start, end, tuple(sorted(sounding)), held)


def cut_between_tuplets(
    segments: Iterable[Segment], lines: Sequence[int], ticks_per_quarter: int
) -> Iterator[Segment]:
    """The segments, those cut in two that begin and end in unlike divisions of a quarter.

    They are cut where the next quarter begins.

    Args:
        segments: those of a part.
        lines: the ticks from which quarters are counted, rising from 0.
        ticks_per_quarter: how many ticks a quarter has.
    """
    for segment in segments:
        line = lines[bisect_right(lines, segment.start) - 1]
        begin, stop = segment.start - line, segment.end - line
        common = ticks_per_quarter // math.gcd(ticks_per_quarter, begin, stop)
        is_one = any(division % common == 0 for division in EXACT)
        cut = line + (begin // ticks_per_quarter + 1) * ticks_per_quarter
        if is_one or cut >= segment.end:
            yield segment
        else:
            yield replace(segment, end=cut, held=frozenset(segment.pitches))
            yield replace(segment, start=cut)


@dataclass(frozen=True)
class Sheet:
    """One part of a score, cut for writing.

    `lines` are the ticks at which bars end, the last one closed; `marks` those of the part and of
    the whole score, by tick; `segments` reach from tick 0 to `end`.
    """

    lines: list[int]
    marks: Mapping[int, Marks]
    segments: list[Segment]

    @property
    def end(self) -> int:
        """The tick of the last bar line; 0 for no music."""
        return self.lines[-1] if self.lines else 0

    @classmethod
    def of(cls, score: Score, part: int, every_mark: bool = False) -> Sheet:
        """Cut a part at bar lines, at marks, and at changes of a column.

        Without `every_mark` those are left out that no word of a model is.
        """
        lines = score.barlines.tolist()
        if not lines:
            lines = barlines_of_metre(score.metre, score.end, score.ticks_per_quarter).tolist()
        elif lines[-1] < score.end:
            lines.append(score.end)
        end = lines[-1] if lines else 0
        marks: dict[int, Marks] = defaultdict(list)
        for mark in score.marks:
            if mark.kind in _NO_WORDS and not every_mark:
                continue
            if mark.tick <= end and (mark.kind in COMMON or mark.part == part):
                marks[mark.tick].append((mark.kind, mark.text))
        changes = {tick for c in (score.metre, score.key, score.tempo) for tick in c[:, 0].tolist()}
        cuts = {0, *lines, *marks, *(tick for tick in changes if tick <= end)}
        return cls(lines, marks, list(_segments(score.parts[part].notes, cuts)))


def bar_signs(marks: Marks, is_line: bool) -> tuple[list[str], list[str]]:
    """The signs that end a bar and those that begin one, for the marks at one tick."""
    ends = [sign for mark, sign in _ENDS.items() if mark in marks] or ["|"] * is_line
    return ends, ["|:"] * (("repeat", "start") in marks)
