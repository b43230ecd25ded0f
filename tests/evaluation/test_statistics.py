"""Shares that give away what a model does badly, on scores made by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from musegen.evaluation.statistics import likeness, shares
from musegen.score.score import Notes, Part, Score

BAR = 96


def score(*parts: list[tuple[int, int, int]], bars: int = 4) -> Score:
    """Parts of rows of onset, duration, pitch, in bars of 96 ticks."""
    notes = [Notes.of([(on, length, pitch, 80) for on, length, pitch in rows]) for rows in parts]
    return Score(
        24,
        tuple(Part(f"{i}", 0, n) for i, n in enumerate(notes)),
        barlines=np.arange(1, bars + 1) * BAR,
    )


def test_a_part_that_stops_is_silent_from_there_on() -> None:
    stops = [(0, 24, 60)]
    goes_on = [(bar * BAR, 24, 60 + bar) for bar in range(4)]
    assert shares(score(stops, goes_on))["silent_parts"] == 0
    assert shares(score(stops, goes_on), 1)["silent_parts"] == 0.5
    assert shares(score(stops, goes_on, []), 1)["silent_parts"] == 0.5  # one never played


def test_notes_of_more_than_two_bars_are_long() -> None:
    rows = [(0, 2 * BAR, 60), (0, 2 * BAR + 1, 62), (BAR, 24, 64), (BAR, 24, 65)]
    assert shares(score(rows))["long_notes"] == 0.25
    assert shares(score(rows), 1)["long_notes"] == 0


def test_a_bar_repeats_the_one_before_to_the_note() -> None:
    rows = [(0, 24, 60), (BAR, 24, 60), (2 * BAR, 24, 60), (3 * BAR, 12, 60)]
    assert shares(score(rows))["repeated_bars"] == pytest.approx(2 / 3)
    assert shares(score(rows), 2)["repeated_bars"] == 0.5  # that before the first counts
    assert shares(score(rows), 3)["repeated_bars"] == 0


def test_empty_bars_repeat_nothing() -> None:
    assert shares(score([(0, 24, 60)]))["repeated_bars"] == 0


def test_a_score_without_notes_has_no_shares_at_all() -> None:
    assert set(shares(score([])).values()) == {0.0}
    assert set(shares(score()).values()) == {0.0}


@pytest.mark.parametrize("bar", [-1, 4])
def test_a_bar_that_is_not_there_is_refused(bar: int) -> None:
    with pytest.raises(ValueError, match="of 4"):
        shares(score([(0, 24, 60)]), bar)


def tune(pitches: list[int], length: int = 24) -> Score:
    rows = [(length * place, length, pitch, 80) for place, pitch in enumerate(pitches)]
    end = length * len(pitches)
    return Score(24, (Part("Tune", 0, Notes.of(rows)),), barlines=np.arange(96, end + 1, 96))


SCALE = [60, 62, 64, 65, 67, 69, 71, 72] * 4


def test_a_piece_is_like_itself_whatever_its_length() -> None:
    whole, half = tune(SCALE), tune(SCALE[:16])
    assert set(likeness(whole, whole).values()) == {1.0}
    assert likeness(whole, half) == pytest.approx(dict.fromkeys(likeness(whole, half), 1.0))


def test_likeness_tells_in_what_pieces_differ() -> None:
    whole = tune(SCALE)
    higher = likeness(whole, tune([pitch + 12 for pitch in SCALE]))
    assert higher["pitch_classes"] == 1
    assert higher["range"] < 0.6
    faster = likeness(whole, tune(SCALE + SCALE, length=12))
    assert (faster["pitch_classes"], faster["rhythm"], faster["density"]) == (1, 0, 0.5)
    black = likeness(whole, tune([61, 63, 66, 68, 70, 61, 63, 66] * 4))
    assert black["pitch_classes"] == 0
    assert black["form"] == 1


def test_likeness_of_nothing_is_told_too() -> None:
    nothing = Score(24, (Part("", 0, Notes.of([])),))
    assert likeness(nothing, nothing).keys() == {"pitch_classes", "range", "rhythm", "density"}
    assert likeness(nothing, tune(SCALE))["density"] == 0


def rewritten(score: Score, semitones: int = 0, times: int = 1, turn: int = 0) -> Score:
    """The score in another key, in finer ticks, and with its parts in another order."""
    parts = [
        part
        if part.is_drums and semitones
        else replace(
            part, notes=Notes.of(part.notes.rows * [times, times, 1, 1] + [0, 0, semitones, 0])
        )
        for part in score.parts
    ]
    return replace(
        score,
        ticks_per_quarter=score.ticks_per_quarter * times,
        parts=(*parts[turn:], *parts[:turn]),
        barlines=score.barlines * times,
    )


@pytest.mark.parametrize("how", [{"semitones": 5}, {"semitones": -7}, {"times": 3}, {"turn": 2}])
def test_shares_and_form_are_of_the_music_however_it_is_written(
    make_score: Callable[..., Score], how: dict[str, int]
) -> None:
    """In any key, ticks and order of parts; in its own key it is wholly like itself."""
    score = make_score("notes", 3, bars=8)
    notes = score.parts[0].notes
    stops = Notes.of(notes.rows[notes.onset < 4 * 192])
    score = replace(score, parts=(replace(score.parts[0], notes=stops), *score.parts[1:]))
    other = rewritten(score, **how)
    for bar in (0, 2, 5):
        assert shares(other, bar) == shares(score, bar)
    assert shares(score, 5)["silent_parts"] > 0
    found = likeness(score, other)
    for name in ("rhythm", "density", "form"):
        assert found[name] == pytest.approx(1)
    if "semitones" not in how:
        assert list(found.values()) == pytest.approx([1] * len(found))
