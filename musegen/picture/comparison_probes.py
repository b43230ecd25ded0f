"""The parts of a comparison that ask why: gradients through time, other shapes, embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .chart import Curve, Frame, Point
from .comparison_runs import (
    FOILS,
    NAMES,
    Run,
    curve,
    hue,
    nats_of,
    nats_text,
    pairs,
    ranked,
    repeated,
    repeats_plot,
)
from .lines import lines_plot, plane_plot
from .page import card, small_table
from .svg import N_HUES

_LEAST, _MOST = 1e-12, 1e12  # shares of a gradient that are drawn


def gradients(found: dict[str, Any]) -> Iterator[str]:
    """How gradients die or explode with distance, and what clipping does about it."""
    runs = found["runs"]
    yield (
        "<h2>How gradients die or explode</h2><p>How much the loss at one word depends on what was "
        "held k words before, ‖∂L<sub>t</sub> / ∂h<sub>t−k</sub>‖, as a share of the same for "
        "k = 1. What a network is to learn from far back must come through here. For the "
        "recurrent ones h is the state of all layers; the others hold none, so there h is what is "
        "read at word t − k.</p><div class='cards broad'>"
    )
    for title, when in (("At the start", "at_start"), ("After training", "trained")):
        curves = [curve(run, gradient_shares(run, when)) for run in runs]
        yield card(title, _shares_plot(curves, title))
    free = [run for run in found["variations"] if run["group"] == "clipping"]
    both = [run for run in runs if run["backbone"] in {f["backbone"] for f in free}]
    curves = [
        Curve(
            NAMES[run["backbone"]] + ("" if run["clip"] else ", free"),
            gradient_shares(run, "trained"),
            hue(run) + ("" if run["clip"] else " dashed"),
        )
        for run in [*both, *free]
    ]
    yield card(
        "After training, gradients clipped and free",
        _shares_plot(curves, "Clipped and free"),
    )
    yield card("Gradients of the weights, before they are clipped", _norms([*both, *free], found))
    yield "</div>"


def _shares_plot(curves: Sequence[Curve], title: str) -> str:
    frame = Frame(
        560, 340, "words between", "share of the gradient left", across_base=2, up_base=10
    )
    return lines_plot(curves, frame, f"Gradient by distance. {title}")


def gradient_shares(run: Run, when: str) -> list[Point]:
    """How much of the gradient at distance 1 is left at each, up to where nothing is."""
    gradient = run["gradient_by_distance"]
    points = pairs(gradient, "distance", when)
    if not points or not points[0][1]:
        return []
    shown: list[Point] = []
    for distance, norm in points:
        share = norm / points[0][1]
        shown.append((distance, min(max(share, _LEAST), _MOST)))
        if not _LEAST < share < _MOST:
            break
    return shown


def _norms(runs: Sequence[Run], found: dict[str, Any]) -> str:
    rows = [
        (
            NAMES[run["backbone"]],
            f"{run['clip']:g}" if run["clip"] else "never",
            _short(run["gradient"]["median"]),
            _short(run["gradient"]["largest"]),
            f"{100 * (run['gradient']['clipped'] or 0):.0f} %",
            f"{100 * run['gradient']['not_finite']:.0f} %",
            nats_text(run),
        )
        for run in runs
    ]
    heads = ("network", "clipped at", "median norm", "largest", "clipped", "skipped", "nats")
    return small_table(heads, rows, range(1, 7)) + (
        "<p class='faint'>Clipping shortens the gradient of the weights, not what flows through "
        "time; it changes that only by what is learnt. The optimisers used here set the length of "
        "a step themselves, so less hangs on it than in plain descent; it still keeps one huge "
        "gradient out of their running means. Updates without a finite gradient are skipped.</p>"
    )


def variations(found: dict[str, Any]) -> Iterator[str]:
    """One backbone with other lengths of backpropagation, and with other hidden states."""
    lengths = _with_usual(found, "length")
    widths = _with_usual(found, "width")
    if not lengths or not widths:
        return
    name, unit = NAMES[lengths[0]["backbone"]], found["unit"]
    yield (
        f"<h2>What the {name} gains from</h2><p>Each point is one more network, trained as long as "
        "the others. A hidden state is all that is left of the past: what a small one has to say, "
        "it must say with few numbers.</p><div class='cards broad'>"
    )
    for key, title, across in (
        ("length", "Backpropagation through more words", "words that gradients go back"),
        ("width", "A larger hidden state", "numbers in the hidden state of a layer"),
    ):
        runs = lengths if key == "length" else widths
        points = [(run[key], nats_of(run)) for run in runs if run["valid_nats"] is not None]
        frame = Frame(560, 300, across, f"nats a {unit}, held out", across_base=2)
        yield card(title, lines_plot([Curve(name, points, "c0")], frame, title))
    copying = [
        Curve(f"{run['width']} wide", repeated(run), f"c{index}")
        for index, run in enumerate(widths)
    ]
    yield card("Can it copy a bar? By hidden state", repeats_plot(copying))
    rows = [
        (
            f"{run['length']}",
            f"{run['width']}",
            f"{run['parameters']:,}",
            f"{run['notes_per_second']:,.0f}",
            nats_text(run),
        )
        for run in [*lengths, *widths[:-1]]
    ]
    heads = ("words back", "width", "parameters", "notes a second", "nats")
    yield card("In numbers", small_table(heads, rows, range(5))) + "</div>"


def _with_usual(found: dict[str, Any], group: str) -> list[Run]:
    """The variations of one thing and the run that they vary, smallest first."""
    varied = [run for run in found["variations"] if run["group"] == group]
    kinds = {run["backbone"] for run in varied}
    usual = [run for run in found["runs"] if run["backbone"] in kinds]
    return sorted([*varied, *usual], key=lambda run: int(run[group]))


def embedding(runs: Sequence[Run]) -> Iterator[str]:
    """Where the best of the networks that `train` offers has put the pitches."""
    drawn = [run for run in runs if run["embedding"] and run["backbone"] not in FOILS]
    if not drawn:
        return
    best = ranked(drawn)[0]
    pitches = best["embedding"]
    yield (
        f"<h2>Where the {NAMES[best['backbone']]} has put the pitches</h2><p>Each pitch is a "
        "vector that was learnt; nobody told what a pitch is. First, the plane in which they "
        f"differ most ({100 * pitches['share']:.0f} % of their variance), neighbours joined, a "
        "colour for each octave. Then, how alike two pitches are, by the interval between them.</p>"
        "<div class='cards broad'>"
    )
    kinds = [f"c{octave % N_HUES}" for octave in pitches["octave"]]
    points = [(x, y) for x, y in pitches["plane"]]
    yield card("In a plane", plane_plot(points, pitches["names"], kinds, "Pitches in a plane"))
    likeness = Curve("", pairs(pitches, "interval", "cosine"), "c0")
    frame = Frame(560, 400, f"interval in {pitches['unit']}s", "mean cosine", tick_counts=(13, 6))
    yield card("By interval", lines_plot([likeness], frame, "Likeness by interval"))
    yield "</div>"


def _short(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"
