"""How long what `musegen generate` composes is, and how its bars are counted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from musegen.score.bars import pickups
from musegen.score.files import read

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("kind", ["notes", "grid", "abc"])
def test_seconds_become_whole_bars(ask: Ask, music: Path, kind: str) -> None:
    model, seed = music / f"{kind}-model", music / f"{kind}.mid"
    old = read(seed)
    bar = 4 * old.tempo[0, 1] / 1e6
    asked = ("--seed", seed, "--seconds", 2.2 * bar)
    assert ask("generate", "-m", model, *asked, "-o", "a.mid")["files"][0]["new_bars"] == 2
    if kind != "notes":
        made = ask("generate", "-m", model, "--seconds", 8, "--tempo", 60, "-o", "c.mid")
        assert made["files"][0]["new_bars"] == 2


def test_bars_are_numbered_from_the_first_full_one(ask: Ask, musegen: Musegen, music: Path) -> None:
    ask("train", music / "abc", "-o", "abc", "--steps", 2, "--tell", "given")
    Path("seed.abc").write_text("X:1\nT:s\nM:4/4\nL:1/4\nK:C\nG|CDEF|GABc|cBAG|FEDC|]\n")
    call = ("generate", "-m", "abc", "--seed", "seed.abc")
    seed = read("seed.abc")
    (made,) = ask(*call, "--continue-from", 3, "--bars", 4, "-o", "a.abc")["files"]
    assert (made["bars"], made["new_bars"]) == (6, 4)
    notes = seed.parts[0].notes.rows
    assert read("a.abc").parts[0].notes.rows[:9].tolist() == notes[:9].tolist()  # a pickup and two
    assert ask(*call, "--continue-from", 1, "--bars", 4, "-o", "b.abc")["files"][0]["bars"] == 4
    ask(*call, "--infill", "2:3", "-o", "c.abc")
    infilled = read("c.abc").parts[0].notes.rows.tolist()
    assert (infilled[:5], infilled[-4:]) == (notes[:5].tolist(), notes[-4:].tolist())
    wrong = musegen(*call, "--infill", "4:5")
    assert "no bars 4 to 5. It has bars 0 to 4" in wrong.stderr
    wrong = musegen(*call, "--continue-from", 7)
    assert "has 4 bars" in wrong.stderr
    assert "from 1 to 5" in wrong.stderr
    wrong = musegen(*call[:3], "--seed", music / "abc.mid", "--continue-from", 1)
    assert "a bar from 2" in wrong.stderr
    for chance in range(8):  # some begin with a pickup
        asked = ("--random-seed", chance, "--bars", 3, "-o", f"{chance}.abc")
        assert ask("generate", "-m", "abc", *asked)["files"][0]["new_bars"] == 3
        score = read(f"{chance}.abc")
        assert pickups(score).count(False) == 3
    assert len({read(f"{chance}.abc").n_bars for chance in range(8)}) > 1


def test_of_bars_that_are_hardly_any_it_is_told_how_long_they_are(
    musegen: Musegen, music: Path
) -> None:
    call = ("generate", "-m", music / "abc-model", "--seed", "seed.abc")

    def said(metre: str, *asked: object) -> str:
        Path("seed.abc").write_text(f"X:1\nM:{metre}\nL:1/8\nK:C\nCD|EF|GA|Bc|]\n")
        return " ".join(musegen(*call, *asked).stderr.split())

    assert "bars are 1/4, so --bars 4 is 4 quarters of music. --seconds" in said("1/4", "--bars", 4)
    assert "bars are 1/8, so --bars 2 is 1 quarter of music." in said("1/8", "--bars", 2)
    assert "of music" not in said("3/8", "--bars", 1) + said("1/4", "--seconds", 1)
    assert "of music" not in said("1/4", "--bars", 1, "--metre", "4/4")


@pytest.mark.parametrize("kind", ["grid", "abc"])  # of notes, noise writes hardly any
def test_about_as_many_notes_come_as_are_asked_for(ask: Ask, music: Path, kind: str) -> None:
    call = ("generate", "-m", music / f"{kind}-model", "--seed", music / f"{kind}.mid")
    bars = ask(*call, "--bars", 16, "-o", "a.mid")["files"][0]["new_notes"] / 16
    made = ask(*call, "--notes", round(12 * bars), "-n", 3, "--omit-seed", "-o", "b.abc")["files"]
    for file in made:
        assert abs(file["new_notes"] - 12 * bars) < 3 * bars  # voices may end within a bar
        assert file["new_notes"] == read(file["path"]).n_notes
    assert len({file["new_bars"] for file in made}) > 1  # each is as long as it needs
