"""Echoes: what came the last time that music went like this."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.score import Ints
from musegen.vocabulary.echo import ORDERS, Echoes, Line, earlier, echo_features, echoed, mixed

lines = st.one_of(
    st.lists(st.integers(0, 2), max_size=90),
    st.lists(st.integers(0, 9), min_size=1, max_size=40).map(lambda keys: (keys * 90)[:90]),
)


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


@given(lines, lines, lines)
def test_a_copy_goes_its_own_way(past: list[int], one: list[int], other: list[int]) -> None:
    """The sampler goes back to where it was."""
    line = Line(1)
    for key in past:
        line.take(key, (key + 1,))
    copy, n = deepcopy(line), min(len(one), len(other))
    for first, second in zip(one, other, strict=False):
        copy.take(second, (second + 1,))
        line.take(first, (first + 1,))
    for its, keys in (line, one), (copy, other):
        assert its.echo == of_next([*past, *keys[:n]])


def of_next(keys: list[int]) -> tuple[int, int]:
    """What stands beside the word after these."""
    return searched([*keys, 0])[-1]


def test_where_a_number_stood_last() -> None:
    assert earlier(np.array([5, 7, 5, 5, 9], np.uint64)).tolist() == [-1, -1, 0, 2, -1]
    assert earlier(np.zeros(0, np.uint64)).tolist() == []


def test_runs_double() -> None:
    """Pinned: `echoed` makes each from two of the one before."""
    assert ORDERS == (2, 4, 8, 16, 32)
    line = list(range(40)) * 2 + [0]
    assert of_whole(line)[-1].tolist() == [5, 1]
    assert of_whole(line)[40 + 16].tolist() == [4, 17]


def test_features_have_room_for_every_value_and_for_none() -> None:
    alike, pitch = echo_features(["pitch"], [128], after=2, shared=True)
    assert (alike.name, alike.size, alike.known_after) == ("alike", 6, 2)
    assert (pitch.name, pitch.size, pitch.known_after) == ("echo pitch", 129, 2)
    assert pitch.shared
    assert not alike.shared
    assert {(each.known_after, each.shared) for each in echo_features(["kind"], [9])} == {
        (-1, False)
    }


def test_rows_are_mixed_by_all_their_columns() -> None:
    """Two rows have one number exactly where they are alike."""
    rows = np.array([[1, 2], [2, 1], [1, 2], [0, 3]])
    keys = mixed(rows)
    assert keys[0] == keys[2]
    assert len(set(keys.tolist())) == 3
