"""Figures with their unit: a model that knows nothing, one interval, and twins found out."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from musegen.corpus.prepare import Prepared, prepare
from musegen.errors import CorpusError, ModelError, NotFound
from musegen.evaluation import likelihood
from musegen.evaluation.evaluate import evaluate, evaluate_together, interval
from musegen.evaluation.folders import find_model
from musegen.evaluation.likelihood import field_nats, nats_per_unit
from musegen.evaluation.trained import SEEN, Trained, network_for
from musegen.network.backbones import BACKBONES
from musegen.network.next_word import NetworkSettings
from musegen.score.files import write
from musegen.score.score import Notes, Score

KINDS = ("abc", "grid", "notes")
KEYS = {
    *("model", "unit", "grid", "told", "end_counted", "split", "pieces", "units", "nats"),
    *("nats_per_unit", "interval", "notes", "nats_per_note", "per_field", "seen_in_training"),
    "baselines",
}


def untrained(prepared: Prepared, folder: Path, backbone: str = "gru") -> Trained:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    settings = NetworkSettings(backbone, width=16, depth=1, heads=2, context=24)
    network = network_for(prepared.vocabulary, settings).eval()
    folder.mkdir(exist_ok=True)
    seen = {piece.melody: piece.path for piece in prepared.of("train")}
    (folder / SEEN).write_text(json.dumps(seen))
    return Trained(network, prepared.vocabulary, {}, folder, "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_knows_nothing_costs_the_logarithm_of_each_size(
    tmp_path: Path, make_corpus: Callable[..., Path], kind: str
) -> None:
    prepared = prepare(make_corpus(tmp_path / "corpus", kind))
    model = untrained(prepared, tmp_path / "model")
    for weight in model.network.heads.parameters():
        torch.nn.init.zeros_(weight)
    pieces = prepared.of("valid")
    words = np.concatenate([prepared.words[p.start : p.stop] for p in pieces])
    asked = prepared.vocabulary.applies[words[:, 0]]
    sizes, shared = np.array(prepared.vocabulary.sizes), prepared.vocabulary.fields[0].shared
    costs = np.log(np.broadcast_to(sizes, words.shape))
    if shared:  # first whether it is one of the values that fields share, then which
        costs = np.log(sizes - shared + 1) + (words < shared) * np.log(shared)
    expected = (asked * costs).sum()
    found = evaluate(model, prepared, "valid")
    steps_alone = {"nats_per_unit_without_end"} if kind == "grid" else set()
    assert set(found) == KEYS | steps_alone
    assert found["nats"] == pytest.approx(expected, rel=1e-5)
    assert found["nats_per_unit"] == pytest.approx(expected / found["units"], rel=1e-5)
    assert sum(found["per_field"].values()) == pytest.approx(found["nats_per_unit"])
    assert found["nats_per_note"] == pytest.approx(expected / found["notes"], rel=1e-5)
    assert all(nats < found["nats_per_unit"] for nats in found["baselines"].values())
    json.dumps(found, allow_nan=False)


def test_steps_alone_are_measured_as_published_tables_do(
    tmp_path: Path, make_corpus: Callable[..., Path]
) -> None:
    """Of each step given that the piece goes on; in every key it is the mean's own end."""
    prepared = prepare(make_corpus(tmp_path / "corpus", "grid"))
    model = untrained(prepared, tmp_path / "model")
    for weight in model.network.heads.parameters():
        torch.nn.init.zeros_(weight)
    vocabulary = prepared.vocabulary
    pieces = prepared.of("valid")
    words = np.concatenate([prepared.words[p.start : p.stop] for p in pieces])
    words = words[words[:, 0] < vocabulary.end_value]
    shared = vocabulary.fields[0].shared
    kinds = np.array(vocabulary.sizes) - shared + 1
    costs = np.log(np.broadcast_to(kinds, words.shape)) + (words < shared) * np.log(shared)
    expected = (costs.sum() + len(words) * np.log(1 - 1 / kinds[0])) / words.size
    assert evaluate(model, prepared)["nats_per_unit_without_end"] == pytest.approx(expected)
    together = evaluate_together([model, model], [prepared, prepared])
    assert together["nats_per_unit_without_end"] == pytest.approx(expected)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_piece_costs_the_same_alone_and_among_others(
    tmp_path: Path,
    make_corpus: Callable[..., Path],
    make_score: Callable[..., Score],
    backbone: str,
) -> None:
    corpus = make_corpus(tmp_path / "corpus", "notes", 5)
    write(make_score("notes", 30, bars=40), corpus / "long.mid")  # longer than is read at once
    prepared = prepare(corpus)
    network = untrained(prepared, tmp_path / "model", backbone).network
    pieces = prepared.of("all")
    together = field_nats(network, prepared, pieces)
    assert set(together) == {piece.path for piece in pieces}
    for piece in pieces:
        alone = field_nats(network, prepared, [piece])[piece.path]
        assert alone.shape == (piece.stop - piece.start, len(prepared.vocabulary.sizes))
        np.testing.assert_allclose(alone, together[piece.path], atol=1e-4)
    total = sum(nats.sum() for nats in together.values())
    assert nats_per_unit(together, pieces) == pytest.approx(total / sum(p.units for p in pieces))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_what_is_read_in_stretches_costs_what_it_costs_at_once(
    tmp_path: Path,
    make_corpus: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    backbone: str,
) -> None:
    prepared = prepare(make_corpus(tmp_path / "corpus", "notes"))
    network = untrained(prepared, tmp_path / "model", backbone).network
    whole = field_nats(network, prepared, prepared.of("valid"))
    monkeypatch.setattr(likelihood, "_CHUNK", 7)
    parts = field_nats(network, prepared, prepared.of("valid"))
    for path, nats in whole.items():
        np.testing.assert_allclose(parts[path], nats, atol=1e-4)


