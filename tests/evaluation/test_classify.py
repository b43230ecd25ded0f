"""Bayes' rule over styles: rows that sum to one, and never surer than held-out pieces allow."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.corpus.conditions import Conditions
from musegen.corpus.prepare import Encoded, Prepared, prepare
from musegen.errors import ModelError
from musegen.evaluation import classify as module
from musegen.evaluation.classify import (
    Calibration,
    calibrate,
    classify,
    confusion,
    held_out,
    posterior,
)
from musegen.evaluation.trained import Trained

THREE = Conditions(("a", "b", "c"), (6, 3, 1))
NATS = st.lists(st.floats(0, 1e4), min_size=3, max_size=3)


@given(st.lists(NATS, min_size=1, max_size=8), st.floats(1, 1000), st.integers(0, 10_000))
def test_probabilities_sum_to_one_and_leave_room_for_surprise(
    nats: list[list[float]], temperature: float, pieces: int
) -> None:
    p = posterior(np.array(nats), THREE, Calibration(temperature, pieces))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    prior = np.array(THREE.pieces) / 10
    assert (p >= prior / (pieces + 2) - 1e-12).all()


@given(NATS)
def test_with_endless_evidence_and_no_temperature_it_is_bayes_rule(nats: list[float]) -> None:
    found = posterior(np.array([nats]), THREE, Calibration(1.0, 10**12))[0]
    joint = [n * np.exp(min(nats) - x) for n, x in zip(THREE.pieces, nats, strict=True)]
    np.testing.assert_allclose(found, np.array(joint) / sum(joint), atol=1e-9)


@pytest.fixture
def prepared(tmp_path: Path, make_corpus: Callable[..., Path]) -> Prepared:
    """Styles a and b: six pieces and four to learn from, three and two of valid."""
    for side, name, n, first in (
        ("train", "a", 6, 0),
        ("train", "b", 4, 20),
        ("valid", "a", 3, 40),
        ("valid", "b", 2, 50),
    ):
        make_corpus(tmp_path / side / name, "grid", n, first=first)
    return prepare(tmp_path)


@pytest.fixture
def model(prepared: Prepared) -> Trained:
    """Knows the styles, and what it learnt from."""
    seen = {piece.melody: piece.path for piece in prepared.of("train")}
    conditions = Conditions.of(prepared, ("style",))
    made: Any = SimpleNamespace(
        conditions=conditions, network=None, config={}, folder=Path("model"), seen=lambda: seen
    )
    return made


def true_style(piece: Encoded) -> int:
    return "ab".index(Path(piece.path).parts[1])


def judged(nats: Callable[[Encoded], list[float]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every piece has these nats under styles a and b."""

    def style_nats(_: object, __: Prepared, pieces: list[Encoded], ___: object) -> np.ndarray:
        return np.array([nats(piece) for piece in pieces])

    monkeypatch.setattr(module, "style_nats", style_nats)


def test_a_model_that_is_always_right_stays_as_sure_as_it_is(
    prepared: Prepared, model: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(lambda piece: [50.0, 0.0] if true_style(piece) else [0.0, 50.0], monkeypatch)
    found = calibrate(model.network, prepared, model.conditions)
    assert found.pieces == 5
    assert found.temperature < 20


def test_one_that_is_wrong_as_often_as_right_is_not_believed(
    prepared: Prepared, model: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {piece.path: number for number, piece in enumerate(prepared.of("valid"))}
    judged(lambda piece: [50.0, 0.0] if held[piece.path] % 2 else [0.0, 50.0], monkeypatch)
    found = calibrate(model.network, prepared, model.conditions)
    assert found.temperature > 50
    p = posterior(np.array([[0.0, 50.0]]), model.conditions, found)
    assert p.max() < 0.9


def test_without_held_out_pieces_half_is_left_to_the_prior(
    prepared: Prepared, model: Trained
) -> None:
    none = Prepared(**{**vars(prepared), "pieces": tuple(prepared.of("train"))})
    found = calibrate(model.network, none, model.conditions)
    p = posterior(np.array([[0.0, 900.0]]), model.conditions, found)
    np.testing.assert_allclose(p, [[0.5 + 0.5 * 0.6, 0.5 * 0.4]])


def test_each_piece_is_answered_by_the_names_that_scripts_rely_on(
    prepared: Prepared, model: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(lambda piece: [9.0, 0.0] if true_style(piece) else [0.0, 9.0], monkeypatch)
    found = classify(model, prepared, prepared.pieces)
    assert len(found) == 15
    for file, piece in zip(found, prepared.pieces, strict=True):
        assert list(file) == ["path", "style", "probabilities", "seen_in_training"]
        assert Path(file["path"]) == prepared.survey.root / piece.path
        assert file["style"] == "ab"[true_style(piece)]
        assert file["seen_in_training"] == (piece.split == "train")
        assert list(file["probabilities"]) == ["a", "b"]
    assert classify(model, prepared, []) == []


def test_a_model_that_knows_no_style_says_how_to_get_one(prepared: Prepared) -> None:
    made: Any = SimpleNamespace(conditions=Conditions())
    with pytest.raises(ModelError, match="never told a style") as told:
        classify(made, prepared, prepared.pieces)
    assert "sub-folder for each style" in told.value.hint


def test_confusions_count_held_out_pieces_alone_with_baselines_from_the_learnt(
    prepared: Prepared, model: Trained
) -> None:
    pieces = held_out(model, prepared)
    assert {piece.path for piece in pieces} == {piece.path for piece in prepared.of("valid")}
    guesses = ["a"] * len(pieces)
    found = confusion(model, prepared, pieces, guesses)
    assert found["accuracy"] == found["baselines"]["majority"] == 3 / 5
    assert found["confusion"] == {"a": {"a": 3, "b": 0}, "b": {"a": 2, "b": 0}}
    low, high = found["interval"]
    assert low == pytest.approx(0.2307, abs=1e-4)  # Wilson's for 3 of 5
    assert high == pytest.approx(0.8824, abs=1e-4)
    assert 0 <= found["baselines"]["ngram"] <= 1
    strange = Prepared(**{**vars(prepared), "pieces": tuple(pieces)})
    assert confusion(model, strange, pieces, guesses)["baselines"] == {
        "majority": None,
        "ngram": None,
    }
