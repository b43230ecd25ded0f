"""Music from elsewhere, as ABC: every length is one that players know, and nothing strays far."""

import itertools
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musegen.score.abc import read_book, write_book
from musegen.score.abc_playable import playable
from musegen.score.losses import missing_in
from musegen.score.midi import read_midi
from musegen.score.score import Mark, Notes, Part, Score

needs_abc2midi = pytest.mark.skipif(
    not shutil.which("abc2midi"), reason="needs abc2midi, from Debian's abcmidi"
)
METRES = ((4, 4), (3, 4), (6, 8), (5, 16), (7, 8))


@st.composite
def performances(draw: st.DrawFn) -> Score:
    """Parts whose notes begin and end at any tick; those of one letter do not overlap."""
    per_quarter = draw(st.sampled_from([25, 96, 384, 480, 1024]))
    ticks = st.integers(0, 6 * per_quarter)
    parts = []
    for program in draw(st.lists(st.integers(0, 127), min_size=1, max_size=3)):
        rows = []
        for pitch in draw(st.lists(st.sampled_from(range(30, 90, 3)), max_size=5, unique=True)):
            edges = sorted(draw(st.lists(ticks, max_size=8, unique=True)))
            rows += [(a, b - a, pitch, 80) for a, b in zip(edges[::2], edges[1::2], strict=False)]
        parts.append(Part("", program, Notes.of(rows)))
    onsets = parts[0].notes.onset.tolist()
    marks = [Mark(tick, "lyric", "la") for tick in sorted(set(onsets))[::2]]
    change = draw(ticks.filter(bool))
    tempo = [[0, 500_000], [draw(ticks.filter(bool)), 654_321]]
    metre = [[0, *draw(st.sampled_from(METRES))], [change, *draw(st.sampled_from(METRES))]]
    key = [[0, 0, 0, 0], [draw(ticks.filter(bool)), 2, 0, 0]]
    lines = sorted(draw(st.sets(ticks.filter(bool), max_size=2)))  # the last may be too early
    columns = (np.array(column) for column in (tempo, metre, key, lines))
    return Score(per_quarter, tuple(parts), *columns, marks=tuple(marks))


def onsets(score: Score) -> list[tuple[int, float]]:
    """Pitches and when, in quarters, they begin."""
    rows = np.concatenate([Notes.of([]).rows, *(part.notes.rows for part in score.parts)])
    return sorted((pitch, onset / score.ticks_per_quarter) for onset, _, pitch, _ in rows.tolist())


def has_known_lengths(written: str) -> bool:
    """Whether all lengths are twofold, within tuplets of up to nine or without."""
    music = re.sub(r'"[^"]*"|[MQL]:\S*', "", written)
    under = {int(number) for number in re.findall(r"/(\d+)", music)}
    return under <= {2, 4, 8, 16, 32} and set(re.findall(r"\((\d+)", music)) <= {*"3456789"}


@given(performances())
def test_all_lengths_are_twofold_or_in_tuplets_of_up_to_nine(score: Score) -> None:
    assert has_known_lengths(write_book([score]))


@given(performances())
def test_notes_move_by_a_sixteenth_of_a_quarter_at_most(score: Score) -> None:
    moved = playable(score)
    assert [part.program for part in moved.parts] == [part.program for part in score.parts]
    for before, after in zip(onsets(score), onsets(moved), strict=True):
        assert before[0] == after[0]
        assert abs(before[1] - after[1]) <= 1 / 16


@given(performances())
def test_what_was_moved_is_read_back_the_same(score: Score) -> None:
    moved = playable(score)
    (again,) = read_book(write_book([score]))
    assert not again.faults
    lost = missing_in(again, moved)
    assert lost.get("notes", 0) + lost.get("notes moved", 0) <= overlaps(moved)


def overlaps(score: Score) -> int:
    """How many notes meet another of their pitch: short ones, after they were given a length."""
    found = 0
    for part in score.parts:
        for pitch in set(part.notes.pitch.tolist()):
            rows = part.notes.rows[part.notes.pitch == pitch]
            ends = rows[:, 0] + rows[:, 1]
            found += 2 * int((rows[1:, 0] < ends[:-1]).sum())
    return found


@given(
    st.lists(st.tuples(st.sampled_from([16, 32, 24, 40, 56]), st.data()), max_size=8),
    st.integers(1, 5000),
)
def test_a_beat_that_abc_can_say_is_left_as_it_is(
    beats: list[tuple[int, st.DataObject]], change: int
) -> None:
    """Whenever the tempo changes meanwhile, and where the last bar lines are missing."""
    edges = [0]
    for beat, (division, data) in enumerate(beats):
        steps = data.draw(st.sets(st.integers(1, division - 1), max_size=5))
        edges += [3360 * beat + 3360 // division * step for step in sorted(steps)]
    pairs = itertools.pairwise(edges)
    rows = [(start, end - start, 60 + start % 7, 80) for start, end in pairs]
    tempo = np.array([[0, 500_000], [change, 600_000]])
    score = Score(3360, (Part("", 0, Notes.of(rows)),), tempo, barlines=np.array([3360]))
    written = write_book([score])
    assert has_known_lengths(written)
    (again,) = read_book(written)
    assert not {"notes", "notes moved"} & set(missing_in(again, score))


def test_what_was_read_from_abc_is_not_moved() -> None:
    (score,) = read_book("X:1\nM:4/4\nL:1/8\nK:C\nA/3B/5c/7d|\n")
    assert playable(score) is score
    assert playable(replace(score, characters=0)) != score


def heard_by_abc2midi(written: str, folder: Path) -> Score:
    """What it plays, the notes of a chord at once, after it found no fault."""
    at_once = written.replace("X:1\n", "X:1\n%%MIDI chordattack 0\n", 1)
    (folder / "g.abc").write_text(at_once, encoding="utf-8")
    command = ["abc2midi", "g.abc", "-o", "g.mid"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    assert "Error" not in told.stdout, told.stdout
    return read_midi((folder / "g.mid").read_bytes())


@needs_abc2midi
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(score=performances())
def test_abc2midi_hears_the_same_notes(score: Score, tmp_path: Path) -> None:
    heard = heard_by_abc2midi(write_book([score]), tmp_path)
    meant = read_book(write_book([score]))[0]
    assert [pitch for pitch, _ in onsets(heard)] == [pitch for pitch, _ in onsets(meant)]
    for (_, when), (_, wanted) in zip(onsets(heard), onsets(meant), strict=True):
        assert abs(when - wanted) < 1 / 60


@needs_abc2midi
def test_abc2midi_has_channels_for_every_voice_of_an_orchestra(tmp_path: Path) -> None:
    notes = Notes.of([(0, 480, 60, 80)])
    parts = [Part("", 3 * number % 40, notes) for number in range(60)]
    score = Score(480, (*parts, Part("", 0, notes, is_drums=True)))
    heard_by_abc2midi(write_book([score]), tmp_path)
    (again,) = read_book(write_book([score]))
    assert [part.is_drums for part in again.parts] == [False] * 60 + [True]


def test_low_parts_have_the_bass_clef() -> None:
    parts = [
        Part(name, 0, Notes.of([(0, 480, pitch, 80)])) for name, pitch in [("a", 72), ("b", 40)]
    ]
    written = write_book([Score(480, tuple(parts))])
    assert 'V:1 name="a"\nV:2 name="b" clef=bass\n' in written
    assert [p.notes.pitch.tolist() for p in read_book(written)[0].parts] == [[72], [40]]
