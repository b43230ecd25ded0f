"""What is made block by block is what the synthesiser makes of the whole."""

import numpy as np
import pytest

from musegen.score.score import Event, Notes, Part, Score
from musegen.sound.loudness import CEILING, TARGET_LUFS, limited, loudness
from musegen.sound.stream import Streamed, Whole
from musegen.sound.synthesiser import render

RATE = 22_050
BENT = tuple(Event(tick, bytes([0xE0, 0, value])) for tick, value in ((0, 64), (20, 90), (60, 30)))
PARTS = (
    Part("strings", 48, Notes.of([(0, 100, 60, 90), (30, 200, 67, 60)]), channel=0),
    Part("piano", 0, Notes.of([(t, 9, 60 + t // 10, 90) for t in range(0, 200, 10)]), channel=1),
    Part("bent", 73, Notes.of([(5, 80, 72, 90)]), events=BENT, channel=2),
    Part("drums", 0, Notes.of([(t, 2, 38, 100) for t in range(0, 200, 20)]), is_drums=True),
    Part("held", 16, Notes.of([(0, 240, 48, 70)]), pedal=np.array([(0, 127), (240, 0)])),
)
SCORE = Score(10, PARTS)


def heard(source, start: float, speed: float = 1.0) -> np.ndarray:
    return np.concatenate(list(source.blocks(start, speed)))


@pytest.mark.parametrize("part", range(len(PARTS)))
def test_from_the_beginning_it_is_the_whole_at_another_level(part: int) -> None:
    score = Score(10, (PARTS[part],))
    whole, streamed = render(score, RATE), heard(Streamed(score, RATE), 0.0)
    assert streamed.shape == whole.shape
    ratio = np.abs(streamed).sum() / np.abs(whole).sum()
    if np.abs(whole).max() < 0.9 * CEILING > np.abs(streamed).max():  # no peak was held down
        np.testing.assert_allclose(streamed, ratio * whole, atol=2e-4)
    assert np.corrcoef(streamed[:, 0], whole[:, 0])[0, 1] > 0.999


@pytest.mark.parametrize("start", [1.0, 4.77, 11.2])
def test_from_anywhere_it_goes_on_as_the_whole_does(start: float) -> None:
    whole, streamed = render(SCORE, RATE), heard(Streamed(SCORE, RATE), start)
    rest = whole[round(start * RATE) :]
    assert streamed.shape == rest.shape
    assert np.corrcoef(streamed[:, 0], rest[:, 0])[0, 1] > 0.999


def test_it_is_about_as_loud_as_what_is_written_and_no_louder_than_full() -> None:
    streamed = heard(Streamed(SCORE, RATE), 0.0)
    assert loudness(streamed, RATE) == pytest.approx(TARGET_LUFS, abs=2)
    assert np.abs(streamed).max() <= CEILING + 1e-6


def test_as_many_times_as_fast_it_ends_as_much_sooner() -> None:
    source = Streamed(SCORE, RATE)
    tail = len(heard(source, 12.0)) - len(heard(source, 12.0, 2.0))
    assert tail == pytest.approx(RATE * (len(render(SCORE, RATE)) / RATE - 2.5 - 12) / 2, abs=50)


def test_silence_and_nothing_are_silent() -> None:
    assert not heard(Streamed(Score(10, ()), RATE), 0.0).any()
    assert list(Streamed(SCORE, RATE).blocks(1000.0, 1.0)) == []


def test_what_only_comes_whole_is_cut_into_blocks() -> None:
    source = Whole(SCORE, RATE, render)
    np.testing.assert_array_equal(heard(source, 1.0), render(SCORE, RATE)[RATE:])
    assert len(heard(source, 0.0, 2.0)) < len(heard(source, 0.0)) * 0.7


def test_peaks_are_held_in_blocks_as_they_are_in_the_whole() -> None:
    loud = np.random.default_rng(0).normal(0, 0.5, (RATE, 2)).astype(np.float32)
    hop = RATE // 200
    parts = np.split(loud.copy(), range(50 * hop, len(loud) - 50 * hop, 50 * hop))
    (one,) = limited([loud.copy()], RATE)
    np.testing.assert_allclose(np.concatenate(list(limited(parts, RATE))), one, atol=1e-6)
