"""Music that goes round in circles is found, and drawn anew."""

from collections.abc import Callable

import numpy as np
import pytest

from musegen.evaluation.trained import Trained
from musegen.generation.compose import Composed, compose, compose_again
from musegen.generation.loops import Loops
from musegen.generation.plan import Plan
from musegen.generation.sampling import Sampling
from musegen.score.score import Notes, Part, Score, barlines_of_metre

MakeModel = Callable[..., Trained]


def bars(pitches: list[int]) -> Score:
    """A bar of one whole note for each pitch; a rest for 0."""
    rows = [(4 * bar, 4, pitch, 80) for bar, pitch in enumerate(pitches) if pitch]
    metre = np.array([[0, 4, 4]])
    lines = barlines_of_metre(metre, 4 * len(pitches), 1)
    return Score(1, (Part("", 0, Notes.of(rows)),), metre=metre, barlines=lines)


def composed(score: Score) -> Composed:
    return Composed(score, np.zeros((0, 1), np.int16), 0, np.zeros(0), True)


@pytest.mark.parametrize(
    ("pitches", "bar"),
    [
        ([60, 62] + [64] * 9 + [65], None),
        ([60, 62] + [64] * 10 + [65], 11),
        ([60] + [0] * 10, 10),  # silence goes round as well
        ([60, 62] * 6, 11),
        ([60, 62] * 5 + [60], None),
        ([60, 62, 64, 65] * 4, 15),
        ([60, 62, 64, 65] * 3 + [60, 62, 64, 67], None),
        (list(range(40, 80)), None),
    ],
)
def test_the_first_bar_too_many_is_told(pitches: list[int], bar: int | None) -> None:
    loops = Loops(Plan())
    assert loops(composed(bars(pitches))) == bar
    assert loops.met == (bar is not None)


def test_a_seed_that_goes_round_may_go_on() -> None:
    seed, more = [60] * 15, [60] * 12
    plan = Plan(12, bars(seed))
    assert Loops(plan)(composed(bars(seed + more))) is None
    assert Loops(Plan(12, bars([60, 62])))(composed(bars([60, 62, *more]))) == 9
    assert Loops(Plan(12, bars([60, 62]), omit_seed=True))(composed(bars(more))) == 9


def test_at_temperature_zero_a_loop_is_left(
    make_model: MakeModel, make_score: Callable[..., Score]
) -> None:
    """A likeliest word that never changes: a chord or a rest, for ever."""
    seed = make_score("grid", 8, ticks_per_quarter=480)
    model, plan = make_model("grid"), Plan(30, seed)
    safe = Sampling(temperature=0)
    found = compose(model, plan, sampling=safe)[0]
    loops = Loops(plan)
    first = Loops(plan)(found)
    assert first is not None, "the small model was to go round"
    other = compose_again(model, plan, found, loops, sampling=safe)
    after = Loops(plan)(other)
    assert after is None or after > first or loops.met >= 20
    assert other.score.n_bars == seed.n_bars + 30
    kept = int(seed.barlines[-1])
    for old, new in zip(seed.parts, other.score.parts, strict=True):
        assert new.notes.rows[new.notes.onset < kept].tolist() == old.notes.rows.tolist()
