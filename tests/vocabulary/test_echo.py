"""Echoes: what came the last time that music went like this."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.score import Ints
from musegen.vocabulary.echo import ORDERS, Echoes, Line, echoed, mixed

lines = st.lists(st.integers(0, 2), max_size=90)


def searched(keys: list[int]) -> list[tuple[int, int]]:
    """For each word, how like and which value plus one, by looking through all that went before."""
    found = []
    for t in range(len(keys)):
        here = (0, 0)
        for bucket, order in enumerate(ORDERS, start=1):
            places = [s for s in range(order, t) if keys[s - order : s] == keys[t - order : t]]
            if t >= order and places:
                here = bucket, keys[places[-1]] + 1
        found.append(here)
    return found


def of_whole(keys: list[int]) -> Ints:
    """The same at once."""
    column = np.array(keys, np.int64)[:, None]
    return echoed(mixed(column), column + 1)


@given(lines)
def test_an_echo_is_what_followed_the_longest_run_where_it_stood_last(keys: list[int]) -> None:
    """Against a plain search."""
    assert of_whole(keys).tolist() == [list(row) for row in searched(keys)]


@given(lines, lines)
def test_word_by_word_it_is_the_same(first: list[int], second: list[int]) -> None:
    """For several pieces at once, each with its own past."""
    n = min(len(first), len(second))
    echoes = Echoes(2, 1)
    whole = np.stack([of_whole(first[:n]), of_whole(second[:n])], axis=1)
    for t in range(n):
        assert np.array_equal(echoes.columns, whole[t])
        now = np.array([[first[t]], [second[t]]])
        echoes.take(mixed(now), now + 1)


def test_a_copy_goes_its_own_way() -> None:
    """The sampler goes back to where it was."""
    line = Line(1)
    for key in (1, 2, 3, 1):
        line.take(key, (key,))
    copy = deepcopy(line)
    copy.take(2, (2,))
    line.take(7, (7,))
    assert copy.echo == (1, 3)
    assert line.echo == (0, 0)


def test_rows_are_mixed_by_all_their_columns() -> None:
    """Two rows have one number exactly where they are alike."""
    rows = np.array([[1, 2], [2, 1], [1, 2], [0, 3]])
    keys = mixed(rows)
    assert keys[0] == keys[2]
    assert len(set(keys.tolist())) == 3