def test_measuring_leaves_a_network_in_training(
    tmp_path: Path, make_corpus: Callable[..., Path]
) -> None:
    prepared = prepare(make_corpus(tmp_path / "corpus", "grid"))
    network = untrained(prepared, tmp_path / "model").network.train()
    one, two = (field_nats(network, prepared, prepared.of("valid")) for _ in range(2))
    assert network.training
    assert all(np.array_equal(one[path], two[path]) for path in one)  # no dropout


@given(
    st.lists(st.tuples(st.floats(0.5, 500), st.integers(1, 400)), min_size=1, max_size=30),
)
def test_the_interval_holds_within_the_extremes_and_narrows_with_more_pieces(
    pieces: list[tuple[float, int]],
) -> None:
    rates, units = np.array([r for r, _ in pieces]), np.array([u for _, u in pieces])
    nats = rates * units
    low, high = interval(nats, units)
    assert min(rates) - 1e-9 <= low <= high <= max(rates) + 1e-9
    many_low, many_high = interval(np.tile(nats, 50), np.tile(units, 50))
    assert many_high - many_low <= (high - low) + 1e-9
    assert many_low - 1e-9 <= nats.sum() / units.sum() <= many_high + 1e-9


def test_a_twin_in_another_key_is_known_to_have_been_learnt(
    tmp_path: Path, make_corpus: Callable[..., Path], make_score: Callable[..., Score]
) -> None:
    prepared = prepare(make_corpus(tmp_path / "corpus", "notes"))
    model = untrained(prepared, tmp_path / "model")
    path = prepared.of("train")[0].path
    score = make_score("notes", int(Path(path).stem))
    moved = (
        replace(p, notes=Notes.of(p.notes.rows + np.array([0, 0, 0 if p.is_drums else 3, -9])))
        for p in score.parts
    )
    other = tmp_path / "other"
    write_to(other / "twin.mid", replace(score, parts=tuple(moved), title="Other"))
    write_to(other / "new.mid", make_score("notes", 77))
    asked = prepare(other, vocabulary=prepared.vocabulary)
    assert evaluate(model, asked, "all")["seen_in_training"] == ["twin.mid"]


def write_to(path: Path, score: Score) -> None:
    path.parent.mkdir(exist_ok=True)
    write(score, path)


def test_baselines_are_left_out_where_they_learnt_what_is_measured(
    tmp_path: Path, make_corpus: Callable[..., Path]
) -> None:
    prepared = prepare(make_corpus(tmp_path / "corpus", "grid"))
    model = untrained(prepared, tmp_path / "model")
    for split in ("train", "all"):
        assert set(evaluate(model, prepared, split)["baselines"].values()) == {None}


def test_an_empty_split_is_told_with_a_way_out(
    tmp_path: Path, make_corpus: Callable[..., Path]
) -> None:
    prepared = prepare(make_corpus(tmp_path / "corpus", "grid"))
    with pytest.raises(CorpusError, match="no test pieces") as told:
        evaluate(untrained(prepared, tmp_path / "model"), prepared, "test")
    assert "--split all" in told.value.hint


def test_a_model_is_found_by_path_and_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "config.json").write_text("{}")
    assert find_model("mine") == Path("runs/mine")
    assert find_model(str(tmp_path / "runs")) == tmp_path / "runs"
    with pytest.raises(NotFound, match="no such model"):
        find_model("yours")


def test_a_model_without_its_list_of_what_it_learnt_from_is_damaged(
    tmp_path: Path, make_corpus: Callable[..., Path]
) -> None:
    prepared = prepare(make_corpus(tmp_path / "corpus", "grid"))
    model = untrained(prepared, tmp_path / "model")
    (tmp_path / "model" / SEEN).unlink()
    with pytest.raises(ModelError, match=SEEN):
        evaluate(model, prepared)
