"""A score becomes a sound file, with its repeats, whole or not at all."""

import wave

import pytest

from musegen.errors import OutputError
from musegen.score.score import Mark, Notes, Part, Score
from musegen.sound.player import to_wav
from musegen.sound.synthesiser import TAIL_SECONDS

TUNE = Part("", 73, Notes.of([(0, 10, 60, 90), (10, 10, 64, 90)]))
ONCE = Score(10, (TUNE,), barlines=[10, 20])
TWICE = Score(10, (TUNE,), barlines=[10, 20], marks=(Mark(20, "repeat", "end"),))


def test_repeats_are_played_and_the_seconds_told_are_those_in_the_file(tmp_path):
    seconds = [to_wav(score, tmp_path / f"{i}.wav") for i, score in enumerate((ONCE, TWICE))]
    assert seconds == pytest.approx([1 + TAIL_SECONDS, 2 + TAIL_SECONDS])
    for index, told in enumerate(seconds):
        with wave.open(str(tmp_path / f"{index}.wav")) as file:
            assert file.getnframes() / file.getframerate() == told


def test_a_file_that_is_there_is_only_overwritten_when_told(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"dear")
    with pytest.raises(OutputError):
        to_wav(ONCE, path)
    assert path.read_bytes() == b"dear"
    to_wav(ONCE, path, force=True)
    assert path.read_bytes()[:4] == b"RIFF"
