"""What is told of one piece adds up to what `evaluate` says of it, and is of its notes."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from musegen.corpus.prepare import prepare
from musegen.errors import ModelError, UsageError
from musegen.evaluation.evaluate import evaluate
from musegen.evaluation.explain import explain
from musegen.evaluation.reach import distances
from musegen.evaluation.reading import FAR, Piece, gradients
from musegen.evaluation.trained import SEEN, Trained, network_for
from musegen.network.next_word import NetworkSettings
from musegen.score.files import read, write
from musegen.score.score import Notes, Part, Score
from musegen.vocabulary.choose import build
from musegen.vocabulary.value_names import length_name

KINDS = ("abc", "grid", "notes")
MakeScore = Callable[..., Score]


def untrained(score: Score, kind: str, folder: Path, backbone: str = "gru") -> Trained:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    vocabulary = build([score], kind)
    settings = NetworkSettings(backbone, width=16, depth=2, heads=2, context=40)
    (folder / SEEN).write_text(json.dumps({}))
    network = network_for(vocabulary, settings).eval()
    return Trained(network, vocabulary, {}, folder, "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backbone", ["lstm", "transformer"])
def test_nats_of_notes_and_of_the_rest_add_up_to_what_evaluate_says(
    tmp_path: Path, make_score: MakeScore, kind: str, backbone: str
) -> None:
    file = tmp_path / f"piece.{'abc' if kind == 'abc' else 'mid'}"
    write(make_score(kind, 3, bars=40), file)  # longer than is read at once, in notes
    score = read(file)
    model = untrained(score, kind, tmp_path, backbone)
    found = explain(model, score, str(file))
    measured = evaluate(model, prepare(file, vocabulary=model.vocabulary), "all")
    assert len(found["notes"]) == score.n_notes
    assert found["units"] == measured["units"]
    assert found["nats"] == pytest.approx(measured["nats"], rel=1e-5)
    assert found["nats_per_note"] == pytest.approx(measured["nats_per_note"], rel=1e-5)
    for name, nats in measured["per_field"].items():
        assert found["per_field"][name] == pytest.approx(nats * found["units"], rel=1e-4, abs=1e-3)
        of_notes = sum(note["per_field"].get(name, 0) for note in found["notes"])
        of_rest = found["between"]["per_field"][name]
        assert of_notes + of_rest == pytest.approx(found["per_field"][name], abs=0.01)
    of_notes = sum(note["nats"] for note in found["notes"])
    assert of_notes + found["between"]["nats"] == pytest.approx(found["nats"])
    assert sum(bar["nats"] for bar in found["bars"]) == pytest.approx(found["nats"])
    assert sum(bar["notes"] for bar in found["bars"]) == score.n_notes
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("kind", KINDS)
def test_notes_are_those_of_the_piece_in_its_own_parts(
    tmp_path: Path, make_score: MakeScore, kind: str
) -> None:
    score = make_score(kind, 5)
    score = replace(score, parts=score.parts[::-1])
    found = explain(untrained(score, kind, tmp_path), score, "piece")
    told = [
        (
            note["part"],
            note["onset"] * 48 // found["ticks_per_quarter"],
            note["duration"] * 48 // found["ticks_per_quarter"],
            note["pitch"],
        )
        for note in found["notes"]
    ]
    expected = [
        (number, *row[:3])
        for number, part in enumerate(score.parts)
        for row in part.notes.rows.tolist()
    ]
    assert sorted(told) == sorted(expected)
    assert [part["name"] for part in found["parts"]] == [part.name for part in score.parts]
    for number, note in enumerate(found["notes"]):
        assert number in found["words"][note["word"]]["notes"]
        assert (
            found["words"][note["word"]]["bar"]
            == note["bar"]
            == 1 + note["onset"] // (4 * found["ticks_per_quarter"])
        )


@pytest.mark.parametrize("kind", KINDS)
def test_notes_are_spelled_by_the_key_that_stands(
    tmp_path: Path, make_score: MakeScore, kind: str
) -> None:
    line = Notes.of((tick, 48, 68, 80) for tick in range(0, 16 * 48, 48))
    score = make_score(kind, 1)
    parts = tuple(replace(part, notes=line, is_drums=False) for part in score.parts)
    key = np.array([(0, 0, 5, 0), (8 * 48, -3, 0, 0)])  # A minor, then E flat major
    score = replace(score, parts=parts, key=key)
    if kind == "abc":
        write(score, tmp_path / "tune.abc")
        score = read(tmp_path / "tune.abc")
    found = explain(untrained(score, kind, tmp_path), score, "piece")
    half = 8 * found["ticks_per_quarter"]
    for note in found["notes"]:
        assert note["name"] == ("Ab4" if note["onset"] >= half else "G#4")
        written = [name for name, _ in note["written"].values()]
        assert any(name.startswith(note["name"]) for name in written)
        assert note["name"] in found["words"][note["word"]]["name"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_likeliest_values_are_those_that_the_nats_are_measured_by(
    tmp_path: Path, make_score: MakeScore, kind: str
) -> None:
    score = make_score(kind, 1)
    found = explain(untrained(score, kind, tmp_path), score, "piece")
    for note in found["notes"]:
        assert set(note["written"]) == set(note["likeliest"]) == set(note["per_field"])
        for field, (name, p) in note["written"].items():
            likely = note["likeliest"][field]
            shares = [share for _, share in likely]
            assert shares == sorted(shares, reverse=True)
            assert sum(shares) <= 1.001
            assert dict(likely).get(name, p) == pytest.approx(p, abs=2e-5)
            assert p <= shares[0] + 2e-5
            if kind == "notes":  # a word for every note
                assert note["per_field"][field] == pytest.approx(-np.log(p), rel=0.01, abs=1e-3)
    named = {"abc": "lexeme", "grid": None, "notes": "pitch"}[kind]
    for note in found["notes"]:
        name, _ = note["written"][named or next(iter(note["written"]))]
        assert name.startswith(note["name"])


@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_attention_sum_to_one_over_earlier_words(
    tmp_path: Path, make_score: MakeScore, kind: str
) -> None:
    score = make_score(kind, 2, bars=12)
    model = untrained(score, kind, tmp_path, "transformer")
    whole = explain(model, score, "piece", few=50)  # all that a context of 40 holds
    few = explain(model, score, "piece")
    assert whole["attention"] == {"layers": 2, "heads": 2}
    for note, less in zip(whole["notes"], few["notes"], strict=True):
        for layer, few_of_layer in zip(note["attention"], less["attention"], strict=True):
            for head, strongest in zip(layer, few_of_layer, strict=True):
                words, weights = zip(*head, strict=True)
                assert sum(weights) == pytest.approx(1, abs=1e-3)
                assert max(words) == note["word"] - 1
                assert min(words) == max(note["word"] - 40, -1)
                assert len(set(words)) == len(words) == min(note["word"] + 1, 40)
                assert [weight for _, weight in strongest] == list(weights[:3])


@pytest.mark.parametrize("backbone", ["rnn", "gru", "lstm"])
def test_gradients_are_those_of_the_piece_read_at_once(
    tmp_path: Path, make_score: MakeScore, backbone: str
) -> None:
    score = make_score("notes", 4, bars=30)
    model = untrained(score, "notes", tmp_path, backbone)
    words = model.vocabulary.encode(score)
    piece = Piece.of(model.network, words, model.vocabulary.features_of(words))
    asked = np.array([0, 5, FAR - 1, FAR, 2 * FAR + 7, len(words) - 1])
    fields = np.random.default_rng(0).random((len(asked), words.shape[1])) < 0.7
    far = distances(FAR)
    found = gradients(model.network, piece, asked, fields, far)
    inputs = model.network.embedding(piece.before[None], piece.features[None]).detach()
    inputs.requires_grad_()
    hidden, _ = model.network.backbone(inputs)
    log_p = model.network.heads.log_prob(hidden[0], piece.words, piece.features)
    for at, which, norms in zip(asked.tolist(), fields, found, strict=True):
        loss = log_p[at, torch.from_numpy(which)].sum()
        (slope,) = torch.autograd.grad(loss, inputs, retain_graph=True)
        expected = [float(slope[0, at + 1 - k].norm()) for k in far if k <= at]
        np.testing.assert_allclose(norms, expected, rtol=1e-3, atol=1e-7)


def test_gradients_are_told_of_the_most_surprising_notes(
    tmp_path: Path, make_score: MakeScore
) -> None:
    score = make_score("notes", 4, bars=30)
    found = explain(untrained(score, "notes", tmp_path), score, "piece")
    told = [note["nats"] for note in found["notes"] if "gradient" in note]
    assert len(told) == 256
    assert min(told) >= max(n["nats"] for n in found["notes"] if "gradient" not in n)
    assert found["gradient"] == {"distances": distances(FAR)}
    assert found["attention"] is None


def test_bars_are_ranked_by_nats_a_note_and_numbered_from_the_first_full_one(
    tmp_path: Path,
) -> None:
    tune = tmp_path / "tune.abc"
    tune.write_text("X:1\nM:3/4\nL:1/4\nK:G\nD|GAB|z3|cBA|G2z|GFG|A2D|G2|]\n")
    score = read(tune)
    found = explain(untrained(score, "abc", tmp_path), score, "tune.abc")
    assert [bar["bar"] for bar in found["bars"]] == list(range(8))
    assert [bar["notes"] for bar in found["bars"]] == [1, 3, 0, 3, 1, 3, 2, 1]
    assert [bar["onset"] for bar in found["bars"]][:3] == [0, 480, 480 * 4]
    assert found["bars"][2]["nats_per_note"] is None
    worst, best = found["worst_bars"], found["best_bars"]
    assert len(worst) == len(best) == 3
    rates = [bar["nats_per_note"] for bar in [*worst, *best[::-1]]]
    assert rates == sorted(rates, reverse=True)
    for bar in worst:
        for surprise in bar["surprises"]:
            note = found["notes"][surprise["note"]]
            assert note["bar"] == bar["bar"]
            assert note["written"][surprise["field"]] == surprise["written"]


def test_a_chord_of_a_tune_shares_its_nats_alike(tmp_path: Path) -> None:
    tune = tmp_path / "tune.abc"
    tune.write_text("X:1\nM:4/4\nL:1/4\nK:C\n[CEG]2 E2|]\n")
    score = read(tune)
    notes = explain(untrained(score, "abc", tmp_path), score, "tune.abc")["notes"]
    assert [note["name"] for note in notes] == ["C4", "E4", "G4", "E4"]
    assert len({note["nats"] for note in notes[:3]}) == 1
    name, p = notes[0]["written"]["lexeme"]
    assert name == "C4 E4 G4 half"
    assert 3 * notes[0]["nats"] == pytest.approx(-np.log(p), rel=1e-3)


def test_what_cannot_be_read_is_told_of_its_file(tmp_path: Path, make_score: MakeScore) -> None:
    model = untrained(make_score("abc", 0), "abc", tmp_path)
    with pytest.raises(ModelError, match=r"^band\.mid: it is no tune"):
        explain(model, make_score("notes", 0), "band.mid")
    silent = Score(48, (Part("", 0, Notes.of([])),))
    with pytest.raises(UsageError, match=r"^rest\.mid: has no notes"):
        explain(model, silent, "rest.mid")


def test_lengths_have_their_names() -> None:
    names = {4: "whole", 3: "dotted half", "1/3": "triplet eighth", "5/4": "5/4 quarters"}
    assert [length_name(Fraction(length)) for length in names] == list(names.values())
