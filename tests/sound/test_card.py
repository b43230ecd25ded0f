"""The sound card is given the synthesiser's sound, from where it is asked for and as fast."""

import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from musegen.errors import MissingExtra, OutputError
from musegen.score.score import Notes, Part, Score
from musegen.sound.card import RATE, Card, open_card
from musegen.sound.stream import Streamed
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


def card_of(score: Score) -> Card:
    card = Card(lambda: Streamed(score, RATE))
    card.stream = Stream()
    return card


def alike(heard: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether it is the same sound, be it a little louder or softer."""
    return np.corrcoef(heard[:, 0], wanted[: len(heard), 0])[0, 1] > 0.999


def test_the_sound_is_the_synthesiser_s_and_goes_on_from_where_it_stopped():
    card, whole = card_of(SCORE), render(SCORE, RATE)
    card.begin(0.0, 1.0)
    assert alike(filled(card, 1000), whole)
    assert alike(filled(card, 20_000), whole[1000:])
    card.silence()
    assert not filled(card, 100).any()
    card.begin(0.5, 1.0)
    assert alike(filled(card, 2000), whole[RATE // 2 :])
    assert card.stream.told == ["start", "abort", "start"]
    card.begin(len(whole) / RATE - 0.001, 1.0)
    assert not filled(card, 1000)[100:].any()


def test_faster_is_not_higher_and_sooner_over():
    card = card_of(SCORE)
    card.begin(0.0, 1.0)
    filled(card, 4410)
    card.hasten(2.0)
    fast = filled(card, 22_050)
    pitch = np.argmax(np.abs(np.fft.rfft(fast[1000:7000, 0], RATE)))
    assert pitch == pytest.approx(261.6, abs=4)
    pitch = np.argmax(np.abs(np.fft.rfft(fast[10_000:18_000, 0], RATE)))
    assert pitch == pytest.approx(329.6, abs=4)  # the second note, which was due at half a second
    left = filled(card, 4 * RATE)
    sounding = 4410 + len(fast) + np.flatnonzero(left.any(axis=1))[-1]
    assert sounding == pytest.approx(RATE * (0.1 + 0.9 / 2 + 2.5), abs=100)


def test_another_tempo_is_heard_without_a_gap_or_a_click():
    card = card_of(SCORE)
    card.begin(0.0, 1.0)
    before = filled(card, 10_000)
    card.hasten(1.05)
    after = filled(card, 2000)
    loud, steep = abs(before[5000:]).max(), abs(np.diff(before[5000:], axis=0)).max()
    assert abs(after).max(axis=0).min() > loud / 4
    assert abs(np.diff(np.concatenate([before[-1:], after]), axis=0)).max() < 1.5 * steep


def test_no_more_of_a_long_piece_is_made_than_is_soon_heard():
    class Counted:
        """Blocks of a tenth of a second, for ever."""

        made = 0

        def blocks(self, start: float, speed: float) -> Iterator[np.ndarray]:
            while True:
                self.made += 1
                yield np.full((RATE // 10, 2), start, np.float32)

    source = Counted()
    card = Card(lambda: source)
    card.stream = Stream()
    card.begin(1.0, 1.0)
    assert source.made < 30
    assert (filled(card, 2 * RATE) == 1.0).all()
    time.sleep(0.2)
    assert source.made < 60
    card.hasten(1.05)
    filled(card, 10)
    assert filled(card, 10)[0, 0] == pytest.approx(3.0, abs=0.01)
    card.silence()
    made = source.made
    time.sleep(0.3)
    assert source.made <= made + 1


def test_a_card_is_opened_and_closed_or_its_lack_told(monkeypatch: pytest.MonkeyPatch):
    opened = Stream()
    fake = SimpleNamespace(OutputStream=lambda rate, **settings: opened)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    with open_card(lambda: Streamed(SCORE, RATE)) as card:
        assert card.stream is opened
    assert opened.told == ["close"]
    monkeypatch.setattr(fake, "OutputStream", lambda *_, **__: 1 / 0)
    with pytest.raises(OutputError), open_card(lambda: Streamed(SCORE, RATE)):
        pass
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtra) as caught, open_card(lambda: Streamed(SCORE, RATE)):
        pass
    assert "musegen[play]" in caught.value.hint


def test_a_missing_portaudio_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(OutputError) as caught, open_card(lambda: Streamed(SCORE, RATE)):
        pass
    assert "libportaudio2" in caught.value.hint
