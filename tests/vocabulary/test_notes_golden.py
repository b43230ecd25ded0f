"""The words of a small piece, printed: a change of what they are is seen and not merely felt."""

from pathlib import Path

import numpy as np
import pytest

from musegen.score.score import Notes, Part, Score
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_layout import FIELDS, KIND, KINDS
from musegen.vocabulary.vocabulary import Vocabulary, Words

GOLDEN = Path(__file__).parent / "golden"


def readable(vocabulary: Vocabulary, words: Words) -> str:
    """A line a word: its kind, and the fields that apply."""
    lines = []
    for word in words.tolist():
        asked = vocabulary.applies[word[KIND]]
        said = [
            f"{name}={value}"
            for name, value, is_asked in zip(FIELDS, word, asked, strict=True)
            if is_asked
        ]
        lines.append(" ".join([KINDS[word[KIND]], *said[1:]]))
    return "\n".join(lines) + "\n"


def test_two_bars_of_two_parts_are_written_in_these_words(request: pytest.FixtureRequest) -> None:
    flute = Part("", 73, Notes.of([(12, 12, 72, 80), (24, 48, 74, 90)]))
    piano = Part(
        "",
        0,
        Notes.of([(0, 24 * 40, 48, 64), (0, 24, 52, 64)]),
        pedal=np.array([[0, 127], [72, 0]]),
    )
    score = Score(
        24,
        (flute, piano),
        metre=np.array([[0, 3, 4]]),
        key=np.array([[0, -1, 5, 0]]),
        barlines=np.array([72, 144]),
    )
    vocabulary = NotesVocabulary(24)
    text = readable(vocabulary, vocabulary.encode(score))
    file = GOLDEN / "two_bars.txt"
    if request.config.getoption("--rewrite-golden"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
