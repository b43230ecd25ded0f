"""How long, how fast: times as people write them, and the factor on the learning rates."""

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.errors import UsageError
from musegen.training.schedule import Extent, rate, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("10m", 600),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("2d", 172_800),
        (" 5m ", 300),
        ("10M", 600),
        ("0.5", 0.5),
    ],
)
def test_times_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "0", "0s", "-5m", "m", "5x", "ten", "1h30", "5 m", "1..5m", "nan", "inf", "1e3", "5m!"],
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="no length of time") as told:
        seconds_of(text)
    assert "10m" in told.value.hint


@given(st.text(alphabet="0123456789.smhd ", max_size=60))
def test_any_text_is_answered_at_once(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert 0 < seconds_of(text) < float("inf")


def test_a_long_number_is_refused_at_once() -> None:
    with pytest.raises(UsageError):
        seconds_of("1" * 50_000 + "x")


def test_the_rate_rises_shortly_then_falls_to_almost_none() -> None:
    shares = [i / 1000 for i in range(1001)]
    rates = [rate(share) for share in shares]
    peak = rates.index(max(rates))
    assert 0 < rates[0] < 0.05
    assert shares[peak] == pytest.approx(0.03, abs=0.002)
    assert max(rates) == pytest.approx(1.0, abs=1e-3)
    assert rates[-1] == pytest.approx(0.02)
    assert all(a < b for a, b in pairwise(rates[: peak + 1]))
    assert all(a > b for a, b in pairwise(rates[peak:]))
    assert max(abs(a - b) for a, b in pairwise(rates)) < 0.05  # no jumps


def test_steps_count_where_they_are_given_and_seconds_else() -> None:
    assert Extent(seconds=10).share(steps=99, seconds=5) == 0.5
    assert Extent(seconds=10, steps=100).share(steps=25, seconds=9) == 0.25
    assert Extent(seconds=10).share(steps=0, seconds=99) == 1.0
