"""Colours that everyone can tell apart, on light paper and on dark."""

import itertools

import numpy as np
import pytest

from musegen.picture.svg import N_HUES, colours

# How the colour-blind see linear RGB (Machado, Oliveira and Fernandes, 2009; severity 1).
SIGHT = {
    "common": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def _linear(colour: str) -> np.ndarray:
    """Linear RGB (3,) of `#rrggbb` in sRGB."""
    values = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _lab(colour: str, sight: str) -> np.ndarray:
    """CIE L*a*b* (3,) of a colour as someone sees it."""
    xyz = TO_XYZ @ np.clip(np.array(SIGHT[sight]) @ _linear(colour), 0, 1)
    root = np.cbrt(xyz / (TO_XYZ @ np.ones(3)))
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("sight", SIGHT)
def test_the_first_eight_colours_stay_apart_for_the_colour_blind(sight, dark):
    seen = [_lab(colour, sight) for colour in colours(N_HUES, dark)]
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert nearest > 16  # what Okabe and Ito's own reach; 2.3 is just noticeable


@pytest.mark.parametrize("dark", [False, True])
def test_a_symphony_of_colours_stands_out_from_the_paper_and_repeats_none(dark):
    many = colours(3 * N_HUES, dark)
    assert len(set(many)) == 3 * N_HUES
    luminance = np.array([0.2126, 0.7152, 0.0722])
    paper = luminance @ _linear("#14171c" if dark else "#ffffff")
    for colour in many:
        light, deep = sorted([luminance @ _linear(colour), paper], reverse=True)
        assert (light + 0.05) / (deep + 0.05) > 1.6  # the contrast of WCAG 2
