"""What a run of a comparison is called, and how its curves are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from .chart import Curve, Frame, Point
from .lines import lines_plot

Run = dict[str, Any]
NAMES = {
    "rnn": "RNN",
    "gru": "GRU",
    "lstm": "LSTM",
    "transformer": "Transformer",
    "bag": "bag of words",
    "window": "window",
    "irnn": "ReLU RNN",
}
_FEWEST = 100  # words of repeated bars: fewer show chance
FOILS = ("bag", "window", "irnn")  # told apart by dashes


def verdict(found: dict[str, Any]) -> str:
    """Which to take, in a sentence or two."""
    best, second, *_ = ranked(found["runs"])
    more = 100 * (nats_of(second) / nats_of(best) - 1)
    said = (
        f"In {best['seconds']:.3g} s the {NAMES[best['backbone']]} came to the fewest nats: "
        f"{best['valid_nats']:.4f} a {found['unit']}; next is the {NAMES[second['backbone']]} "
        f"with {more:.1f} % more."
    )
    if best["backbone"] in FOILS:
        said += (
            f" It is here to be compared with; of those that train can make, the "
            f"{NAMES[best_of(found)]} is the best. More time may turn the order around."
        )
    return said


def best_of(found: dict[str, Any]) -> str:
    """The backbone with the fewest nats of those that `train` offers."""
    return next(str(r["backbone"]) for r in ranked(found["runs"]) if r["backbone"] not in FOILS)


def ranked(runs: Iterable[Run]) -> list[Run]:
    """The runs, that with the fewest nats first."""
    return sorted(runs, key=nats_of)


def nats_of(run: Run) -> float:
    """Held-out nats a unit; infinitely many where the network went astray."""
    return math.inf if run["valid_nats"] is None else float(run["valid_nats"])


def nats_text(run: Run) -> str:
    """The same for a table."""
    return "overflow" if run["valid_nats"] is None else f"{run['valid_nats']:.4f}"


def hue(run: Run) -> str:
    """The class of its backbone's colour."""
    return f"c{list(NAMES).index(run['backbone'])}"


def curve(run: Run, points: Sequence[Point]) -> Curve:
    """Points of a run, named and coloured by its backbone; what is compared with is dashed."""
    dashes = " dashed" if run["backbone"] in FOILS else ""
    return Curve(NAMES[run["backbone"]], points, hue(run) + dashes)


def pairs(columns: dict[str, list[Any]], across: str, up: str) -> list[Point]:
    """Two columns as points, less those that are not known."""
    points = zip(columns[across], columns[up], strict=True)
    return [(x, y) for x, y in points if x is not None and y is not None]


def repeated(run: Run) -> list[Point]:
    """Nats of a word in bars that come again, by how long ago, where there are many words."""
    found = run["by_repeat"]
    columns = zip(found["bars_ago"], found["nats"], found["words"], strict=True)
    return [(ago, nats) for ago, nats, words in columns if words >= _FEWEST and nats is not None]


def repeats_plot(curves: Sequence[Curve]) -> str:
    """What `repeated` gives of some runs, drawn; a sentence where no bar comes twice."""
    if not any(each.points for each in curves):
        return "<p>No bar of the held-out pieces comes twice.</p>"
    frame = Frame(560, 340, "bars since it was last heard", "nats a word", across_base=2)
    return lines_plot(curves, frame, "Nats in repeated bars")
