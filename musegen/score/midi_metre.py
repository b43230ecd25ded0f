"""The metres of MIDI, which has no bar lines, and the bars of a score, a pickup among them."""

from __future__ import annotations

import numpy as np

from musegen.score.score import Ints, Score, bar_ticks, barlines_of_metre, standing

_DENOMINATORS = (1, 2, 4, 8, 16, 32, 64, 128)
_FINEST = 16  # in which a bar is counted whose metre is coarser
_MAX_NUMERATOR = 255


def without_pickup(metre: Ints, per_quarter: int) -> Ints:
    """The metre column (K, 3) of a file whose first metre is but a short bar: a pickup.

    It is one where it is shorter than the bar that follows, and is written as a pickup is by
    `metre_with_its_bars`, so that the file's own metres are written again. In another unit than
    the metre that follows, it must not be longer than half its bar: else it is a metre of its own.
    """
    if len(metre) < 2:
        return metre
    start, first, second = metre[1, 0], tuple(metre[0, 1:].tolist()), tuple(metre[1, 1:].tolist())
    length, full = (bar_ticks(n, d, per_quarter) for n, d in (first, second))
    are_ticks = all(4 * n * per_quarter % d == 0 for n, d in (first, second))
    is_short_bar = start == length < full and (len(metre) == 2 or metre[2, 0] - start >= full)
    has_unit = first[1] == second[1] or 2 * length <= full
    is_so_written = first == _metre_of_bar(length, second[1], per_quarter, ())
    if are_ticks and is_short_bar and has_unit and is_so_written:
        return np.concatenate([[[0, *second]], metre[2:]])
    return metre


def metre_with_its_bars(score: Score) -> Ints:
    """The metre column (K, 3) that puts a reader's barlines where the score has them.

    A bar that its metre does not explain, as a pickup, gets a metre of its own; where none is as
    long as the bar, a longer one is cut off by the next change, if need be at the very end.
    """
    metre, per_quarter = score.metre, score.ticks_per_quarter
    implied = barlines_of_metre(metre, score.end, per_quarter)
    if not len(score.barlines) or np.array_equal(score.barlines, implied):
        return np.array([(t, *_written(n, d)) for t, n, d in metre.tolist()], dtype=np.int64)
    pickup = _metre_with_pickup(score)
    if pickup:
        return np.array(pickup, dtype=np.int64)
    rows: list[tuple[int, int, int]] = []
    starts = [0, *score.barlines[:-1].tolist()]
    for start, stop in reversed(list(zip(starts, score.barlines.tolist(), strict=True))):
        numerator, denominator = standing(metre, start)
        if bar_ticks(numerator, denominator, per_quarter) == stop - start:
            bar = _written(numerator, denominator)
        else:
            after = rows[-1][1:] if rows else _written(numerator, denominator)
            bar = _metre_of_bar(stop - start, denominator, per_quarter, after)
            if not rows and bar_ticks(*bar, per_quarter) != stop - start:
                rows.append((stop, *after))
        if rows and rows[-1][1:] == bar:
            rows.pop()  # it changes nothing
        rows.append((start, *bar))
    return np.array(rows[::-1], dtype=np.int64)


def _metre_with_pickup(score: Score) -> list[tuple[int, ...]]:
    """The rows of the metre where it explains all bars but a shorter first one; else none."""
    first = int(score.barlines[0])
    metre = score.metre.copy()
    bar = _metre_of_bar(first, int(metre[0, 2]), score.ticks_per_quarter, ())
    is_exact = bar_ticks(*bar, score.ticks_per_quarter) == first
    if not is_exact or (metre[1:, 0] <= first).any():
        return []
    metre[0, 0] = first
    lines = barlines_of_metre(metre, score.end, score.ticks_per_quarter)
    if not np.array_equal(lines, score.barlines[1:]):
        return []
    return [(0, *bar), *((tick, *_written(n, d)) for tick, n, d in metre.tolist())]


def _metre_of_bar(
    length: int, denominator: int, per_quarter: int, after: tuple[int, ...]
) -> tuple[int, int]:
    """The metre of a bar of so many ticks: as long as it, in the coarsest denominator from its own.

    Else one a little longer, and other than the metre after it, whose change then cuts the bar off:
    in sixteenths or coarser, since no musician counts in finer ones.
    """
    whole = 4 * per_quarter
    own = _DENOMINATORS.index(_written(1, denominator)[1])
    known = _DENOMINATORS[own : max(own + 1, _DENOMINATORS.index(_FINEST) + 1)]
    for d in known:
        if length * d % whole == 0 and length * d // whole <= _MAX_NUMERATOR:
            return length * d // whole, d
    for d in (*known, *_DENOMINATORS):
        longer = -(-length * d // whole)
        if longer <= _MAX_NUMERATOR and (longer, d) != after:
            return longer, d
    return _MAX_NUMERATOR, 1


def _written(numerator: int, denominator: int) -> tuple[int, int]:
    """The metre as MIDI can write it: a numerator of one byte over a power of two."""
    power = min(max(denominator.bit_length() - 1, 0), 7)
    return min(numerator, _MAX_NUMERATOR), 1 << power
