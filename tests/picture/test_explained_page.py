"""The page of what a model makes of a piece: true to what was found, small, and safe."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from musegen.evaluation.explain import explain
from musegen.evaluation.trained import SEEN, Trained, network_for
from musegen.network.next_word import NetworkSettings
from musegen.picture.explained_page import as_read, explained_page
from musegen.score.score import Score
from musegen.sound.recipe import recipe
from musegen.vocabulary.choose import build

KINDS = ("abc", "grid", "notes")
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
MakeScore = Callable[..., Score]


def explained(score: Score, kind: str, folder: Path, backbone: str) -> tuple[str, dict[str, Any]]:
    torch.manual_seed(0)
    vocabulary = build([score], kind)
    settings = NetworkSettings(backbone, width=16, depth=2, heads=2, context=40)
    (folder / SEEN).write_text(json.dumps({}))
    network = network_for(vocabulary, settings).eval()
    found = explain(Trained(network, vocabulary, {}, folder, ""), score, "piece")
    played = as_read(score, found)
    return explained_page(played, recipe(played), found, "piece"), found


def data(page: str, name: str) -> dict[str, Any]:
    shown = re.search(rf'id="{name}">(.*?)</script>', page, re.DOTALL)
    assert shown
    value: dict[str, Any] = json.loads(shown[1])
    return value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backbone", ["lstm", "transformer"])
def test_each_note_of_the_roll_has_what_was_found_of_it(
    tmp_path: Path, make_score: MakeScore, kind: str, backbone: str
) -> None:
    score = make_score(kind, 1, bars=8)
    page, found = explained(score, kind, tmp_path, backbone)
    piece, whole = data(page, "piece"), data(page, "whole")
    seen = set()
    for index, part in enumerate(piece["parts"]):
        for at, number in enumerate(part["number"]):
            note = found["notes"][number]
            assert (note["part"], note["pitch"]) == (index, part["pitch"][at])
            for name in ("onset", "duration"):
                ticks = note[name] / found["ticks_per_quarter"]
                assert part[name][at] / piece["ticksPerQuarter"] == pytest.approx(ticks)
            assert part["nats"][at] == pytest.approx(note["nats"], abs=0.006)
            told = {
                whole["fields"][field]: whole["names"][written]
                for field, _, written, *_ in part["fields"][at]
            }
            written = {k.replace("_", " "): name for k, (name, _) in note["written"].items()}
            assert told == written
            seen.add(number)
    assert seen == set(range(len(found["notes"])))
    assert bool(whole["attention"]) == (backbone == "transformer")
    assert bool(whole["distances"]) == (backbone == "lstm")


def test_heads_are_told_in_the_order_of_their_layers(tmp_path: Path, make_score: MakeScore) -> None:
    page, found = explained(make_score("notes", 1), "notes", tmp_path, "transformer")
    part = data(page, "piece")["parts"][0]
    note = found["notes"][part["number"][-1]]
    told = [head[::2] for head in part["heads"][-1]]
    assert told == [
        [word for word, weight in head if weight >= 0.01]
        for layer in note["attention"]
        for head in layer
    ]


def test_notes_are_as_loud_as_in_the_piece(tmp_path: Path, make_score: MakeScore) -> None:
    score = make_score("notes", 2)
    page, _ = explained(score, "notes", tmp_path, "lstm")
    for told, part in zip(data(page, "piece")["parts"], score.parts, strict=True):
        assert told["velocity"] == part.notes.velocity.tolist()


def test_no_word_of_the_piece_becomes_a_part_of_the_page(
    tmp_path: Path, make_score: MakeScore
) -> None:
    score = make_score("notes", 0)
    parts = tuple(replace(part, name=EVIL) for part in score.parts)
    page, _ = explained(replace(score, parts=parts, title=EVIL), "notes", tmp_path, "transformer")
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;img" in page
    assert not re.search(r"://|url\(|@import|fetch\(|XMLHttp|innerHTML| style=| on\w+=\"", page)


@pytest.mark.slow
def test_a_page_of_6000_notes_stays_small(tmp_path: Path, make_score: MakeScore) -> None:
    score = make_score("notes", 0, bars=250)
    page, found = explained(score, "notes", tmp_path, "transformer")
    assert len(page) / len(found["notes"]) < 4_000_000 / 6_000
