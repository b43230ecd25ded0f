"""What is composed: the same from the same random seed, after an untouched seed, in whole bars."""

import copy
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musegen.errors import MusegenError, UsageError
from musegen.evaluation.trained import Trained
from musegen.generation import drawer as module
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.generation.rank import units_of
from musegen.generation.sampling import Sampling
from musegen.network.backbones import BACKBONES
from musegen.score.bars import pickups
from musegen.score.excerpt import JOIN, from_bar, join_of, until_bar
from musegen.score.files import read, write
from musegen.score.instruments import RANGES
from musegen.score.midi import write_midi
from musegen.score.repeats import played_bars, unfold
from musegen.score.score import Event, Mark, Notes, Part, Score, barlines_of_metre
from musegen.vocabulary.notes_layout import BARLINE, BEATS, DESK, DESKS, KIND, NOTE, TICKS

KINDS = ("abc", "grid", "notes")
MakeModel = Callable[..., Trained]
MakeScore = Callable[..., Score]


def nats_of_whole(model: Trained, words: np.ndarray) -> np.ndarray:
    """−log p of each word (T,), all read at once."""
    features = model.vocabulary.features_of(words)
    before = np.concatenate([np.array(model.vocabulary.sizes)[None], words[:-1]])
    with torch.no_grad():
        log_p, _ = model.network.log_prob(
            *(torch.from_numpy(a.astype(np.int64))[None] for a in (before, words, features))
        )
    return -log_p[0].sum(-1).double().numpy()


