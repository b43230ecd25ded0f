"""`musegen explain`: what a script gets, what a person sees, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("kind", ["grid", "abc", "notes"])
def test_explain_tells_what_scripts_rely_on(ask: Ask, music: Path, kind: str) -> None:
    model = music / f"{kind}-model"
    found = ask("explain", music / f"{kind}.mid", "-m", model)
    assert {"page", "notes", "worst_bars"} <= set(found)
    assert found["page"] is None
    for note in found["notes"]:
        assert {"part", "onset", "pitch", "nats", "per_field"} <= set(note)
    measured = ask("evaluate", music / f"{kind}.mid", "-m", model)
    assert found["nats"] == pytest.approx(measured["nats"], rel=1e-5)


def test_the_same_is_written_to_a_file_and_nothing_is_overwritten(
    ask: Ask, musegen: Musegen, music: Path
) -> None:
    asked = ("explain", music / "grid.mid", "-m", music / "grid-model")
    found = ask(*asked, "-o", "all.json")
    assert json.loads(Path("all.json").read_text(encoding="utf-8")) == found
    refused = musegen(*asked, "-o", "all.json")
    assert refused.exit_code == 1
    assert "all.json: is already there" in refused.stderr
    assert musegen(*asked, "-o", "all.json", "--force").exit_code == 0
    refused = musegen(*asked, "-o", "all.txt")
    assert refused.exit_code == 2
    assert "End its name in .html or .json." in refused.stderr


@pytest.mark.parametrize("kind", ["grid", "abc", "notes"])
def test_a_page_is_written_and_named(ask: Ask, music: Path, kind: str) -> None:
    found = ask("explain", music / f"{kind}.mid", "-m", music / f"{kind}-model", "-o", "all.html")
    assert found["page"] == "all.html"
    page = Path("all.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "Most surprising bars" in page


@pytest.mark.parametrize("kind", ["grid", "abc", "notes"])
def test_a_person_sees_the_bars_within_80_columns(
    musegen: Musegen, music: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = musegen("explain", music / f"{kind}.mid", "-m", music / f"{kind}-model")
    assert shown.exit_code == 0
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "\n\nmost surprising" in shown.stdout
    assert "\n\nleast surprising" in shown.stdout
    assert ("  pitch" in shown.stdout) == (kind == "notes")


@pytest.mark.parametrize("is_surprised", [True, False])
def test_a_column_in_which_nothing_would_stand_is_left_out(
    musegen: Musegen, music: Path, monkeypatch: pytest.MonkeyPatch, is_surprised: bool
) -> None:
    from musegen.evaluation import explain

    found = explain.explain

    def foreseen(*given: Any) -> dict[str, Any]:
        told = found(*given)
        for bar in told["worst_bars"]:
            for surprise in bar["surprises"]:
                p = 0.004 if is_surprised else 0.9
                surprise["written"][1], surprise["likeliest"] = p, [["C5", 0.6]]
        return told

    monkeypatch.setattr(explain, "explain", foreseen)
    shown = musegen("explain", music / "grid.mid", "-m", music / "grid-model").stdout
    assert ("likelier" in shown) == ("C5 0.60" in shown) == is_surprised
    assert ("<0.01" in shown) == is_surprised  # a chance of 0.00 would be none


def test_a_piece_that_was_learnt_is_told_so(ask: Ask, musegen: Musegen, music: Path) -> None:
    learnt = json.loads((music / "grid-model" / "seen.json").read_text())
    piece = music / "grid" / next(iter(learnt.values()))
    told = musegen("explain", piece, "-m", music / "grid-model")
    assert "learnt from this piece" in told.stderr
    assert ask("explain", piece, "-m", music / "grid-model")["seen_in_training"]


@pytest.mark.usefixtures("untouched")
def test_what_is_no_piece_is_refused(musegen: Musegen, music: Path) -> None:
    for wrong in (music / "grid", music / "gone.mid"):
        refused = musegen("explain", wrong, "-m", music / "grid-model")
        assert refused.exit_code == 2
        assert str(wrong) in refused.stderr
    refused = musegen("explain", music / "abc.mid", "-m", music / "grid-model")
    assert refused.exit_code == 1
    assert "abc.mid: it has 1 parts" in refused.stderr
