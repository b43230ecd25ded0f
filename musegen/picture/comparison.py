"""What `compare` measured as one page: curves side by side, read without a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .chart import STYLE, Frame
from .comparison_probes import embedding, gradients, variations
from .comparison_runs import (
    NAMES,
    Run,
    curve,
    nats_of,
    nats_text,
    pairs,
    ranked,
    repeated,
    repeats_plot,
    verdict,
)
from .lines import lines_plot
from .page import card, page, small_table, tiles
from .svg import N_HUES, colours, safe

_SHOWN = 2.0  # times the fewest nats, at least: the first figures would press the rest down


def comparison_page(found: dict[str, Any], title: str) -> str:
    """An HTML page of what was compared.

    Args:
        found: by the names that the command line promises.
        title: the corpus.
    """
    runs, unit = found["runs"], found["unit"]
    body = [
        f'<p class="faint">Networks of {len(runs)} kinds with as many parameters, trained on the '
        "same pieces for the same time, taking turns.</p>",
        _tiles(found),
        f"<p>{safe(verdict(found))}</p>",
        _table(runs, unit),
        *_learning(runs, unit),
        *_past(runs),
        *gradients(found),
        *variations(found),
        *embedding(runs),
        *_method(found),
    ]
    return page(title, "musegen compare", body, style=_style())


def _tiles(found: dict[str, Any]) -> str:
    runs = found["runs"]
    return tiles(
        [
            (found["pieces"]["train"], "pieces learnt from"),
            (found["pieces"]["valid"], "pieces held out"),
            (f"{sum(run['parameters'] for run in runs) / len(runs):,.0f}", "parameters each"),
            (f"{found['seconds_each']:.3g} s", "of training each"),
            (found["vocabulary"], "vocabulary"),
            (found["device"], "device"),
        ]
    )


def _table(runs: Sequence[Run], unit: str) -> str:
    heads = ("network", f"nats a {unit}", "parameters", "width", "notes a second", "steps", "MB")
    rows = [
        (
            NAMES[run["backbone"]],
            nats_text(run),
            f"{run['parameters']:,}",
            f"{run['depth']} × {run['width']}",
            f"{run['notes_per_second']:,.0f}",
            f"{run['steps']:,}",
            f"{run['memory_mb']:.0f}",
        )
        for run in ranked(runs)
    ]
    return small_table(heads, rows, range(1, len(heads)))


def _learning(runs: Sequence[Run], unit: str) -> Iterator[str]:
    yield "<h2>How fast they learn</h2><div class='cards broad'>"
    nats = f"nats a {unit}, held out"
    ends = [nats_of(run) for run in ranked(runs) if run["valid_nats"] is not None]
    highest = max(_SHOWN * ends[0], 1.1 * ends[-1])
    for title, column, across, base in (
        ("Against time", "seconds", "seconds of training", 0),
        ("Against notes seen", "notes", "notes learnt from", 2),
    ):
        pictured = [
            curve(
                run, [(x, y) for x, y in pairs(run["curve"], column, "valid_nats") if y < highest]
            )
            for run in runs
        ]
        frame = Frame(560, 340, across, nats, across_base=base)
        yield card(title, lines_plot(pictured, frame, f"Held-out nats. {title}"))
    yield "</div>"


def _past(runs: Sequence[Run]) -> Iterator[str]:
    yield (
        "<h2>Does more past help?</h2><p>First, a word's nats by its place in the piece, from the "
        "third on. Curves that go on falling where others stay level make use of what lies far "
        "back; where all rise or fall together, it is the music that changes. Then, nats in bars "
        "that were heard before to the letter, by how long ago: who remembers them can copy.</p>"
        "<div class='cards broad'>"
    )
    places = [
        curve(run, [(1 + at, n) for at, n in pairs(run["by_position"], "from", "nats") if at > 1])
        for run in runs
        if run["valid_nats"] is not None
    ]
    frame = Frame(560, 340, "which word of the piece", "nats a word", across_base=2)
    yield card("By place in the piece", lines_plot(places, frame, "Nats by place in the piece"))
    yield card("In bars that come again", repeats_plot([curve(run, repeated(run)) for run in runs]))
    yield "</div>"


def _method(found: dict[str, Any]) -> Iterator[str]:
    yield "<h2>What was compared</h2>"
    yield (
        "<p>All networks embed the same words and features and end in the same heads; what reads "
        "the past between them differs. The bag sees which the last 16 words were but not their "
        "order, features included; the window sees the same words in order, through dense layers; "
        "the ReLU RNN starts with the identity between its states (Le, Jaitly and Hinton 2015). "
        "Widths are solved so that the parameters come out alike. The weights measured are the "
        "best average on held-out pieces. Memory is what one update holds: weights, gradients, "
        "averages, the optimisers' state, and what the way back needs. "
        f"Random seed {found['random_seed']}; time grid: {safe(found['grid'])}.</p>"
    )


def _style() -> str:
    """Colours by day and by night for the curves."""

    def rules(dark: bool) -> Iterable[str]:
        hues = colours(N_HUES, dark)
        return (
            f".c{index}{{stroke:{hue};color:{hue}}}.point.c{index}{{fill:{hue}}}"
            for index, hue in enumerate(hues)
        )

    return (
        f"{''.join(rules(False))}"
        f"@media(prefers-color-scheme:dark){{{''.join(rules(True))}}}{STYLE}"
        ".card td:first-child{white-space:nowrap}.curve:hover{stroke-width:4}"
        ".joint{stroke:var(--line);fill:none}"
        "path.strong{stroke:var(--faint)}"
        # Names stand clear of the rulings that they cross; on a telephone plots scroll, else
        # nobody could read them.
        ".card .name{stroke:var(--card);stroke-width:4px;paint-order:stroke}"
        ".card{overflow-x:auto}@media(max-width:600px){.card>svg{min-width:500px}}"
        ".broad{grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr))}"
    )
