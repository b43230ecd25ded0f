"""A metre, key and tempo that are asked for come first, and stand to the end."""

from collections.abc import Callable

import numpy as np
import pytest

from musegen.errors import ModelError
from musegen.score.score import MODES
from musegen.vocabulary.abc import AbcVocabulary
from musegen.vocabulary.choose import build
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_layout import END, NOTE
from musegen.vocabulary.vocabulary import Opening, Tracker, Vocabulary

MINOR = MODES.index("minor")
OPENINGS = {
    "notes": Opening((3, 4), (-2, MINOR), 90.0),
    "abc": Opening((3, 4), (1, 0), 90.0),
    "grid": Opening((3, 4), None, 90.0),
}


@pytest.fixture(scope="module")
def vocabularies(make_score: Callable) -> dict[str, Vocabulary]:
    found = {
        kind: build([make_score(kind, n) for n in range(6)], kind) for kind in ("notes", "grid")
    }
    words = ("M:3/4", "M:4/4", "M:17/16", "K:G", "K:D", "K:Em", *"CDEFGAB", *"cdefgab", "|", "|]")
    settings = found["grid"].to_dict() | {"metres": ((3, 4), (4, 4))}
    return found | {
        "grid": type(found["grid"])(**_less_name(settings)),
        "abc": AbcVocabulary(words),
    }


def _less_name(settings: dict) -> dict:
    return {name: value for name, value in settings.items() if name != "name"}


def end_of(vocabulary: Vocabulary) -> int:
    return {"notes": END, "abc": 0}.get(vocabulary.name, getattr(vocabulary, "end_value", 0))


def go_on(tracker: Tracker, vocabulary: Vocabulary, words: np.ndarray) -> None:
    for word in words:
        tracker.advance(np.repeat(word[None], len(tracker.done), axis=0))


@pytest.mark.parametrize("kind", OPENINGS)
@pytest.mark.parametrize("seed", range(4))
def test_what_is_asked_from_nothing_stands_throughout(
    kind: str, seed: int, vocabularies: dict[str, Vocabulary], walk: Callable
) -> None:
    vocabulary, opening = vocabularies[kind], OPENINGS[kind]
    tracker = vocabulary.start(3)
    tracker.last_bar = 3
    tracker.ask(opening)
    rng = np.random.default_rng(seed)
    for words, _ in walk(vocabulary, tracker, rng, 60, end_of(vocabulary)):
        score = vocabulary.decode(words)
        np.testing.assert_array_equal(vocabulary.encode(score), words)
        assert score.metre.tolist() == [[0, 3, 4]]
        if opening.key is not None:
            assert score.key[:, :3].tolist() == [[0, *opening.key]]
        if kind == "notes":
            assert len(score.tempo) == 1
            assert 60e6 / score.tempo[0, 1] == pytest.approx(90, rel=0.016)


@pytest.mark.parametrize("only", ["metre", "key", "tempo"])
def test_one_may_be_asked_and_the_others_come_as_they_do(
    only: str, vocabularies: dict[str, Vocabulary], walk: Callable
) -> None:
    vocabulary, every = vocabularies["notes"], OPENINGS["notes"]
    for seed in range(4):
        tracker = vocabulary.start(3)
        tracker.last_bar = 2
        tracker.ask(Opening(**{only: getattr(every, only)}))
        for words, _ in walk(vocabulary, tracker, np.random.default_rng(seed), 40, END):
            score = vocabulary.decode(words)
            assert score.n_bars == 2
            if only == "metre":
                assert score.metre.tolist() == [[0, 3, 4]]
            if only == "key":
                assert score.key[:, :3].tolist() == [[0, -2, MINOR]]


