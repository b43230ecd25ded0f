"""Learning curves can be read off the picture again."""

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.picture.curves import curves_svg

SVG = "{http://www.w3.org/2000/svg}"
NATS = st.floats(0.001, 100)


def _root(*arguments, **options) -> ET.Element:
    return ET.fromstring(curves_svg(*arguments, **options))  # noqa: S314, our own text


def _texts(root: ET.Element, kind: str) -> list[ET.Element]:
    return [each for each in root.iter(f"{SVG}text") if kind in each.get("class").split()]


def _scale(root: ET.Element, anchor: str, edge: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and values of the ticks along one edge."""
    ticks = [
        t for t in _texts(root, "faint") if t.get("text-anchor") == anchor and t.text != "steps"
    ]
    pixels = [float(t.get(edge)) - (4 if edge == "y" else 0) for t in ticks]
    return np.array(pixels), np.array([float(t.text.replace(",", "")) for t in ticks])


@given(
    steps=st.lists(st.integers(0, 10**6), min_size=2, max_size=20, unique=True).map(sorted),
    data=st.data(),
)
def test_values_can_be_read_off_against_the_axes(steps, data):
    values = data.draw(st.lists(NATS, min_size=len(steps), max_size=len(steps)))
    root = _root(steps, {"train": values}, unit="nats a note")
    line = next(root.iter(f"{SVG}polyline")).get("points").split()
    points = np.array([[float(v) for v in point.split(",")] for point in line])
    for column, (pixels, ticks), expected in (
        (0, _scale(root, "middle", "x"), steps),
        (1, _scale(root, "end", "y"), values),
    ):
        order = np.argsort(pixels)
        read = np.interp(points[:, column], pixels[order], ticks[order])
        reach = ticks.max() - ticks.min()
        np.testing.assert_allclose(read, expected, atol=1e-3 * reach)
        assert 2 <= len(ticks) <= 9
        assert np.allclose(np.diff(ticks), ticks[1] - ticks[0])


def test_steps_without_a_measurement_are_passed_over():
    root = _root([0, 1, 2], {"train": [3.0, 2, 1], "valid": [3.5, math.nan, 2]}, unit="nats")
    assert [len(line.get("points").split()) for line in root.iter(f"{SVG}polyline")] == [3, 2]
    assert {t.text for t in _texts(root, "name")} == {"train 1", "valid 2"}


def test_names_at_the_ends_do_not_overlap():
    series = {name: [3.0, 1.0 + 0.001 * i] for i, name in enumerate("abcd")}
    heights = sorted(float(t.get("y")) for t in _texts(_root([0, 9], series, unit="nats"), "name"))
    assert np.diff(heights).min() >= 12


@pytest.mark.parametrize("values", [[], [2.0], [2.0, 2.0], [math.nan, math.inf]])
def test_little_or_nothing_measured_still_makes_a_picture(values):
    assert _root(list(range(len(values))), {"train": values}, unit="nats").get("role") == "img"


@given(st.text(), st.text(), st.text())
def test_any_words_are_safe_in_the_picture(title, unit, name):
    root = _root([0, 1], {name: [1.0, 2.0]}, unit=unit, title=title)
    if title.isprintable() and title:
        assert [t.text for t in _texts(root, "big")] == [title]


def test_a_series_of_another_length_is_refused():
    with pytest.raises(ValueError, match=re.compile("short|long")):
        curves_svg([0, 1], {"train": [1.0]}, unit="nats")
