"""Marks of the kind `jump`: da capo and dal segno, and the Fine, segno and coda that they need.

They belong to part 0. A sign stands where one comes to; an order stands where it is obeyed, at the
end of its bar.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from musegen.score.bars import first_number
from musegen.score.score import Score

SIGNS = ("segno", "coda")
FINE, TO_CODA = "Fine", "To Coda"
RETURNS = tuple(f"{to}{until}" for to in ("D.C.", "D.S.") for until in ("", " al Fine", " al Coda"))
MOST_RETURNS = 32  # are obeyed: a small file must not make the music grow
ORDERS = (FINE, TO_CODA, *RETURNS)


def check_jumps(score: Score) -> list[str]:
    """Which orders cannot be obeyed as they stand, a sentence each."""
    places = [(mark.tick, mark.text) for mark in score.marks if mark.kind == "jump"]
    first = first_number(score)
    returns = [(tick, text) for tick, text in places if text in RETURNS]
    told = [
        f"{text} at the end of bar {int(np.searchsorted(score.barlines, tick)) + first} {fault}"
        for tick, text in returns[:MOST_RETURNS]
        for fault in _faults(tick, text, places)
    ]
    more = len(returns) - MOST_RETURNS
    return [*told, f"has {more} returns more than can be played"] if more > 0 else told


def _faults(tick: int, text: str, places: list[tuple[int, str]]) -> Iterator[str]:
    """What a return at a tick lacks."""
    segni = [t for t, sign in places if sign == "segno" and t < tick]
    if text.startswith("D.S.") and not segni:
        yield "has no segno before it, and is passed over"
        return
    back = segni[-1] if text.startswith("D.S.") else 0
    again = {term: t for t, term in reversed(places) if back < t <= tick}
    if text.endswith("Fine") and FINE not in again:
        yield "comes to no Fine, and is played to the end"
    codas = [t for t, sign in places if sign == "coda"]
    leaves = min(again.get(TO_CODA, tick), again.get("coda", tick))
    if text.endswith("Coda") and not (leaves < tick and codas and codas[-1] > leaves):
        yield "comes to no coda, and is played to the end"