def check_continuation(seed: Score, found: Score, bars: int) -> None:
    """The seed stands untouched; then come exactly so many bars, and nothing after them."""
    join, end = int(seed.barlines[-1]), int(found.barlines[-1])
    assert pickups(found)[seed.n_bars :].count(False) == bars
    assert np.array_equal(found.barlines[: seed.n_bars], seed.barlines)
    lengths = set(np.diff(found.barlines[seed.n_bars - 1 :]).tolist())
    assert len(lengths) == 1 or found.marks  # a section of a tune may begin with a pickup
    assert found.ticks_per_quarter == seed.ticks_per_quarter
    for name in ("tempo", "metre", "key"):
        assert np.array_equal(getattr(found, name), getattr(seed, name))
    assert (found.title, found.events[:-1]) == (seed.title, seed.events)
    assert join_of(found) == found.events[-1].tick == join
    assert len(found.parts) == len(seed.parts)
    for new, old in zip(found.parts, seed.parts, strict=True):
        assert (new.name, new.program, new.is_drums) == (old.name, old.program, old.is_drums)
        assert new.events == old.events
        before = new.notes.rows[new.notes.onset < join]
        assert np.array_equal(before, old.notes.rows)
        assert np.array_equal(new.pedal[: len(old.pedal)], old.pedal)
        added = new.notes.onset >= join
        assert (new.notes.end[added] <= end).all()
        assert (new.notes.duration[added] > 0).all()


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seeded", [False, True])
def test_the_nats_of_each_word_drawn_are_those_of_the_whole_read_at_once(
    make_model: MakeModel, make_score: MakeScore, kind: str, backbone: str, seeded: bool
) -> None:
    model = make_model(kind, backbone)
    plan = Plan(3, make_score(kind, 9) if seeded else None)
    for found in compose(model, plan, n=3, random_seed=5):
        nats = nats_of_whole(model, found.words)
        assert found.nats == pytest.approx(nats[found.join :].sum(), rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_random_seed_writes_the_same_bytes(
    make_model: MakeModel, make_score: MakeScore, kind: str
) -> None:
    model, plan = make_model(kind), Plan(2, make_score(kind, 8))
    first, again, other = (
        [write_midi(found.score) for found in compose(model, plan, n=2, random_seed=number)]
        for number in (7, 7, 8)
    )
    assert first == again
    assert first != other
    assert first[0] != first[1]


@pytest.mark.parametrize("kind", KINDS)
def test_temperature_zero_takes_the_likeliest_word_and_no_other(
    make_model: MakeModel, make_score: MakeScore, kind: str
) -> None:
    model, plan = make_model(kind), Plan(1, make_score(kind, 8))
    first, second = compose(model, plan, n=2, sampling=Sampling(0), random_seed=1)
    other = compose(model, plan, sampling=Sampling(0), random_seed=2)[0]
    assert np.array_equal(first.words, second.words)
    assert np.array_equal(first.words, other.words)


@pytest.mark.parametrize("ticks_per_quarter", [480, 384, 96, 89])
@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_is_untouched_and_whole_bars_follow(
    make_model: MakeModel, make_score: MakeScore, kind: str, ticks_per_quarter: int
) -> None:
    if kind == "abc" and ticks_per_quarter == 89:
        pytest.skip("89 has no half, so that its eighths are no lexemes")
    seed = make_score(kind, 8, ticks_per_quarter=ticks_per_quarter)
    model = make_model(kind)
    for bars in (1, 3):
        for found in compose(model, Plan(bars, seed), n=2, random_seed=bars):
            check_continuation(seed, found.score, bars)
            assert found.finished


@pytest.mark.parametrize("kind", KINDS)
def test_a_continuation_survives_its_midi_file(
    make_model: MakeModel, make_score: MakeScore, tmp_path: Path, kind: str
) -> None:
    seed = make_score(kind, 8, ticks_per_quarter=480)
    write(seed, tmp_path / "seed.mid")
    seed = read(tmp_path / "seed.mid")
    found = compose(make_model(kind), Plan(2, seed))[0].score
    write(found, tmp_path / "found.mid")
    read_again = read(tmp_path / "found.mid")
    assert read_again.n_notes == unfold(found).n_notes  # MIDI has no repeat signs


def performed(seed: Score, random_seed: int) -> Score:
    """The seed as a person plays it: no onset on the grid, the last close before the barline."""
    rng = np.random.default_rng(random_seed)
    last, parts = int(seed.barlines[-1]) - 1, []
    for part in seed.parts:
        onset = np.clip(part.notes.onset + rng.integers(-9, 10, len(part.notes)), 0, last)
        onset[-1:] = last
        parts.append(replace(part, notes=replace(part.notes, onset=onset)))
    return replace(seed, parts=tuple(parts))


@pytest.mark.parametrize("random_seed", range(4))
@pytest.mark.parametrize("kind", ["grid", "notes"])
def test_a_performed_seed_is_not_repeated_after_the_join(
    make_model: MakeModel, make_score: MakeScore, kind: str, random_seed: int
) -> None:
    seed = performed(make_score(kind, 8, ticks_per_quarter=480), random_seed)
    plan = Plan(2, seed)
    vocabulary = make_model(kind).vocabulary
    untouched = plan.join(vocabulary, plan.words(vocabulary))
    assert untouched.n_notes == seed.n_notes
    found = compose(make_model(kind), plan, random_seed=random_seed)[0]
    check_continuation(seed, found.score, 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pickup", [1, 3])
def test_a_seed_with_a_pickup_is_carried_on_from_its_barline(
    make_model: MakeModel, make_score: MakeScore, kind: str, pickup: int
) -> None:
    seed = make_score(kind, 8)
    tpq = seed.ticks_per_quarter
    lines = np.arange(pickup * tpq, 16 * tpq, 4 * tpq)
    seed = until_bar(replace(seed, barlines=lines), len(lines))
    for found in compose(make_model(kind), Plan(3, seed), n=2):
        check_continuation(seed, found.score, 3)
        bars = np.diff(found.score.barlines).tolist()
        assert found.score.marks or bars == [4 * tpq] * (len(lines) + 2)


@pytest.mark.parametrize("seeded", [False, True])
def test_a_pickup_of_any_section_is_no_bar(
    make_model: MakeModel, make_score: MakeScore, seeded: bool
) -> None:
    seed = make_score("abc", 8) if seeded else None
    lengths = []
    for found in compose(make_model("abc"), plan := Plan(6, seed), n=12, random_seed=3):
        bars = np.diff(plan.new(found.score).barlines, prepend=0) / found.score.ticks_per_quarter
        assert plan.n_new(found.score) == 6
        assert np.count_nonzero(bars == 4) <= 6
        lengths.append(len(bars))
    assert max(lengths) > (6 if seeded else 7)


def test_a_grid_seed_in_midi_may_say_its_pickup_as_a_metre(
    make_model: MakeModel, make_score: MakeScore
) -> None:
    seed = make_score("grid", 8)
    tpq = seed.ticks_per_quarter
    metre = np.array([[0, 1, 4], [tpq, 4, 4]])
    seed = replace(seed, metre=metre, barlines=barlines_of_metre(metre, seed.end, tpq))
    found = compose(make_model("grid"), Plan(2, seed))[0]
    check_continuation(seed, found.score, 2)


@pytest.mark.parametrize("kind", ["grid", "notes"])
def test_a_seed_that_ends_in_rests_is_carried_on_from_its_barline(
    make_model: MakeModel, make_score: MakeScore, kind: str
) -> None:
    seed = make_score(kind, 8)
    silent_from = seed.end - 3 * seed.ticks_per_quarter
    rows = [part.notes.rows[part.notes.onset < silent_from] for part in seed.parts]
    parts = (replace(p, notes=Notes.of(r)) for p, r in zip(seed.parts, rows, strict=True))
    seed = replace(seed, parts=tuple(parts))
    for found in compose(make_model(kind), Plan(2, seed), n=4):
        check_continuation(seed, found.score, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_notes_that_sound_over_the_cut_keep_their_length(
    make_model: MakeModel, make_score: MakeScore, kind: str
) -> None:
    piece = make_score(kind, 8)
    cut = int(piece.barlines[1])
    parts = []
    for part in piece.parts:
        rows = part.notes.rows.copy()
        rows[rows[:, 0] < cut][-1:, 1] = 0
        last = np.flatnonzero(rows[:, 0] < cut)[-1]
        rows[last, 1] = cut + 3 * piece.ticks_per_quarter - rows[last, 0]
        parts.append(replace(part, notes=Notes.of(rows)))
    seed = until_bar(replace(piece, parts=tuple(parts)), 2)
    for found in compose(make_model(kind), Plan(3, seed), n=2):
        check_continuation(seed, found.score, 3)


@given(bar=st.integers(1, 3), number=st.integers(0, 9))
@settings(max_examples=10)
def test_until_a_bar_and_from_it_is_the_whole(make_score: MakeScore, bar: int, number: int) -> None:
    piece = make_score("notes", number)
    tpq = piece.ticks_per_quarter
    marks = (Mark(0, "repeat", "start"), *(Mark(8 * tpq, "repeat", t) for t in ("end", "start")))
    tempo = np.array([[0, 600_000], [7 * tpq, 400_000], [8 * tpq, 300_000]])
    flute = replace(
        piece.parts[0],
        events=(
            Event(0, b"\xb0\x07\x40"),
            Event(3 * tpq, b"\xb0\x07\x50"),
            Event(5 * tpq, b"\xff\x05la"),
            Event(9 * tpq, b"\xff\x05li"),
        ),
    )
    piece = replace(piece, tempo=tempo, marks=(*marks, Mark(16 * tpq, "repeat", "end")))
    piece = replace(piece, parts=(flute, *piece.parts[1:]))
    head, tail = until_bar(piece, bar), from_bar(piece, bar)
    start = int(piece.barlines[bar - 1])
    assert [*head.barlines, *(tail.barlines + start)] == piece.barlines.tolist()
    assert sorted([*head.marks, *(replace(m, tick=m.tick + start) for m in tail.marks)]) == [
        *piece.marks
    ]
    for a, b, whole in zip(head.parts, tail.parts, piece.parts, strict=True):
        moved = b.notes.rows + np.array([start, 0, 0, 0])
        assert Notes.of(np.concatenate([a.notes.rows, moved])) == whole.notes
        pedal = np.concatenate([a.pedal, b.pedal + np.array([start, 0])])
        assert np.array_equal(pedal, whole.pedal)
        words = [e for e in b.events if e.message[0] == 0xFF]
        assert [*a.events, *(e._replace(tick=e.tick + start) for e in words)] == [*whole.events]
    controls = [e for e in tail.parts[0].events if e.message[0] != 0xFF]
    assert controls == [Event(0, b"\xb0\x07\x50" if bar > 0 else b"\xb0\x07\x40")]
    assert tail.tempo[0].tolist() == [0, 600_000 if bar == 1 else 300_000]


@pytest.mark.parametrize("kind", KINDS)
def test_without_its_seed_the_new_music_is_what_came_after_it(
    make_model: MakeModel, make_score: MakeScore, kind: str
) -> None:
    seed = make_score(kind, 8)
    whole, alone = (
        compose(make_model(kind), Plan(2, seed, omit_seed=omit))[0].score for omit in (False, True)
    )
    assert alone.n_bars == 2
    assert alone == replace(from_bar(whole, seed.n_bars), events=())
    assert alone.n_notes == whole.n_notes - seed.n_notes


def test_an_instrument_that_was_never_seen_goes_on(
    make_model: MakeModel, make_score: MakeScore
) -> None:
    band = make_score("notes", 8)
    seed = replace(band, parts=tuple(replace(p, program=110, is_drums=False) for p in band.parts))
    found = compose(make_model("notes"), Plan(2, seed))[0].score
    check_continuation(seed, found, 2)


@pytest.mark.parametrize("kind", ["grid", "notes"])
@pytest.mark.parametrize("empty", [0, 1])
def test_a_seed_with_an_empty_part_keeps_it(
    make_model: MakeModel, make_score: MakeScore, kind: str, empty: int
) -> None:
    seed = make_score(kind, 8)
    parts = list(seed.parts)
    parts[empty] = replace(parts[empty], notes=Notes.of([]), program=parts[1 - empty].program)
    seed = replace(seed, parts=tuple(parts))
    found = compose(make_model(kind), Plan(2, seed))[0].score
    check_continuation(seed, found, 2)
    if kind == "notes":
        assert not len(found.parts[empty].notes)


def test_of_many_parts_of_one_instrument_none_doubles_another(
    make_model: MakeModel, make_score: MakeScore
) -> None:
    line = make_score("notes", 8).parts[0]
    seed = replace(make_score("notes", 8), parts=(line,) * 18)
    plan, vocabulary = Plan(1, seed), make_model("notes").vocabulary
    words = plan.words(vocabulary)
    last_desk = words[(words[:, KIND] == NOTE) & (words[:, DESK] == DESKS - 1)][:1].copy()
    last_desk[0, [BEATS, TICKS]] = 1, 0
    barline = words[words[:, KIND] == BARLINE][:1].copy()
    barline[0, [BEATS, TICKS]] = 3, 0
    joined = plan.join(vocabulary, np.concatenate([words, last_desk, barline]))
    assert joined.n_notes == seed.n_notes + 1


@pytest.mark.parametrize("kind", ["grid", "notes"])
def test_what_still_sounds_at_the_join_is_not_cut_by_a_note_of_its_pitch(
    make_model: MakeModel, make_score: MakeScore, tmp_path: Path, kind: str
) -> None:
    """A file of MIDI gives back every note as it was."""
    seed = make_score(kind, 8)
    parts = []
    for part in seed.parts:
        rows = part.notes.rows.copy()
        rows[-1, 1] = seed.barlines[-1] - rows[-1, 0] + seed.ticks_per_quarter
        parts.append(replace(part, notes=Notes.of(rows)))
    seed = replace(seed, parts=tuple(parts))
    for number, found in enumerate(compose(make_model(kind), Plan(2, seed), n=12)):
        write(found.score, path := tmp_path / f"{number}.mid")
        for old, new in zip(found.score.parts, read(path).parts, strict=False):
            assert new.notes == old.notes


def test_grace_and_repeat_signs_at_the_join_are_kept(
    make_model: MakeModel, make_score: MakeScore
) -> None:
    vocabulary = make_model("abc").vocabulary
    seed = make_score("abc", 8)
    plan = Plan(1, seed)
    opening = vocabulary.encode(seed)  # the seed again, opened by a repeat
    tables = vocabulary.tables  # type: ignore[attr-defined]
    sign = np.array([[tables.index["|:"]]], np.int16)
    words = np.concatenate([plan.words(vocabulary), sign, opening[2:]])
    marks = plan.join(vocabulary, words).marks
    assert Mark(int(seed.barlines[-1]), "repeat", "start") in marks


def test_a_composed_repeat_begins_no_earlier_than_what_is_new(
    make_model: MakeModel, make_score: MakeScore, tmp_path: Path
) -> None:
    seed = make_score("abc", 8)
    join, repeating = int(seed.barlines[-1]), 0
    for found in compose(make_model("abc"), Plan(6, seed), n=12, random_seed=3):
        heard = unfold(found.score)
        assert [e.message for e in heard.events].count(JOIN) == 1
        assert (heard.parts[0].notes.onset < join).sum() == len(seed.parts[0].notes)
        repeating += heard is not found.score
        write(found.score, path := tmp_path / "found.abc", force=True)
        assert unfold(read(path)).n_notes == heard.n_notes
    assert repeating


def test_a_repeat_that_the_seed_opened_is_closed_by_what_is_new(
    make_model: MakeModel, make_score: MakeScore
) -> None:
    seed = replace(make_score("abc", 8), marks=(Mark(0, "repeat", "start"),))
    found = [
        found.score for found in compose(make_model("abc"), Plan(6, seed), n=12, random_seed=3)
    ]
    signs = [[m.text for m in score.marks if m.kind == "repeat"] for score in found]
    closing = [score for score, its in zip(found, signs, strict=True) if its[1:2] == ["end"]]
    assert closing
    for score in closing:
        assert [tick for tick, number in played_bars(score) if number == 1][1:]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seeded", [False, True])
def test_what_is_broken_off_ends_on_its_last_whole_bar(
    make_model: MakeModel,
    make_score: MakeScore,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    seeded: bool,
) -> None:
    monkeypatch.setattr(module, "_WORDS_A_BAR", {"abc": 3, "grid": 10, "notes": 4}[kind])
    model = copy.deepcopy(make_model(kind))
    if kind == "notes":
        model.network.heads.heads[KIND].scores.bias.data[BARLINE] -= 4  # type: ignore[union-attr]
    seed = make_score(kind, 8) if seeded else None
    broken = 0
    for random_seed in range(8):
        try:
            found = compose(model, plan := Plan(12, seed), random_seed=random_seed)[0]
        except MusegenError as error:
            assert "too many notes" in error.message  # noqa: PT017 - either is polite
            continue
        broken += not found.finished
        assert found.score.end == found.score.barlines[-1]
        if seed is not None:
            check_continuation(seed, found.score, plan.n_new(found.score))
    assert broken


def test_all_edges_of_a_piece_from_nothing_are_barlines(
    make_model: MakeModel, make_score: MakeScore
) -> None:
    for kind in KINDS:
        for found in compose(make_model(kind), Plan(4), n=3):
            assert pickups(found.score).count(False) == 4
            edges = [0, *found.score.barlines.tolist()]
            assert all(a < b for a, b in pairwise(edges))
            assert found.score.end == edges[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_units_of_what_is_new_are_those_of_the_whole_less_the_seed(
    make_model: MakeModel, make_score: MakeScore, kind: str
) -> None:
    model, seed = make_model(kind), replace(make_score(kind, 8), characters=5000)
    found = compose(model, Plan(2, seed))[0]
    new = {
        "abc": lambda: sum(
            len(t)
            for _, t in model.vocabulary.tables.texts(found.words[found.join :, 0].astype(np.int64))
        ),
        "grid": lambda: 3 * (len(found.words) - found.join - 1),
        "notes": lambda: found.score.n_notes - seed.n_notes,
    }
    assert units_of(model, found) == new[kind]()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"bars": 0}, "at least one bar"),
        ({"seed": Score(48, (Part("A", 0, Notes.of([])),))}, "no notes"),
        ({"seed": Score(48, (Part("A", 0, Notes.of([(0, 48, 60, 80)])),))}, "no bars"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(what: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Plan(**what)  # type: ignore[arg-type]


@pytest.mark.parametrize("bar", [0, 5])
def test_a_bar_beyond_the_seed_is_refused_with_those_there_are(
    make_score: MakeScore, bar: int
) -> None:
    with pytest.raises(UsageError, match="has 4 bars") as told:
        until_bar(make_score("notes", 1), bar)
    assert "2 to 5" in told.value.hint


def test_from_nothing_no_part_is_silent_and_all_can_be_played(make_model: MakeModel) -> None:
    """Though an untrained model would seat a player at any desk, and have him play anything."""
    found = compose(make_model("notes"), Plan(4), n=8, random_seed=3)
    parts = [part for its in found for part in its.score.parts]
    assert len(parts) > 8
    assert all(len(part.notes) or len(part.pedal) for part in parts)
    for part in (part for part in parts if len(part.notes) and not part.is_drums):
        low, high = RANGES.get(part.program, (0, 127))
        assert low <= part.notes.pitch.min() <= part.notes.pitch.max() <= high
