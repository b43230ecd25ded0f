"""Models that ship: found by name, chosen by what a seed is like and not by their names."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musegen.score.files import read, write
from musegen.score.score import Notes, Part, Score, barlines_of_metre

Musegen = Callable[..., Any]
Ask = Callable[..., dict[str, Any]]
NAMES = {"abc": "tunes", "grid": "anna", "notes": "bert"}


@pytest.fixture
def shipped(no_shipped: Path, music: Path) -> Path:
    """A model of each vocabulary, as if they came with musegen."""
    for kind, name in NAMES.items():
        shutil.copytree(music / f"{kind}-model", no_shipped / name)
    return no_shipped


def odd_piece() -> Score:
    """What no model knows: an odd metre, a rare sound, notes off every grid."""
    notes = Notes.of([(t, 7, 90 + t % 5, 80) for t in range(0, 900, 9)])
    metre = np.array([[0, 7, 8]])
    lines = barlines_of_metre(metre, 900, 17)
    return Score(17, (Part("", 12, notes),), metre=metre, barlines=lines)


@pytest.mark.usefixtures("shipped")
def test_the_models_are_listed_a_line_each_in_80_columns(
    musegen: Musegen, music: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(music / "abc-model", here / "runs" / "mine")
    monkeypatch.setenv("COLUMNS", "80")
    head, *rows = musegen("models", "list").stdout.splitlines()
    assert head.split("  ")[0] == "model"
    assert [row.split()[0] for row in rows] == [*sorted(NAMES.values()), "mine"]
    assert [row.rstrip().endswith("with musegen") for row in rows] == [True] * 3 + [False]
    assert rows[-1].rstrip().endswith("runs/mine")
    measured = musegen("evaluate", music / "abc", "-m", "tunes")
    assert "\ntunes  " in measured.stdout
    assert "musegen generate --model tunes" in measured.stderr or "Warning" in measured.stderr


@pytest.mark.parametrize(("kind", "like"), [("abc", "1 part"), ("grid", "3 parts"), ("notes", "4")])
def test_the_shipped_model_that_suits_the_seed_is_taken(
    musegen: Musegen, music: Path, shipped: Path, kind: str, like: str
) -> None:
    made = musegen("generate", "--seed", music / f"{kind}.mid", "--bars", 2)
    assert made.exit_code == 0, made.output
    assert f"Composing with {NAMES[kind]}, which ships with musegen" in made.stderr
    assert f": like the seed, most of its pieces have {like}" in made.stderr
    assert "Warning" not in made.stderr


def test_without_a_seed_it_is_the_quick_one_or_one_that_has_the_instruments(
    musegen: Musegen, shipped: Path
) -> None:
    made = musegen("generate", "--bars", 2, "-o", "a.mid")
    assert made.exit_code == 0, made.output
    assert "Composing with tunes, which ships with musegen" in made.stderr
    band = musegen("generate", "--bars", 2, "--instruments", "flute,drums", "-o", "b.mid")
    assert "Composing with bert" in band.stderr


def test_a_model_of_ones_own_comes_first_and_a_seed_that_it_hardly_knows_is_told(
    musegen: Musegen, music: Path, shipped: Path
) -> None:
    assert musegen("train", music / "notes", "--steps", 2, "-q").exit_code == 0
    write(odd_piece(), "seed.mid")
    made = musegen("generate", "--seed", "seed.mid", "--bars", 1)
    assert made.exit_code == 0, made.output
    assert "the model trained last" in made.stderr
    assert "Warning: the seed is far from what the model knows" in made.stderr
    assert "metre 7/8" in made.stderr


def test_where_the_model_trained_last_cannot_one_that_ships_composes(
    musegen: Musegen, music: Path, shipped: Path
) -> None:
    call = ("generate", "--seed", music / "notes.mid", "--bars", 1)
    assert musegen("train", music / "abc", "--steps", 2, "-q").exit_code == 0
    made = musegen(*call)
    assert made.exit_code == 0, made.output
    assert "runs/abc, the model trained last, cannot: the seed does not suit" in made.stderr
    assert f"Composing with {NAMES['notes']}, which ships with musegen" in made.stderr
    own = musegen("generate", "--seed", music / "abc.mid", "--bars", 1)
    assert "Composing with" in own.stderr
    assert "runs/abc, the model trained last." in own.stderr
    shutil.rmtree(shipped / NAMES["notes"])
    refused = musegen(*call)
    assert refused.exit_code == 1
    assert "runs/abc, the model trained last, cannot do this: the seed does" in refused.stderr
    assert f"no model that ships can do this ({NAMES['grid']}: the seed does" in refused.stderr
    assert "-m ensemble" in refused.stderr  # the way out


def test_a_seed_that_no_shipped_model_knows_is_told_once(musegen: Musegen, shipped: Path) -> None:
    write(odd_piece(), "seed.mid")
    made = musegen("generate", "--seed", "seed.mid", "--bars", 1)
    assert made.exit_code == 0, made.output
    assert "which ships with musegen: of those that ship, it comes nearest." in made.stderr
    assert made.stderr.count("Warning: the seed is far from what the model knows") == 1
    assert "like the seed" not in made.stderr


def test_what_no_shipped_model_can_do_is_told_with_the_way_out(
    musegen: Musegen, music: Path, shipped: Path
) -> None:
    call = ("generate", "--seed", music / "notes.mid")
    wrong = musegen("generate", "--density", "foo")
    assert (wrong.exit_code, ": this model was never told a density" in wrong.stderr) == (1, True)
    refused = musegen(*call, "--accompany", "oboe")
    assert refused.exit_code == 1
    assert "no model that ships" in refused.stderr.lower()
    assert "musegen train" in refused.stderr
    shutil.rmtree(shipped / NAMES["notes"])
    assert musegen(*call).exit_code == 1


def test_a_name_stands_for_the_folder_everywhere(
    musegen: Musegen, ask: Ask, music: Path, shipped: Path
) -> None:
    assert [model["name"] for model in ask("models", "list")["models"]] == ["anna", "bert", "tunes"]
    assert "its pieces mostly have | 1 part (100 %)" in musegen("models", "show", "tunes").stdout
    Path("tunes").mkdir()  # music of the same name does not hide it
    calls = (
        ("generate", "-m", "tunes", "--bars", 1),
        ("evaluate", music / "abc", "-m", "tunes"),
        ("explain", music / "abc.mid", "-m", "tunes"),
        ("train", music / "abc", "--from", "tunes", "--steps", 1, "-o", "further"),
    )
    for call in calls:
        done = musegen(*call)
        assert done.exit_code == 0, done.output
    classified = musegen("classify", music / "abc.mid", "-m", "tunes")
    assert "style" in classified.stderr  # it knows none, and is found all the same


def test_a_piece_of_a_shipped_model_is_made_again(
    musegen: Musegen, music: Path, shipped: Path
) -> None:
    assert (
        musegen("generate", "--seed", music / "grid.mid", "--bars", 1, "-o", "a.mid").exit_code == 0
    )
    again = musegen("generate", "--again", "a.mid", "-o", "b.mid", "--seed", music / "grid.mid")
    assert "to the byte" in again.stderr, again.output


def test_play_composes_where_nothing_was_generated(
    musegen: Musegen, ask: Ask, shipped: Path
) -> None:
    found = ask("play")
    assert found["piece"] == "composed-1.mid"
    assert Path(found["wav"]).stat().st_size > 44_100
    assert read("composed-1.mid").n_bars >= 8  # repeats are played out
    assert "composed-1.mid" in musegen("play", "--wav", "again.wav").stderr
