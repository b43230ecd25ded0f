"""What is heard is what is written: pitch, time, instrument, place."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.errors import OutputError
from musegen.score.score import Notes, Part, Score
from musegen.sound.loudness import TARGET_LUFS, loudness
from musegen.sound.synthesiser import TAIL_SECONDS, render, wav_bytes
from musegen.sound.timbre import DRUMS, TIMBRES
from musegen.sound.tone import TOUCHES, drum_tone, hertz_of, tone

RATE = 44_100
PITCHED = range(119)  # the other programs are noises


def _score(*parts: tuple[int, list[tuple[int, int, int, int]]], **changes) -> Score:
    """Parts of a program and notes, a quarter having 10 ticks and lasting half a second."""
    return Score(10, tuple(Part("", program, Notes.of(rows)) for program, rows in parts), **changes)


def _spectrum(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and strengths of mono samples, in bins of under 1 Hz."""
    size = 2**17
    strengths = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    return np.fft.rfftfreq(size, 1 / RATE), strengths


@pytest.mark.parametrize("program", PITCHED)
def test_the_strongest_partial_is_the_written_pitch(program):
    for pitch in (48, 60, 79):
        hertz, strengths = _spectrum(tone(TIMBRES[program], pitch, 2, RATE // 2, RATE))
        assert hertz[strengths.argmax()] == pytest.approx(hertz_of(pitch), rel=0.01)


@pytest.mark.parametrize("touch", range(TOUCHES))
@pytest.mark.parametrize("pitch", [100, 112])
def test_nothing_is_folded_back_from_above_half_the_rate(pitch, touch):
    """Aliases would fall between the harmonics, where the tone has nothing."""
    rate = 22_050
    sound = tone(TIMBRES[81], pitch, touch, rate, rate)[rate // 4 :]
    power = np.abs(np.fft.rfft(sound * np.blackman(len(sound)), 2**16)) ** 2
    ratio = np.fft.rfftfreq(2**16, 1 / rate) / hertz_of(pitch)
    off_harmonic = np.abs(ratio - np.round(ratio)) > 0.05
    assert power[off_harmonic].sum() < 1e-5 * power.sum()


ORCHESTRA = (0, 40, 42, 56, 60, 68, 70, 71, 73)


@pytest.mark.parametrize(
    ("programs", "decibels"), [(range(0, 120, 8), 3), (ORCHESTRA, 4)], ids=["families", "orchestra"]
)
def test_instruments_have_spectra_of_their_own(programs, decibels):
    spectra = []
    for program in programs:
        hertz, strengths = _spectrum(tone(TIMBRES[program], 57, 2, RATE // 2, RATE))
        bands = [strengths[abs(hertz - 220 * k) < 20].max() for k in range(1, 13)]
        spectra.append(20 * np.log10(np.array(bands) / max(bands) + 1e-4))
    for index, spectrum in enumerate(spectra):
        for other in spectra[:index]:
            assert np.abs(spectrum - other).max() > decibels  # at some partial


def test_a_harder_touch_is_brighter():
    def centroid(touch: int) -> float:
        hertz, strengths = _spectrum(tone(TIMBRES[0], 60, touch, RATE // 2, RATE))
        return float((hertz * strengths).sum() / strengths.sum())

    assert all(centroid(touch) < centroid(touch + 1) for touch in range(TOUCHES - 1))


def test_drums_differ_and_fall_silent_of_themselves():
    strokes = {pitch: drum_tone(drum, RATE) for pitch, drum in DRUMS.items()}
    assert len({stroke.tobytes() for stroke in strokes.values()}) == len(strokes)
    for stroke in strokes.values():
        assert abs(stroke).max() > 0.1
        assert abs(stroke[-100:]).max() < 0.01 * abs(stroke).max()


@given(
    bpm=st.integers(40, 240),
    rows=st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 20), st.integers(0, 127), st.integers(1, 127)),
        min_size=1,
        max_size=6,
    ),
    program=st.integers(0, 127),
    drums=st.booleans(),
)
def test_any_score_sounds_for_its_length_and_a_tail_without_clipping(bpm, rows, program, drums):
    part = Part("", program, Notes.of(rows), is_drums=drums)
    score = Score(10, (part,), tempo=[[0, 60_000_000 // bpm]])
    samples = render(score, 8000)
    seconds = score.end / 10 * 60 / bpm + TAIL_SECONDS
    assert samples.shape == (pytest.approx(seconds * 8000, abs=1.5), 2)
    assert samples.dtype == np.float32
    assert np.isfinite(samples).all()
    assert abs(samples).max() < 1


def test_notes_sound_when_the_tempo_map_says():
    score = _score((12, [(10, 2, 72, 90), (20, 2, 72, 90)]), tempo=[[0, 500_000], [10, 1_000_000]])
    power = (render(score, RATE) ** 2).sum(axis=1)
    hops = power[: len(power) // 441 * 441].reshape(-1, 441).sum(axis=1)
    risen = [place for place in range(1, len(hops)) if hops[place] > 20 * hops[place - 1] + 1e-3]
    assert risen[0] == 50  # hundredths of a second
    assert any(place in (149, 150, 151) for place in risen)


def test_silence_stays_silence():
    assert not render(_score((0, [])), RATE).any()
    assert len(render(_score(barlines=[40]), RATE)) == round((2 + TAIL_SECONDS) * RATE)


def test_one_score_has_one_sound():
    score = _score((40, [(0, 10, 60, 90)]), (52, [(3, 10, 67, 70)]))
    assert render(score, RATE).tobytes() == render(score, RATE).tobytes()


def test_the_music_is_brought_to_one_loudness():
    for velocity in (10, 64, 127):
        rows = [(10 * beat, 10, 60 + beat % 7, velocity) for beat in range(12)]
        heard = render(_score((0, rows)), RATE)
        assert loudness(heard, RATE) == pytest.approx(TARGET_LUFS, abs=0.5)


def test_parts_sit_from_left_to_right_in_score_order():
    def lean(silent: int) -> float:
        rows = [(0, 20, 60, 90)]
        score = _score(*((73, [] if i == silent else rows) for i in range(2)))
        left, right = (render(score, RATE) ** 2).sum(axis=0)
        return float(right - left)

    assert lean(silent=1) < 0 < lean(silent=0)


def test_the_pedal_lengthens_what_is_heard():
    rows = Notes.of([(0, 2, 48, 90)])
    dry, held = (
        render(Score(10, (Part("", 0, rows, pedal=pedal),), barlines=[40]), RATE)
        for pedal in ([], [[0, 127], [30, 0]])
    )
    late = slice(RATE, RATE + RATE // 4)
    assert (held[late] ** 2).sum() > 20 * (dry[late] ** 2).sum()


def test_sound_of_many_hours_is_refused_at_once():
    with pytest.raises(OutputError, match="hours"):
        render(_score((0, [(10**9, 1, 60, 90)])), RATE)


@given(st.integers(0, 300))
def test_a_wav_file_holds_the_samples_to_16_bits(n_samples):
    samples = np.random.default_rng(n_samples).uniform(-1, 1, (n_samples, 2)).astype(np.float32)
    with wave.open(io.BytesIO(wav_bytes(samples, 8000))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 2, 2)
        frames = np.frombuffer(file.readframes(n_samples), "<i2").reshape(-1, 2)
    np.testing.assert_allclose(frames / 32_767, samples, atol=1 / 32_767)
