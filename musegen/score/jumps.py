"""Marks of the kind `jump`: da capo and dal segno, and the Fine, segno and coda that they need.

They belong to part 0. A sign stands where one comes to; an order stands where it is obeyed, at the
end of its bar.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from musegen.score.score import Score

SIGNS = ("segno", "coda")
FINE, TO_CODA = "Fine", "To Coda"
RETURNS = tuple(f"{to}{until}" for to in ("D.C.", "D.S.") for until in ("", " al Fine", " al Coda"))
ORDERS = (FINE, TO_CODA, *RETURNS)


def check_jumps(score: Score) -> list[str]:
    """Which orders cannot be obeyed as they stand, a sentence each."""
    places = [(mark.tick, mark.text) for mark in score.marks if mark.kind == "jump"]
    return [
        f"{text} at the end of bar {int(np.searchsorted(score.barlines, tick)) + 1} {fault}"
        for tick, text in places
        if text in RETURNS
        for fault in _faults(tick, text, places)
    ]


def _faults(tick: int, text: str, places: list[tuple[int, str]]) -> Iterator[str]:
    """What a return at a tick lacks."""
    if text.startswith("D.S.") and not any(t < tick and sign == "segno" for t, sign in places):
        yield "has no segno before it, and is passed over"
    if text.endswith("Fine") and not any(t <= tick and order == FINE for t, order in places):
        yield "has no Fine before it, and is played to the end"
    if text.endswith("Coda"):
        codas = [t for t, sign in places if sign == "coda"]
        leaves = [t for t, order in places if order in (TO_CODA, "coda") and t <= tick]
        if not (leaves and codas and codas[-1] > leaves[0]):
            yield "has no coda to go to, and is played to the end"
