"""The sound card is given the synthesiser's sound, from where it is asked for and as fast."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from musegen.errors import MissingExtra, OutputError
from musegen.score.score import Notes, Part, Score
from musegen.sound.card import RATE, Card, open_card
from musegen.sound.synthesiser import render

SCORE = Score(10, (Part("", 0, Notes.of([(0, 10, 60, 90), (10, 10, 64, 90)])),))


class Stream:
    """A card that notes what it is told."""

    def __init__(self, rate: int = 0, **settings: object) -> None:
        self.settings, self.told = settings, []

    def __getattr__(self, name: str):
        return lambda: self.told.append(name)


def filled(card: Card, size: int) -> np.ndarray:
    out = np.ones((size, 2), np.float32)
    card.fill(out, size, None, None)
    return out


def test_the_sound_is_the_synthesiser_s_and_goes_on_from_where_it_stopped():
    card, whole = Card(SCORE), render(SCORE, RATE)
    card.stream = Stream()
    card.begin(0.0, 1.0)
    assert np.array_equal(filled(card, 1000), whole[:1000])
    assert np.array_equal(filled(card, 1000), whole[1000:2000])
    card.silence()
    card.begin(0.5, 1.0)
    assert np.array_equal(filled(card, 1000), whole[RATE // 2 : RATE // 2 + 1000])
    assert card.stream.told == ["start", "abort", "start"]
    card.begin(len(whole) / RATE - 0.001, 1.0)
    assert not filled(card, 1000)[100:].any()


def test_faster_is_not_higher():
    card = Card(SCORE)
    card.stream = Stream()
    card.begin(0.0, 1.0)
    filled(card, 4410)
    card.hasten(2.0)
    fast = filled(card, 20_000)
    assert len(card._samples) == pytest.approx(RATE * (0.5 + 2.5), abs=2)
    pitch = np.argmax(np.abs(np.fft.rfft(fast[:8000, 0]))) * RATE / 8000
    assert pitch == pytest.approx(261.6, abs=4)


def test_a_card_is_opened_and_closed_or_its_lack_told(monkeypatch: pytest.MonkeyPatch):
    opened = Stream()
    fake = SimpleNamespace(OutputStream=lambda rate, **settings: opened)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    with open_card(SCORE) as card:
        assert card.stream is opened
    assert opened.told == ["close"]
    monkeypatch.setattr(fake, "OutputStream", lambda *_, **__: 1 / 0)
    with pytest.raises(OutputError), open_card(SCORE):
        pass
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtra) as caught, open_card(SCORE):
        pass
    assert "musegen[play]" in caught.value.hint


def test_a_missing_portaudio_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(OutputError) as caught, open_card(SCORE):
        pass
    assert "libportaudio2" in caught.value.hint
