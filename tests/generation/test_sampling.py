"""How a value is drawn: the cuts against an oracle that goes value by value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.errors import UsageError
from musegen.generation.sampling import Sampling, draw, probabilities, read_temperature

SIZES = st.integers(2, 9)


def oracle(scores: list[float], legal: list[bool], sampling: Sampling) -> dict[int, float]:
    """The same in words: rank what is legal, then strike out from the end of the list."""
    best = max(s for s, ok in zip(scores, legal, strict=True) if ok)
    mass = {
        i: float(np.exp(np.float64(s - best) / sampling.temperature))
        for i, (s, ok) in enumerate(zip(scores, legal, strict=True))
        if ok
    }
    total = sum(mass.values())
    ranked = sorted(((m / total, i) for i, m in mass.items()), reverse=True)
    if 0 < sampling.top_k < len(ranked):
        ranked = ranked[: sampling.top_k]
    held, kept = 0.0, []
    whole = sum(p for p, _ in ranked)
    for p, i in ranked:
        if kept and held >= sampling.top_p * whole:
            break
        kept.append((p, i))
        held += p
    kept = [(p, i) for p, i in kept if p >= sampling.min_p * kept[0][0]]
    whole = sum(p for p, _ in kept)
    return {i: p / whole for p, i in kept if p}


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[float], list[bool], Sampling]:
    size = draw(SIZES)
    numbers = draw(st.permutations(range(size)))  # no two alike: ties have no one right answer
    scores = [n * draw(st.floats(0.1, 2)) / 2 for n in numbers]
    scores = [s + 0.01 * i for i, s in enumerate(scores)]
    legal = draw(st.lists(st.booleans(), min_size=size, max_size=size).filter(any))
    sampling = Sampling(
        draw(st.sampled_from([0.3, 1.0, 1.7, 2.0])),
        draw(st.integers(0, 10)),
        draw(st.sampled_from([0.05, 0.31, 0.77, 1.0])),
        draw(st.sampled_from([0.0, 0.043, 0.37, 1.0])),
    )
    return scores, legal, sampling


@given(cases())
def test_the_cuts_leave_what_the_oracle_leaves(
    case: tuple[list[float], list[bool], Sampling],
) -> None:
    scores, legal, sampling = case
    p = probabilities(np.array([scores]), np.array([legal]), sampling)
    expected = oracle(scores, legal, sampling)
    assert p.sum() == pytest.approx(1.0)
    assert p[0].tolist() == pytest.approx([expected.get(i, 0.0) for i in range(len(scores))])


@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4).filter(any),
    st.floats(0, 1e300),
    st.integers(0, 5),
    st.floats(0, 1, exclude_min=True),
    st.floats(0, 1),
)
def test_every_setting_leaves_something_and_nothing_illegal(
    scores: list[float], legal: list[bool], temperature: float, k: int, top_p: float, min_p: float
) -> None:
    sampling = Sampling(temperature, k, top_p, min_p)
    row, mask = np.array([scores]), np.array([legal])
    p = probabilities(row, mask, sampling)
    assert p.sum() == pytest.approx(1.0)
    assert not p[~mask].any()
    assert legal[draw(row, mask, sampling, np.random.default_rng(0))[0]]


@given(st.lists(cases(), min_size=2, max_size=4), st.integers(0, 9))
def test_each_row_is_drawn_from_as_if_it_stood_alone(
    several: list[tuple[list[float], list[bool], Sampling]], seed: int
) -> None:
    """And another number for the likelihood of all values alike changes nothing."""
    sampling = several[0][2]
    scores, legal = np.full((len(several), 9), -1.5), np.zeros((len(several), 9), bool)
    for row, (its, mask, _) in enumerate(several):
        scores[row, : len(its)], legal[row, : len(its)] = its, mask
    p = probabilities(scores, legal, sampling)
    for row in range(len(several)):
        one = slice(row, row + 1)
        assert p[row].tolist() == probabilities(scores[one], legal[one], sampling)[0].tolist()
        higher = probabilities(scores[one] + 7 * row + 7, legal[one], sampling)[0]
        assert p[row].tolist() == pytest.approx(higher.tolist())
    chances = np.random.default_rng(seed).random(len(several))
    drawn = draw(scores, legal, sampling, Fixed(chances))
    alone = [
        draw(scores[row : row + 1], legal[row : row + 1], sampling, Fixed(chances[row : row + 1]))
        for row in range(len(several))
    ]
    assert drawn.tolist() == [int(value[0]) for value in alone]


class Fixed(np.random.Generator):
    """Chance that is what it is told to be."""

    def __init__(self, numbers: np.ndarray) -> None:
        super().__init__(np.random.PCG64())
        self.numbers = numbers

    def random(self, size: object = None, *_: object, **__: object) -> np.ndarray:
        return self.numbers.reshape(size)  # type: ignore[arg-type]


def test_the_least_chance_that_there_is_draws_nothing_illegal() -> None:
    scores, legal = np.zeros((1, 4)), np.array([[False, False, True, True]])
    assert draw(scores, legal, Sampling(), Fixed(np.zeros(1))).tolist() == [2]


def test_the_values_that_just_hold_the_probability_are_enough() -> None:
    p = probabilities(np.zeros((1, 4)), np.ones((1, 4), bool), Sampling(top_p=0.5))
    assert p.tolist() == [[0.5, 0.5, 0, 0]]


@pytest.mark.parametrize("k", [1, 7, 499])
def test_of_many_values_so_many_stay_as_are_asked_for(k: int) -> None:
    scores = np.random.default_rng(0).permutation(500)[None] / 500
    kept = np.flatnonzero(probabilities(scores, np.ones((1, 500), bool), Sampling(top_k=k))[0])
    assert sorted(scores[0, kept]) == [n / 500 for n in range(500 - k, 500)]


def test_no_temperature_is_too_low() -> None:
    legal = np.ones((1, 3), bool)
    p = probabilities(np.array([[0.0, 1e10, 0.0]]), legal, Sampling(1e-305))
    assert p.tolist() == [[0, 1, 0]]


@given(st.lists(st.floats(-50, 50, width=32), min_size=5, max_size=5, unique=True))
def test_temperature_zero_is_the_likeliest_legal_value(scores: list[float]) -> None:
    legal = np.array([[True, False, True, True, False]])
    value = draw(np.array([scores]), legal, Sampling(0), np.random.default_rng(0))
    assert value[0] == max((0, 2, 3), key=lambda i: scores[i])


def test_values_come_as_often_as_they_are_likely() -> None:
    scores = np.log1p(np.broadcast_to([0.0, 1.0, 2.0], (20_000, 3)))
    drawn = draw(scores, np.ones((20_000, 3), bool), Sampling(), np.random.default_rng(0))
    assert (np.bincount(drawn) / 20_000).tolist() == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=0.015)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_p": float("nan")},
        {"min_p": -0.1},
        {"min_p": 1.1},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be"):
        Sampling(**wrong)  # type: ignore[arg-type]


def test_a_field_has_the_temperature_asked_for_it_and_others_that_of_all() -> None:
    names = ["kind", "instrument", "pitch", "length_beats", "length_ticks"]
    sampling = Sampling(0.5, top_k=3, of_field={"pitch": 0.8, "duration": 1.1})
    drawn = sampling.for_fields(names)
    assert [field.temperature for field in drawn] == pytest.approx([0.5, 0.5, 0.8, 1.1, 1.1])
    freer = sampling.for_fields(names, freer=True)
    assert [field.temperature for field in freer] == pytest.approx([0.5, 0.6, 0.8, 1.1, 1.1])
    assert {field.top_k for field in drawn} == {3}


def test_what_is_unlikely_is_cut_of_a_note_and_never_of_who_plays_it() -> None:
    names = ["kind", "instrument", "pitch", "voice 1", "lexeme"]
    cut = [field.min_p or 0 for field in Sampling().for_fields(names)]
    assert cut == [0, 0, 0.05, 0, 0]
    assert {field.min_p for field in Sampling(min_p=0.0).for_fields(names)} == {0.0}
    assert {field.min_p for field in Sampling(min_p=0.2).for_fields(names)} == {0.2}


def test_a_field_that_the_model_lacks_is_named_with_those_it_has() -> None:
    with pytest.raises(UsageError, match="no field called tempo") as caught:
        Sampling(of_field={"tempo": 1.0}).for_fields(["kind", "length_beats"])
    assert caught.value.hint == "This model's fields: duration, kind, length_beats."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.9", (0.9, {})),
        ("pitch=0.8, duration=1.1", (1.0, {"pitch": 0.8, "duration": 1.1})),
        ("0.9,voice 1=0", (0.9, {"voice 1": 0.0})),
    ],
)
def test_temperatures_are_written_with_or_without_fields(text: str, found: object) -> None:
    assert read_temperature(text) == found


@pytest.mark.parametrize("text", ["", "hot", "pitch=", "pitch", "=,"])
def test_what_is_no_temperature_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no temperature"):
        read_temperature(text)
