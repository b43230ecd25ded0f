"""The page of a comparison: every run is drawn, one gone astray too; no name ends its place."""

import html
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from musegen.picture.chart import Curve, Frame, chart, even_ticks, log_ticks
from musegen.picture.comparison import comparison_page
from musegen.picture.comparison_probes import gradient_shares
from musegen.picture.comparison_runs import FOILS, NAMES, best_of, ranked, verdict
from musegen.picture.lines import plane_plot
from musegen.picture.svg import text_width

EVIL = "</style><script>alert(1)</script><img src=x>\" onload='"


def a_run(backbone: str, nats: float | None = 1.0, **changes: Any) -> dict[str, Any]:
    distance = [1, 2, 4, 8]
    return {
        "name": backbone,
        "group": "backbone",
        "backbone": backbone,
        "parameters": 1000,
        "width": 16,
        "depth": 2,
        "length": 256,
        "clip": 1.0,
        "steps": 5,
        "seconds": 2.0,
        "notes": 300,
        "notes_per_second": 150.0,
        "memory_mb": 3.0,
        "valid_nats": nats,
        "curve": {"seconds": [1.0, 2.0], "notes": [150, 300], "valid_nats": [2.0, nats]},
        "by_position": {"from": [0, 1, 2], "words": [3, 3, 6], "nats": [3.0, 2.0, nats]},
        "by_repeat": {"bars_ago": [1, 2], "words": [500, 200], "nats": [1.0, nats], "new": 2.0},
        "gradient_by_distance": {
            "distance": distance,
            "at_start": [2.0**-k for k in distance],
            "trained": [1.0, 1e-3, 1e-20, 0.0],
        },
        "gradient": {"median": 1.0, "largest": 2.0, "clipped": 0.5, "not_finite": 0.0},
        "embedding": {
            "names": ["C4", "D4", "C5"],
            "octave": [0, 0, 1],
            "plane": [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]],
            "share": 0.5,
            "unit": "semitone",
            "interval": [2, 10, 12],
            "cosine": [0.5, -0.5, 0.9],
        },
        **changes,
    }


def found(**changes: Any) -> dict[str, Any]:
    return {
        "unit": "character",
        "vocabulary": "abc",
        "grid": "lexemes",
        "pieces": {"train": 9, "valid": 1},
        "seconds_each": 2.0,
        "device": "cpu",
        "random_seed": 0,
        "runs": [a_run(backbone, 1.0 + 0.5 * index) for index, backbone in enumerate(NAMES)],
        "variations": [
            a_run("lstm", 1.5, group="length", length=8),
            a_run("lstm", 1.6, group="width", width=8),
            a_run("rnn", 1.7, group="clipping", clip=None),
        ],
        **changes,
    }


def test_every_backbone_stands_at_its_curve_in_its_own_colour() -> None:
    page = comparison_page(found(), "tunes")
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    for index, (backbone, name) in enumerate(NAMES.items()):
        assert f'class="name c{index}"' in plots[0]
        assert f">{name}</text>" in plots[0]
        dashed = f"curve c{index} dashed" in plots[0]
        assert dashed == (backbone in FOILS)


def test_a_network_that_went_astray_is_last_and_spoils_nothing() -> None:
    nothing = {"distance": [1, 2], "at_start": [None, None], "trained": [0.0, None]}
    astray = a_run("irnn", None, gradient_by_distance=nothing)
    runs = [astray, *(a_run(backbone) for backbone in NAMES if backbone != "irnn")]
    told = found(runs=runs)
    assert ranked(runs)[-1] is astray
    page = comparison_page(told, "tunes")
    assert "nan" not in page
    assert "None" not in page
    assert page.count("<svg") == comparison_page(found(), "tunes").count("<svg")


def test_every_row_of_a_table_has_a_cell_for_each_heading() -> None:
    tables = re.findall(r"<table>.*?</table>", comparison_page(found(), "tunes"), re.DOTALL)
    assert len(tables) == 3
    for table in tables:
        head, *rows = re.findall(r"<tr>.*?</tr>", table)
        assert {row.count("<td") for row in rows} == {head.count("<th")}


def test_what_is_advised_can_be_trained() -> None:
    runs = [a_run("window", 0.5), a_run("gru", 0.8), a_run("lstm", 0.7), a_run("bag", 0.9)]
    assert best_of(found(runs=runs)) == "lstm"
    assert "the window came to the fewest nats: 0.5000" in verdict(found(runs=runs))
    assert "the LSTM is the best" in verdict(found(runs=runs))


def test_no_name_can_end_its_place() -> None:
    page = comparison_page(found(grid=EVIL, vocabulary=EVIL), EVIL)
    assert EVIL not in page
    assert page.count(html.escape(EVIL)) == 4

    class Elements(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in ("script", "img")

    Elements().feed(page)


def test_shares_of_a_gradient_end_where_nothing_is_left() -> None:
    run = a_run("rnn")
    assert gradient_shares(run, "trained") == [(1, 1.0), (2, 1e-3), (4, 1e-12)]
    assert gradient_shares(run, "at_start")[-1] == (8, 2.0**-7)


@pytest.mark.parametrize(("low", "high", "base"), [(1e-9, 0.3, 10), (1, 256, 2), (5, 5, 2)])
def test_logarithmic_axes_span_what_they_show(low: float, high: float, base: int) -> None:
    ticks = log_ticks([low, high], base, 8)
    assert ticks[0] <= low <= high <= ticks[-1]
    assert 2 <= len(ticks) <= 9
    ratios = {round(b / a, 6) for a, b in pairwise(ticks)}
    assert len(ratios) == 1


def test_even_axes_span_what_they_show() -> None:
    assert even_ticks([0.12, 0.97], 6) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_names_beside_curves_keep_apart_and_within_the_picture() -> None:
    curves = [Curve(f"curve {n}", [(0, 1), (1 + n, 0.001 * n)], f"c{n}") for n in range(7)]
    body = "".join(chart(curves, Frame(560, 340, "x", "y")))
    places = [
        (float(x), float(y))
        for x, y in re.findall(r'class="name c\d" x="([\d.]+)" y="([\d.]+)"', body)
    ]
    heights = sorted(y for _, y in places)
    assert len({x for x, _ in places}) == 1
    assert min(b - a for a, b in pairwise(heights)) >= 14.9
    assert heights[-1] <= 340 - 50 + 4


def test_a_plane_shows_distances_as_they_are() -> None:
    svg = plane_plot([(0, 0), (3, 0), (0, 1)], ["a", "b", "c"], ["c0"] * 3, "points")
    at = [tuple(map(float, m)) for m in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)]
    across, up = at[1][0] - at[0][0], at[0][1] - at[2][1]
    assert across == pytest.approx(3 * up, abs=0.3)


def test_names_of_points_that_lie_together_do_not_lie_on_each_other() -> None:
    points = [(0.0, 0.0), (0.02, 0.0), (0.0, 0.03), (1.0, 1.0)]
    names = ["C4", "C#4", "D4", "B5"]
    plot = plane_plot(points, names, ["c0"] * 4, "Pitches")
    shown = re.findall(r'<text class="name c0" x="(\S+?)" y="(\S+?)"( text-anchor="end")?', plot)
    boxes = []
    for (x, y, is_end), name in zip(shown, names, strict=True):
        wide = text_width(name)
        boxes.append((float(x) - wide * bool(is_end), float(y), wide))
    for n, (x, y, wide) in enumerate(boxes):
        for other_x, other_y, other_wide in boxes[:n]:
            is_beside = x >= other_x + other_wide or other_x >= x + wide
            assert is_beside or abs(y - other_y) >= 10
