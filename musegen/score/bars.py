"""Whether the bars of a score are as long as its metre says, and not too many."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from musegen.errors import OutputError
from musegen.score.score import STRUCTURE, Score, bar_ticks, barlines_of_metre, standing

MOST_BARS = 10_000  # that are written down or drawn; the longest operas have fewer


def check_length(score: Score, path: str | Path | None = None) -> None:
    """Refuse to write down, or to draw, a piece of more bars than anybody reads.

    Raises:
        OutputError: a damaged time, most likely, has put a note aeons later.
    """
    per_quarter = score.ticks_per_quarter
    bars = score.n_bars or len(barlines_of_metre(score.metre, score.end, per_quarter))
    if bars > MOST_BARS:
        raise OutputError(
            f"would have {bars:,} bars, and scores and pictures have {MOST_BARS:,} at most",
            file=path,
            hint="A pause that is damaged may be behind it; as MIDI the piece can be written.",
        )


def faults_of(score: Score) -> list[str]:
    """What was damaged in a file, and of a tune the bars whose lengths are wrong."""
    return [*score.faults, *(check_bars(score) if score.characters else [])]


def first_number(score: Score) -> int:
    """The number of the first bar, as musicians count: 0 where it is a pickup, else 1."""
    return 0 if score.n_bars and pickups(score)[0] else 1


def last_number(score: Score) -> int:
    """The number of the last bar: how many there are, without a pickup."""
    return score.n_bars - 1 + first_number(score)


def pickups(score: Score) -> list[bool]:
    """Which bars are pickups, of the piece or of a section: short, its first, and not its last."""
    signs = [mark for mark in score.marks if mark.kind in ("repeat", "bar")]
    starts = {0, *(mark.tick for mark in signs)}
    ends = {*score.barlines[-1:].tolist(), *(m.tick for m in signs if m.text != "start")}
    is_free = _freedom(score)
    return [
        start in starts
        and end not in ends
        and end - start < _full(score, start)
        and not is_free(start)
        for start, end in pairwise([0, *score.barlines.tolist()])
    ]


def check_bars(score: Score) -> list[str]:
    """What is wrong with the lengths of the bars, a sentence each; nothing where all is well.

    The first bar of the piece or of a section may be short: a pickup. The last bar of a section
    may be short by just such a pickup. Sections are parted by repeats, double bars, endings and
    jumps. Where the metre is free, bars may have any length.
    """
    signs = {mark.tick for mark in score.marks if mark.kind in (*STRUCTURE, "jump")}
    starts, ends = signs | {0}, signs | {score.end}
    bars = list(pairwise([0, *score.barlines.tolist()]))
    is_free = _freedom(score)
    full = [end - start if is_free(start) else _full(score, start) for start, end in bars]
    missing = [length - (end - start) for (start, end), length in zip(bars, full, strict=True)]
    pickups = {
        end - start
        for (start, end), lacks in zip(bars, missing, strict=True)
        if start in starts and lacks > 0
    }
    wrong: list[str] = []
    by_number = enumerate(zip(bars, missing, strict=True), start=first_number(score))
    for number, ((start, end), lacks) in by_number:
        is_pickup = start in starts and lacks > 0
        completes_pickup = end in ends and lacks in pickups
        if lacks and not is_pickup and not completes_pickup:
            length = Fraction(end - start, 4 * score.ticks_per_quarter)
            metre = "{}/{}".format(*standing(score.metre, start))
            guess = _guess(lacks, end - start, end in ends)
            wrong.append(
                f"bar {number} is {_text(length, metre)} long, the metre says {metre}{guess}"
            )
    return wrong


def _freedom(score: Score) -> Callable[[int], bool]:
    """Tells of a tick whether the metre is free there."""
    changes = [(mark.tick, mark.text == "free") for mark in score.marks if mark.kind == "metre"]
    ticks = [tick for tick, _ in changes]

    def is_free(tick: int) -> bool:
        place = bisect_right(ticks, tick)
        return place > 0 and changes[place - 1][1]

    return is_free


def _guess(lacks: int, length: int, ends_section: bool) -> str:
    """What may be behind a wrong length, to be told after it."""
    full = length + lacks
    if lacks < 0 and length % full == 0:
        return " (is a bar line missing?)"
    if lacks > 0 and ends_section:
        return " (and no pickup completes it)"
    return ""


def _full(score: Score, tick: int) -> int:
    numerator, denominator = standing(score.metre, tick)
    return bar_ticks(numerator, denominator, score.ticks_per_quarter)


def _text(length: Fraction, metre: str) -> str:
    """A length in whole notes, over the metre's denominator where that is exact."""
    denominator = int(metre.split("/")[1])
    units = length * denominator
    return f"{units}/{denominator}" if units.denominator == 1 else str(length)
