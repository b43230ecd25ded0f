"""Loudness as broadcasters measure it (EBU Tech 3341 gives the cases), and peaks that stay low."""

import numpy as np
import pytest

from musegen.sound.loudness import CEILING, TARGET_LUFS, levelled, loudness


def _sine(decibels: float, seconds: float, rate: int, hertz: float = 1000) -> np.ndarray:
    wave = 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * np.arange(seconds * rate) / rate)
    return np.stack([wave, wave], axis=1).astype(np.float32)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize("decibels", [-23, -33])
def test_a_stereo_sine_of_1_khz_measures_its_peak_level(decibels, rate):
    assert loudness(_sine(decibels, 5, rate), rate) == pytest.approx(decibels, abs=0.1)


def test_quiet_passages_are_gated_away():
    """EBU Tech 3341, case 3: 10 s at −36, 60 s at −23, 10 s at −36 dBFS measure −23 LUFS."""
    sound = np.concatenate(
        [_sine(level, s, 48_000) for level, s in ((-36, 10), (-23, 60), (-36, 10))]
    )
    assert loudness(sound, 48_000) == pytest.approx(-23, abs=0.1)


def test_high_sound_counts_for_more_and_deep_sound_for_less():
    deep, middle, high = (
        loudness(_sine(-20, 2, 44_100, hertz), 44_100) for hertz in (40, 1000, 5000)
    )
    assert deep < middle - 3 < middle + 2 < high


def test_lone_peaks_are_turned_down_and_the_rest_left():
    sound = _sine(-26, 10, 44_100)
    sound[220_500:220_510] = 1
    result = levelled(sound.copy(), 44_100)
    assert abs(result).max() <= CEILING + 1e-6
    assert loudness(result, 44_100) == pytest.approx(TARGET_LUFS, abs=0.2)
    gain = np.float32(10 ** ((TARGET_LUFS - loudness(sound, 44_100)) / 20))
    np.testing.assert_allclose(result[:200_000], sound[:200_000] * gain, atol=1e-5)


def test_silence_is_infinitely_soft():
    assert loudness(np.zeros((44_100, 2), np.float32), 44_100) == float("-inf")