@pytest.mark.parametrize("kind", ["notes", "abc"])
def test_after_a_seed_they_change_at_the_join_and_nowhere_else(
    kind: str, vocabularies: dict[str, Vocabulary], make_score: Callable, walk: Callable
) -> None:
    vocabulary, opening = vocabularies[kind], OPENINGS[kind]
    seed = make_score("notes", 1, 4)
    if kind == "abc":
        lines = ("M:4/4", "K:D", *"DEFGABcd", "|", *"dcBAGFED", "|]")
        words = [vocabulary.tables.index[word] for word in lines]  # type: ignore[attr-defined]
        seed = vocabulary.decode(np.array([*words, 0])[:, None].astype(np.int16))
    first, old = vocabulary.prime(seed), seed.n_bars
    for asked in (opening, Opening()):
        tracker = vocabulary.start(2)
        go_on(tracker, vocabulary, first)
        tracker.last_bar, tracker.keep_time = old + 2, True
        tracker.ask(asked)
        for new, _ in walk(vocabulary, tracker, np.random.default_rng(2), 30, end_of(vocabulary)):
            score = vocabulary.decode(np.concatenate([first, new]))
            join = int(score.barlines[old - 1])
            changes = [(tick, n, d) for tick, n, d in score.metre.tolist() if tick]
            assert changes == ([(join, 3, 4)] if asked.metre else [])
            if asked.key:
                assert score.key[-1, :3].tolist() == [join, *asked.key]
            if asked.tempo and kind == "notes":
                (_, (tick, tempo_us)) = score.tempo.tolist()
                assert tick == join
                assert 60e6 / tempo_us == pytest.approx(90, rel=0.016)
            assert score.n_bars == old + 2


def test_to_ask_for_a_metre_and_tempo_leaves_notes_where_they_may_begin(
    vocabularies: dict[str, Vocabulary], make_score: Callable
) -> None:
    vocabulary = vocabularies["notes"]
    asked, free = vocabulary.start(1), vocabulary.start(1)
    asked.ask(Opening((4, 4), None, 100.0))
    for tracker in (asked, free):
        go_on(tracker, vocabulary, vocabulary.prime(make_score("notes", 1, 4)))
    note = np.array([[NOTE]], np.int16)
    assert np.flatnonzero(asked.legal(note)[0]).tolist() == [0, 1, 2, 3]
    assert np.array_equal(asked.legal(note), free.legal(note))


def test_what_words_cannot_say_is_refused_with_what_they_can(
    vocabularies: dict[str, Vocabulary],
) -> None:
    cases = [
        ("notes", Opening((4, 3)), "4/3", ""),
        ("grid", Opening((7, 8)), "never seen the metre 7/8", "3/4, 4/4"),
        ("grid", Opening(key=(1, 0)), "no key", "--tell key"),
        ("abc", Opening((7, 8)), "never seen the metre 7/8", "3/4, 4/4, 17/16"),
        ("abc", Opening(key=(-7, 0)), "never seen the key of Cb", ""),
    ]
    for kind, opening, said, hint in cases:
        with pytest.raises(ModelError, match=said) as error:
            vocabularies[kind].start(1).ask(opening)
        assert hint in (error.value.hint or "")


def test_a_grid_that_has_begun_keeps_its_metre(vocabularies: dict[str, Vocabulary]) -> None:
    vocabulary = vocabularies["grid"]
    tracker = vocabulary.start(1)
    first = np.zeros((1, len(vocabulary.sizes)), np.int16)
    first[0, 0] = end_of(vocabulary) + 2
    tracker.advance(first)
    with pytest.raises(ModelError, match="one metre"):
        tracker.ask(Opening((3, 4)))


def test_no_instrument_leaves_the_range_that_it_is_given(walk: Callable) -> None:
    vocabulary = NotesVocabulary(24)
    tracker = vocabulary.start(3)
    tracker.last_bar = 3
    tracker.keep_parts([(40, 0), (70, 0)], {40: (55, 60), 70: (34, 40)})
    heard = set()
    for words, _ in walk(vocabulary, tracker, np.random.default_rng(0), 90, END):
        for part in vocabulary.decode(words).parts:
            low, high = {40: (55, 60), 70: (34, 40)}[part.program]
            assert ((part.notes.pitch >= low) & (part.notes.pitch <= high)).all()
            heard |= {part.program} if len(part.notes) else set()
    assert heard == {40, 70}
