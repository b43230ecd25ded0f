"""What is held out and known all the same: twins, and pieces half of whose passages are learnt."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from musegen.corpus.leaks import Leak, passages_across, twins_across
from musegen.corpus.survey import survey
from musegen.score.files import write
from musegen.score.score import Notes, Part, Score, barlines_of_metre

Tune = list[tuple[int, int]]


def notes(seed: int, n: int) -> Tune:
    """Lengths and pitches."""
    rng = np.random.default_rng(seed)
    return list(zip((rng.integers(1, 5, n) * 12).tolist(), rng.integers(50, 75, n), strict=True))


def write_tune(file: Path, tune: Tune) -> None:
    onsets = np.cumsum([0, *(length for length, _ in tune)])
    rows = [(on, length, pitch, 80) for on, (length, pitch) in zip(onsets, tune, strict=False)]
    metre = np.array([[0, 4, 4]])
    lines = barlines_of_metre(metre, int(onsets[-1]), 48)
    file.parent.mkdir(parents=True, exist_ok=True)
    write(Score(48, (Part("Tune", 0, Notes.of(rows)),), barlines=lines), file)


@pytest.mark.parametrize(("new", "shared"), [(0, 1.0), (7, 0.5), (6, 0.538), (8, None), (30, None)])
def test_a_piece_is_told_from_half_of_its_passages_on(
    tmp_path: Path, new: int, shared: float | None
) -> None:
    """A passage has 24 notes: 30 that are known hold 7 of them, and each new one makes one more."""
    known = notes(1, 60)
    write_tune(tmp_path / "train" / "known.mid", known)
    write_tune(tmp_path / "train" / "longer.mid", known[10:40] + notes(2, 30))
    write_tune(tmp_path / "train" / "other.mid", notes(3, 60))
    write_tune(tmp_path / "valid" / "new.mid", known[:30] + notes(4, new))
    write_tune(tmp_path / "valid" / "wholly new.mid", notes(5, 40))
    expected = [Leak("train/known.mid", "train", "valid/new.mid", "valid", shared or 0)]
    assert passages_across(survey(tmp_path)) == (expected if shared else [])


def test_one_passage_that_is_all_of_a_piece_is_told(tmp_path: Path) -> None:
    known = notes(1, 60)
    write_tune(tmp_path / "train" / "known.mid", known)
    write_tune(tmp_path / "valid" / "short.mid", known[9:33])
    (leak,) = passages_across(survey(tmp_path))
    assert leak == Leak("train/known.mid", "train", "valid/short.mid", "valid", 1.0)


def test_of_two_that_know_as_much_the_first_is_told(tmp_path: Path) -> None:
    known = notes(1, 60)
    write_tune(tmp_path / "train" / "b.mid", known)
    write_tune(tmp_path / "train" / "a.mid", [*known, (12, 60), (24, 62)])
    write_tune(tmp_path / "test" / "new.mid", known[5:45])
    write_tune(tmp_path / "valid" / "other.mid", notes(6, 40))
    (leak,) = passages_across(survey(tmp_path))
    assert leak == Leak("train/a.mid", "train", "test/new.mid", "test", 1.0)


def test_a_twin_in_no_folder_of_a_split_counts_as_learnt(
    tmp_path: Path, make_score: Callable[..., Score]
) -> None:
    write(make_score("abc", 1), tmp_path / "a.mid")
    write(make_score("abc", 2), tmp_path / "b.mid")
    (tmp_path / "valid").mkdir()
    write(make_score("abc", 1), tmp_path / "valid" / "c.mid")
    (leak,) = twins_across(survey(tmp_path))
    assert leak == Leak("a.mid", "train", "valid/c.mid", "valid", 1.0, True, True)
