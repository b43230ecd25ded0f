"""What a model's music is like: counted by class, held against any piece, and told in words."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import pytest

from musegen.evaluation.folders import shipped_models
from musegen.evaluation.profile import PROFILE, Profile, traits_of
from musegen.evaluation.trained import load
from musegen.score.files import read_all
from musegen.score.score import Score

KINDS = ("abc", "grid", "notes")
SETS = ("irish/valid", "chorales/valid", "ensemble/valid/game", "ensemble/valid/pop")


def profile_of(scores: list[Score]) -> Profile:
    return Profile.of(map(traits_of, scores), hears_sound=True)


def test_the_traits_of_a_band(make_score: Callable[..., Score]) -> None:
    found = traits_of(make_score("notes", 0))
    assert (found["parts"], found["metre"], found["sound"]) == (4, "4/4", "keyboards")
    assert found["at once"] == pytest.approx(3.5)  # the drums sound half of the time
    assert (found["even"], found["in chords"]) == (1.0, 1.0)
    assert 48 <= found["lowest"] <= 59
    assert 72 <= found["highest"] <= 83


def test_played_freely_is_uneven(make_score: Callable[..., Score]) -> None:
    score = make_score("abc", 0, ticks_per_quarter=480)
    (part,) = score.parts
    late = replace(part.notes, onset=part.notes.onset + part.notes.onset // 240 * 37 % 120)
    assert traits_of(replace(score, parts=(replace(part, notes=late),)))["even"] < 1


def test_a_piece_is_likeliest_among_its_like(make_score: Callable[..., Score]) -> None:
    profiles = {kind: profile_of([make_score(kind, n) for n in range(6)]) for kind in KINDS}
    for kind in KINDS:
        score = make_score(kind, 20, bars=2)
        likely = {name: profile.likelihood(score) for name, profile in profiles.items()}
        assert max(likely, key=likely.__getitem__) == kind
        assert profiles[kind].foreign(score) == []
    assert "1 part" in profiles["notes"].foreign(make_score("abc", 20))
    assert "1 part" in profiles["abc"].common(make_score("abc", 20))


def test_a_profile_stands_in_the_settings_and_none_makes_nothing_likely(
    make_score: Callable[..., Score],
) -> None:
    profile = profile_of([make_score("grid", n) for n in range(6)])
    config = json.loads(json.dumps({PROFILE: asdict(profile)}))
    assert Profile.of_config(config) == profile
    assert profile.mostly() == "3 parts (100 %), 4/4 (100 %), keyboards (100 %)"
    unknown = Profile.of_config({})
    score = make_score("grid", 0)
    assert (unknown.likelihood(score), unknown.foreign(score), unknown.mostly()) == (0.0, [], "")


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        [],
        {"pieces": "x", "classes": {}},
        {"pieces": 3},
        {"pieces": 3, "classes": {"parts": 4}},
        {"pieces": -1, "classes": {"parts": {"1": 1}}},
        {"pieces": 3, "classes": {"parts": {"many": 3}}},
    ],
)
def test_a_damaged_profile_tells_nothing(damaged: object, make_score: Callable[..., Score]) -> None:
    found = Profile.of_config({PROFILE: damaged})
    assert found.common(make_score("grid", 0)) == []
    assert found.mostly() == ""


def real(folder: Path, n: int) -> list[Score]:
    def scores() -> Iterator[Score]:
        for file in sorted(folder.rglob("*.*")):
            if file.suffix in (".mid", ".abc"):
                yield from (s for _, s in read_all(file) if isinstance(s, Score) and s.n_notes)

    return list(islice(scores(), n))


def test_real_music_is_told_apart(shared: Path) -> None:
    music = {name: real(shared / name, 9) for name in SETS}
    profiles = {name: profile_of(scores[:6]) for name, scores in music.items()}
    for name, scores in music.items():
        for score in scores[6:]:
            likely = {other: profile.likelihood(score) for other, profile in profiles.items()}
            assert max(likely, key=likely.__getitem__) == name


def test_models_that_ship_are_whole_and_say_what_they_learnt() -> None:
    usual = {"model.safetensors", "config.json", "card.md", "log.csv", "curves.svg", "seen.json"}
    for folder in (path for path in shipped_models().iterdir() if path.is_dir()):
        assert {path.name for path in folder.iterdir()} == {*usual, "passages.safetensors"}
        assert Profile.of_config(load(folder).config).pieces
