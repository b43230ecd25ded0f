"""The page of a piece: whole, offline, safe against the piece's own words, and true to it."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np

from musegen.picture.score_page import score_page
from musegen.score.score import Notes, Part, Score
from musegen.sound.recipe import recipe
from musegen.sound.timbre import TIMBRES

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def data(page: str, name: str) -> dict[str, Any]:
    found = re.search(rf'id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found
    value: dict[str, Any] = json.loads(found[1])
    return value


def test_the_notes_and_the_time_they_stand_in_are_on_the_page(make_score: Any) -> None:
    score = make_score("notes", 0)
    piece = data(score_page(score, recipe(score)), "piece")
    assert piece["barlines"] == score.barlines.tolist()
    assert piece["tempo"] == score.tempo.tolist()
    for told, part in zip(piece["parts"], score.parts, strict=True):
        columns = (told[name] for name in ("onset", "duration", "pitch", "velocity"))
        assert Notes(*columns) == part.notes
        assert ("rings" in told) == bool(len(part.pedal))


def test_a_note_is_called_as_its_key_spells_it(make_score: Any) -> None:
    key = np.array([(0, 0, 5, 0), (96, -3, 0, 0)])
    score = replace(make_score("grid", 1), key=key)
    spelled = data(score_page(score, recipe(score)), "piece")["spelled"]
    assert [(tick, names[8]) for tick, names in spelled] == [(0, "G#4"), (96, "Ab4")]


def test_the_sounds_are_those_of_the_synthesiser(make_score: Any) -> None:
    score = make_score("notes", 0)
    sound = data(score_page(score, recipe(score)), "sound")
    assert sorted(sound["timbres"], key=int) == ["0", "32", "73"]
    assert sound["timbres"]["73"]["vibrato"] == TIMBRES[73].vibrato
    assert set(sound["drums"]) == {"36", "42"}
    assert [len(rows) for rows in sound["parts"]] == [1, 1, 1, 1]


def test_no_word_of_the_piece_becomes_a_part_of_the_page(make_score: Any) -> None:
    score = make_score("notes", 0)
    parts = (replace(score.parts[0], name=EVIL), *score.parts[1:])
    score = replace(score, parts=parts, title=EVIL)
    page = score_page(score, recipe(score), made=[("seed", EVIL)])
    assert "<script>alert" not in page
    assert "<img" not in page
    assert data(page, "piece")["parts"][0]["name"] == EVIL


def test_only_its_own_script_and_rules_may_act_and_nothing_is_fetched(make_score: Any) -> None:
    score = make_score("abc", 0)
    page = score_page(score, recipe(score))
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy.startswith("default-src 'none';")
    for element in ("script", "style"):
        (own,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy
    assert not re.search(r"://|url\(|@import|fetch\(|XMLHttp|innerHTML| style=| on\w+=", page)


def test_what_is_new_and_what_made_it_are_told(make_score: Any) -> None:
    score = make_score("notes", 0)
    page = score_page(score, recipe(score), new=[(384, 768, None)], made=[("model", "abc123")])
    assert data(page, "piece")["new"] == [[384, 768, None]]
    assert "on yellow ground" in page
    assert "abc123" in page
    assert "What made it" not in score_page(score, recipe(score))
    assert "all of it composed" in score_page(score, recipe(score), new=[(0, score.end, None)])


def test_a_piece_without_notes_bars_or_parts_has_a_page() -> None:
    for score in (Score(48, ()), Score(48, (Part("", 0, Notes.of([])),))):
        assert data(score_page(score, recipe(score)), "piece")["end"] == 0
