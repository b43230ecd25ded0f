"""Which music is new, by the marker in the piece or by what its file says was asked for."""

from pathlib import Path
from typing import Any

import pytest

from musegen.generation.made import Made, New, new_music, without_traces
from musegen.generation.request import Request
from musegen.score.excerpt import with_join
from musegen.score.files import read, write


def made(score: Any, folder: Path, **asked: Any) -> tuple[Any, Made | None]:
    write(score, folder / "a.mid", made_by=Request(**asked).text("abc123"))
    return read(folder / "a.mid"), Made.of(folder / "a.mid")


def test_what_follows_the_marker_is_new(make_score: Any, tmp_path: Path) -> None:
    joined = with_join(make_score("notes", 0), 384)
    score, how = made(joined, tmp_path, seed="a.mid", random_seed=7, top_k=5)
    assert new_music(score, how) == [New(384 * score.ticks_per_quarter // 48, score.end)]
    assert how is not None
    assert ("model", "abc123") in how.facts
    assert ("random seed", "7") in how.facts
    assert ("top k", "5") in how.facts
    assert not without_traces(score).events


@pytest.mark.parametrize(("infill", "bars"), [("2:3", (1, 3)), ("4", (3, 4)), ("x", None)])
def test_bars_written_anew_are_new(
    make_score: Any, tmp_path: Path, infill: str, bars: tuple[int, int] | None
) -> None:
    score, how = made(make_score("notes", 0), tmp_path, seed="a.mid", infill=infill)
    edges = [0, *score.barlines.tolist()]
    assert new_music(score, how) == ([New(edges[bars[0]], edges[bars[1]])] if bars else [])


def test_parts_written_to_others_are_new(make_score: Any, tmp_path: Path) -> None:
    score, how = made(make_score("notes", 0), tmp_path, seed="a.mid", accompany="bass,drums")
    assert new_music(score, how) == [New(0, score.end, (2, 3))]


def test_a_piece_from_nothing_is_all_new_and_one_of_people_is_not(
    make_score: Any, tmp_path: Path
) -> None:
    score, how = made(make_score("notes", 0), tmp_path)
    assert new_music(score, how) == [New(0, score.end)]
    write(make_score("notes", 0), tmp_path / "b.mid")
    assert Made.of(tmp_path / "b.mid") is None
    assert new_music(read(tmp_path / "b.mid"), None) == []
