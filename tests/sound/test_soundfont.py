"""A SoundFont sounds the score's notes, when and as loud as the built-in synthesiser would."""

import sys

import numpy as np
import pytest

from musegen.errors import MissingExtra, MusegenError, NotFound, OutputError, UnreadableFile
from musegen.score.score import Event, Notes, Part, Score
from musegen.sound.loudness import TARGET_LUFS, loudness
from musegen.sound.soundfont import soundfont
from musegen.sound.synthesiser import TAIL_SECONDS
from tests.soundfonts import sine_soundfont

RATE = 44_100
NOTES = Notes.of([(0, 20, 69, 90), (20, 20, 60, 90)])


@pytest.fixture
def sine(tmp_path):
    """A function that sounds scores as sines."""
    (tmp_path / "sine.sf2").write_bytes(sine_soundfont())
    try:
        return soundfont(tmp_path / "sine.sf2")
    except (MissingExtra, OutputError) as error:
        pytest.skip(str(error))


def _pitch(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples[:, 0], 2**17)).argmax()) * RATE / 2**17


def test_notes_sound_as_written_and_their_last_has_a_tail(sine):
    heard = sine(Score(10, (Part("", 0, NOTES),), tempo=[[0, 500_000], [20, 1_000_000]]), RATE)
    assert heard.shape == (pytest.approx(RATE * (3 + TAIL_SECONDS), abs=1), 2)
    assert _pitch(heard[: RATE // 2]) == pytest.approx(440, rel=0.01)
    assert _pitch(heard[2 * RATE : 3 * RATE]) == pytest.approx(261.6, rel=0.01)
    assert loudness(heard, RATE) == pytest.approx(TARGET_LUFS, abs=0.2)
    assert abs(heard).max() < 1


def test_channel_messages_are_obeyed(sine):
    bend = (Event(0, b"\xb0\x65\0"), Event(0, b"\xb0\x64\0"), Event(0, b"\xb0\x06\x0c"))
    octave = (*bend, Event(0, b"\xe0\x7f\x7f"))
    tuned = Event(0, b"\xf0\x7e\x7f\x09\x01\xf7")  # exclusive: General MIDI on
    one = Notes.of([(0, 20, 69, 90)])
    heard = sine(Score(10, (Part("", 0, one, events=octave),), events=(tuned,)), RATE)
    assert _pitch(heard[:RATE]) == pytest.approx(880, rel=0.01)


def test_one_score_has_one_sound(sine):
    score = Score(10, (Part("", 0, NOTES),))
    np.testing.assert_array_equal(sine(score, RATE), sine(score, RATE))


def test_silence_is_silent_and_an_instrument_that_is_not_there_is_told(sine):
    assert abs(sine(Score(10, (Part("", 0, Notes.of([])),)), RATE)).max() < 1e-6
    with pytest.raises(OutputError) as caught:
        sine(Score(10, (Part("", 0, NOTES, is_drums=True),)), RATE)
    assert "General MIDI" in caught.value.hint


@pytest.mark.usefixtures("sine")
def test_what_is_no_soundfont_is_told(tmp_path, capfd):
    whole = sine_soundfont()
    for number, data in enumerate([b"", b"MThd", whole[:900], whole[: len(whole) // 2]]):
        (tmp_path / f"{number}.sf2").write_bytes(data)
        with pytest.raises(UnreadableFile):
            soundfont(tmp_path / f"{number}.sf2")
    with pytest.raises(NotFound):
        soundfont(tmp_path / "none.sf2")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("module", "kind", "hint"),
    [
        (None, MissingExtra, "musegen[soundfont]"),
        ("print('found'); raise ImportError('no library')", OutputError, "libfluidsynth3"),
    ],
)
def test_missing_libraries_are_told(tmp_path, monkeypatch, capfd, module, kind, hint):
    monkeypatch.delitem(sys.modules, "fluidsynth", raising=False)
    if module:
        (tmp_path / "fluidsynth.py").write_text(module)
        monkeypatch.syspath_prepend(str(tmp_path))
    else:
        monkeypatch.setitem(sys.modules, "fluidsynth", None)
    with pytest.raises(MusegenError) as caught:
        soundfont(tmp_path / "any.sf2")
    assert type(caught.value) is kind
    assert hint in caught.value.hint
    assert capfd.readouterr() == ("", "")
