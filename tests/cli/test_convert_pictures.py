"""`musegen convert` to pictures: a roll or a score, SVG or PNG, all pages or none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from musegen.score.midi_write import write_midi
from musegen.score.musicxml_read import read_musicxml
from musegen.score.score import Notes, Part, Score

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]

TUNE = "X:1\nM:4/4\nL:1/4\nK:G\nGABc|]\n"


@pytest.fixture
def tune(here: Path) -> str:
    Path("tune.abc").write_text(TUNE)
    return "tune.abc"


@pytest.fixture
def long(here: Path) -> str:
    Path("long.abc").write_text(TUNE.replace("|]", "|" + "GABc|" * 300 + "]"))
    return "long.abc"


def test_a_score_is_a_file_and_a_long_one_a_file_a_page(
    musegen: Musegen, ask: Ask, tune: str, long: str
) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    (file,) = ask("convert", tune, "a.svg", "--as", "score")["files"]
    assert file["pages"] == [file["out"]] == ["a.svg"]
    assert file["not_shown"] == {}
    assert 'class="note"' in Path("a.svg").read_text()
    (file,) = ask("convert", long, "b.svg", "--as", "score")["files"]
    assert file["pages"][:2] == [file["out"], "b-2.svg"] == ["b-1.svg", "b-2.svg"]
    assert all(Path(page).exists() for page in file["pages"])
    assert not Path("b.svg").exists()
    assert "b-1.svg" in musegen("convert", long, "b.svg", "--as", "score", "--force").stderr


def test_pages_sort_by_name(ask: Ask, tune: str) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    Path("longer.abc").write_text(TUNE.replace("|]", "|" + "GABc|" * 1000 + "]"))
    (file,) = ask("convert", "longer.abc", "a.svg", "--as", "score")["files"]
    assert len(file["pages"]) >= 10
    assert file["pages"] == sorted(file["pages"])
    assert file["pages"][0] == "a-01.svg"


def test_notes_that_are_shown_longer_than_they_sound_are_not_called_absent(
    musegen: Musegen, ask: Ask, here: Path
) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    notes = Notes.of([(n * 240, 91, 70, 80) for n in range(8)])
    Path("a.mid").write_bytes(write_midi(Score(480, (Part("", 40, notes),))))
    (file,) = ask("convert", "a.mid", "a.svg", "--as", "score")["files"]
    assert file["not_shown"] == {}
    assert file["shown_otherwise"] == {"notes moved, shortened or held on": 8}
    (file,) = ask("convert", "a.mid", "b.svg")["files"]
    assert file["shown_otherwise"] == {}
    told = musegen("convert", "a.mid", "c.svg", "--as", "score").stderr
    assert "Shown otherwise: 8 notes moved" in told
    ask("convert", "a.mid", "a.musicxml")
    kept = read_musicxml(Path("a.musicxml").read_bytes()).parts[0].notes
    assert {*kept.duration.tolist()} <= {*range(80, 106)}  # a file's are as they were played


def test_no_page_is_overwritten_and_then_none_is_written(musegen: Musegen, long: str) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    Path("b-2.svg").write_text("precious")
    done = musegen("convert", long, "b.svg", "--as", "score")
    assert done.exit_code == 1
    assert "b-2.svg: is already there" in done.stderr
    assert Path("b-2.svg").read_text() == "precious"
    assert not Path("b-1.svg").exists()


def test_without_as_a_picture_is_a_roll(ask: Ask, tune: str) -> None:
    (file,) = ask("convert", tune, "a.svg")["files"]
    assert "pages" not in file
    assert "<title>a</title>" in Path("a.svg").read_text()  # it is called as its file is


@pytest.mark.parametrize("look", ["roll", "score"])
def test_a_png_shows_either(ask: Ask, tune: str, look: str) -> None:
    for library in ("resvg_py", "verovio"):
        pytest.importorskip(library, reason=f"{library} is not installed")
    ask("convert", tune, "a.png", "--as", look)
    data = Path("a.png").read_bytes()
    assert data[:4] == b"\x89PNG"
    assert int.from_bytes(data[16:20], "big") == 2000


def test_a_page_holds_the_score_where_it_is_asked_for(ask: Ask, tune: str) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    ask("convert", tune, "plain.html")
    ask("convert", tune, "both.html", "--as", "score")
    pages = [Path(f"{name}.html").read_text() for name in ("plain", "both")]
    assert [page.count('src="data:image/svg+xml;base64,') for page in pages] == [0, 1]


def test_estimated_keys_of_a_score_are_told(ask: Ask, tune: str) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    ask("convert", tune, "a.mid")
    Path("b.mid").write_bytes(Path("a.mid").read_bytes().replace(b"\xff\x59", b"\xff\x7f"))
    assert ask("convert", "b.mid", "r.svg")["files"][0]["estimated_keys"] == []
    assert ask("convert", "b.mid", "s.svg", "--as", "score")["files"][0]["estimated_keys"]


def test_what_is_no_picture_has_no_look(musegen: Musegen, tune: str) -> None:
    done = musegen("convert", tune, "a.mid", "--as", "score")
    assert done.exit_code == 2
    assert "--as is for pictures" in done.stderr
    assert not Path("a.mid").exists()
