"""What is composed is joined to its seed, whatever lengths it brings along."""

import numpy as np

from musegen.generation.plan import Plan, voices_in
from musegen.generation.seed import silent_at_end, silent_in
from musegen.score.abc import read_tunes
from musegen.score.score import Notes, Part, Score
from musegen.vocabulary.abc import AbcVocabulary
from musegen.vocabulary.notes import NotesVocabulary

SEED = "X:1\nT:seed\nM:4/4\nL:1/8\nK:G\n|: GABc dedB | G2 B2 d4 |\n"
SEVENTHS = "X:1\nT:sevenths\nM:4/4\nL:1/8\nK:G\n g8/7f8/7e8/7d8/7c8/7B8/7A8/7 | G8 |\n"


def tune(text: str) -> Score:
    (score,) = read_tunes(text)
    assert isinstance(score, Score)
    return score


def test_new_lengths_that_need_finer_ticks_leave_the_seed_as_it_is() -> None:
    seed, other = tune(SEED), tune(SEVENTHS)
    vocabulary = AbcVocabulary.build([seed, other])
    plan = Plan(2, seed)
    header = 2
    new = vocabulary.encode(other)[header:-1]
    words = np.concatenate([plan.words(vocabulary), new])
    joined = plan.join(vocabulary, words)
    n = seed.n_notes
    assert joined.n_notes == n + other.n_notes
    assert joined.parts[0].notes.rows[:n].tolist() == seed.parts[0].notes.rows.tolist()
    assert joined.barlines[: seed.n_bars].tolist() == seed.barlines.tolist()
    pitches = joined.parts[0].notes.pitch[n:].tolist()
    assert pitches == other.parts[0].notes.pitch.tolist()
    starts = joined.parts[0].notes.onset[n:] - seed.barlines[-1]
    quarters = starts / joined.ticks_per_quarter
    exact = other.parts[0].notes.onset / other.ticks_per_quarter
    assert np.abs(quarters - exact).max() <= 1 / joined.ticks_per_quarter


def test_what_has_nothing_new_is_named() -> None:
    """A part that was silent before is not missed; instruments asked for are, and parts asked."""

    def part(name: str, program: int, *notes: tuple[int, int, int, int]) -> Part:
        return Part(name, program, Notes.of(notes))

    note = (0, 24, 60, 80)
    bar = {"metre": np.array([[0, 1, 4]]), "barlines": np.array([24])}
    seed = Score(24, (part("Solo", 0, note), part(" ", 68, note), part("Tacet", 1)), **bar)
    new = Score(24, (part("Solo", 0, note), part(" ", 68), part("Tacet", 1)), **bar)
    assert silent_in(new, Plan(1, seed)) == ["Oboe"]
    assert silent_in(new, Plan(1, instruments=(0, 40))) == ["Violin"]
    strings = Score(24, (part("", 40, note), part("", 42, note)), **bar)
    quartet = Plan(1, instruments=(40, 40, 41, 42))
    assert silent_in(strings, quartet) == ["Violin 2", "Viola"]
    assert silent_in(new, Plan(1, movements=(seed,))) == ["Oboe", "Tacet"]


def test_what_falls_silent_before_the_end_is_named() -> None:
    """What is held into the last bar sounds there; what never played has not fallen silent."""
    notes = {"held": (0, 30, 60, 80), "over": (0, 24, 60, 80), "last": (24, 24, 60, 80)}
    parts = [Part(name, 0, Notes.of([note])) for name, note in notes.items()]
    bars = {"metre": np.array([[0, 1, 4]]), "barlines": np.array([24, 48])}
    new = Score(24, (*parts, Part("tacet", 0, Notes.of([]))), **bars)
    assert silent_at_end(new) == ["over"]


def test_a_part_sounds_as_many_notes_at_once_as_in_the_seed() -> None:
    """Notes that are joined are no chord, nor is one chord in a hundred notes; drums count too."""

    def part(program: int, *notes: tuple[int, int, int, int], is_drums: bool = False) -> Part:
        return Part("", program, Notes.of(notes), is_drums=is_drums)

    line = [(24 * k, 24 + 5 * (k % 2), 60 + k % 3, 80) for k in range(100)]
    chords = [(24 * k, 24, pitch, 80) for k in range(8) for pitch in (48, 52, 55)]
    held = [(0, 96, 36, 80), (24, 24, 60, 80), (48, 24, 64, 80)]
    kit = [(0, 6, 36, 80), (0, 6, 42, 80)]
    score = Score(
        24,
        (
            part(73, *line, (0, 24, 90, 80)),
            part(40, *line[:4]),
            part(40, *chords),
            part(0, *held),
            part(0, *kit, is_drums=True),
            part(33),
        ),
    )
    voices = voices_in([score], NotesVocabulary())
    heard = [(73, 0), (40, 0), (40, 1), (0, 0), (128, 0)]
    assert [voices[place] for place in heard] == [1, 1, 3, 2, 2]
    assert voices[33, 0] == 2  # it is silent in the seed: what a player can
    assert voices[68, 3] == 1
    assert (52, 0) not in voices  # a choir
    assert voices_in([tune(SEED)], AbcVocabulary.build([tune(SEED)])) == {(0, 0): 1}
