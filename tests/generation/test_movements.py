"""What a new movement hears of those before it."""

from pathlib import Path

import numpy as np
import pytest

from musegen.generation.movements import fullest_passage, movements
from musegen.score.files import write
from musegen.score.score import Notes, Part, Score
from musegen.vocabulary.notes import NotesVocabulary

BAR = 96


def movement(*bars: str) -> Score:
    """A bar of 4/4 for each text, in which a flute (f), a cello (c) or drums (d) play one note."""
    parts = [
        Part(
            name,
            program,
            Notes.of([(BAR * k, BAR, 50, 80) for k, bar in enumerate(bars) if name in bar]),
            is_drums=name == "d",
        )
        for name, program in (("f", 73), ("c", 42), ("d", 0))
    ]
    kept = tuple(part for part in parts if len(part.notes))
    return Score(24, kept, barlines=BAR * np.arange(1, len(bars) + 1))


@pytest.fixture
def vocabulary() -> NotesVocabulary:
    return NotesVocabulary()


def test_the_fullest_bars_are_heard_in_the_parts_of_all(vocabulary: NotesVocabulary) -> None:
    scores = [movement("c", "c", "fc", "c"), movement("c", "cd", "fc", "cd")]
    found = fullest_passage(scores, vocabulary, 8)
    assert found is not None
    assert found.where == "bars 2 to 3 of movement 2"
    assert [part.name for part in found.score.parts] == ["f", "c", "d"]
    assert [len(part.notes) for part in found.score.parts] == [1, 2, 1]
    assert found.score.barlines.tolist() == [BAR, 2 * BAR]


def test_of_equal_passages_the_first_is_heard(vocabulary: NotesVocabulary) -> None:
    found = fullest_passage([movement("c", "fc", "fc"), movement("fc")], vocabulary, 6)
    assert found is not None
    assert found.where == "bars 2 to 3 of movement 1"


def test_as_many_words_are_heard_as_a_model_remembers(vocabulary: NotesVocabulary) -> None:
    score = movement(*["fcd"] * 6)
    for words in range(3, 40):
        found = fullest_passage([score], vocabulary, words)
        if found is not None:
            assert len(vocabulary.prime(found.score)) <= words + 3  # metre, tempo and key, anew
            assert found.score.n_bars == found.last - found.first + 1
    assert fullest_passage([score], vocabulary, 3) is None


def test_movements_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number, bars in ((10, 3), (2, 1)):
        write(movement(*["c"] * bars), tmp_path / f"{number}.mid")
    assert [score.n_bars for score in movements(tmp_path)] == [1, 3]
