"""`musegen convert`: every format out, all of a book or nothing, and what was lost is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from musegen.score.files import read, write
from musegen.score.score import Notes, Part, Score

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]

TUNE = 'X:1\nT:One\nM:4/4\nL:1/4\nK:G\n|:"G"GABc:|\n'
BOOK = TUNE + "\nX:2\nT:Two\nM:3/4\nL:1/4\nK:D\nDEF|\n"


@pytest.fixture
def band(here: Path) -> Path:
    notes = Notes.of([(0, 480, 60, 99), (480, 480, 64, 80), (960, 960, 67, 80)])
    pedal = [[0, 127], [1900, 0]]
    write(Score(480, (Part("Piano", 0, notes, pedal=pedal),), barlines=[1920]), here / "band.mid")
    return here / "band.mid"


@pytest.mark.parametrize("suffix", [".mid", ".abc", ".musicxml", ".xml", ".mxl"])
def test_every_format_goes_to_every_other(ask: Ask, band: Path, suffix: str) -> None:
    ask("convert", band, f"a{suffix}")
    assert read(f"a{suffix}").parts[0].notes.pitch.tolist() == [60, 64, 67]
    ask("convert", f"a{suffix}", "back.mid")
    assert read("back.mid").barlines.tolist()[-1] == read("back.mid").ticks_per_quarter * 4


def test_what_the_file_cannot_hold_is_told(musegen: Musegen, ask: Ask, band: Path) -> None:
    (file,) = ask("convert", band, "a.abc")["files"]
    assert file["lost"]["pedals"] == 2
    assert set(file) == {"in", "out", "lost", "faults"}
    assert "2 pedal" in musegen("convert", band, "b.abc").stderr
    (file,) = ask("convert", band, "c.mid")["files"]
    assert file["lost"] == {}


def test_a_folded_pedal_is_not_lost(ask: Ask, band: Path) -> None:
    (file,) = ask("convert", band, "a.musicxml", "--pedal", "fold")["files"]
    assert "pedals" not in file["lost"]
    assert read("a.musicxml").parts[0].notes.duration.tolist() == [1900, 1420, 960]


@pytest.mark.parametrize(
    ("suffix", "repeats", "notes"),
    [
        ("mid", None, 8),
        ("mid", "keep", 4),
        ("abc", None, 4),
        ("abc", "unfold", 8),
        ("musicxml", None, 4),
        ("musicxml", "unfold", 8),
    ],
)
def test_repeats_are_kept_or_played_out(
    ask: Ask, here: Path, suffix: str, repeats: str | None, notes: int
) -> None:
    Path("one.abc").write_text(TUNE)
    options = ["--repeats", repeats] if repeats else []
    (file,) = ask("convert", "one.abc", f"a.{suffix}", *options)["files"]
    found = read(f"a.{suffix}")
    assert found.n_notes == notes
    is_signed = any(mark.kind == "repeat" for mark in found.marks)
    assert is_signed == (notes == 4 and suffix != "mid")
    assert ("repeat marks" in file["lost"]) == (suffix == "mid" and repeats == "keep")


def test_a_book_is_written_whole_or_not_at_all(musegen: Musegen, here: Path) -> None:
    Path("book.abc").write_text(BOOK)
    Path("b-2.mid").write_bytes(b"precious")
    result = musegen("convert", "book.abc", "b.mid")
    assert result.exit_code == 1
    assert "b-2.mid" in result.stderr
    assert not Path("b-1.mid").exists()
    assert Path("b-2.mid").read_bytes() == b"precious"
    assert musegen("convert", "book.abc", "b.mid", "--force").exit_code == 0
    assert [read(f"b-{n}.mid").n_notes for n in (1, 2)] == [8, 3]


def test_sound_and_pictures_take_the_repeats_asked_for(ask: Ask, here: Path) -> None:
    Path("one.abc").write_text(TUNE)
    for suffix, longer in (("wav", "unfold"), ("svg", "unfold")):
        ask("convert", "one.abc", f"long.{suffix}", "--repeats", longer)
        ask("convert", "one.abc", f"short.{suffix}", "--repeats", "keep")
        sizes = [Path(f"{name}.{suffix}").stat().st_size for name in ("long", "short")]
        assert sizes[0] > sizes[1]


def test_a_text_that_holds_no_tune_is_refused(musegen: Callable[..., Result], here: Path) -> None:
    (here / "diary.abc").write_text("hello world\n")
    done = musegen("convert", "diary.abc", "diary.mid")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "holds no tune" in done.stderr
    assert not (here / "diary.mid").exists()
