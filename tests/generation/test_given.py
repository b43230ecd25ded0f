"""New music for a gap, and new parts to parts that are given; all else is untouched."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from musegen.corpus.conditions import Conditions
from musegen.corpus.given import (
    GIVEN,
    WRITTEN,
    Stretch,
    around,
    in_turns,
    of_parts,
    one_after_another,
    rows_of_gap,
    toward,
    written_to,
)
from musegen.errors import ModelError, UsageError
from musegen.evaluation.trained import Trained, network_for
from musegen.generation.accompany import accompaniment
from musegen.generation.compose import compose, compose_again
from musegen.generation.infill import Infill
from musegen.generation.plan import Plan
from musegen.network.next_word import NetworkSettings
from musegen.score.excerpt import silenced
from musegen.score.score import Notes, Score
from musegen.vocabulary.choose import build

MakeScore = Callable[..., Score]
GIVING = Conditions(given=True)


def giving(make_score: MakeScore, kind: str, backbone: str = "gru") -> Trained:
    torch.set_num_threads(1)
    vocabulary = build([make_score(kind, n) for n in range(6)], kind).taking_given()
    torch.manual_seed(1)
    settings = NetworkSettings(backbone, width=16, depth=2, heads=2, context=300)
    network = network_for(vocabulary, settings, GIVING).eval()
    assert network.told is not None
    torch.nn.init.normal_(network.told.bag.weight[1:])
    return Trained(network, vocabulary, {}, None, "none", GIVING)  # type: ignore[arg-type]


def nats_of(model: Trained, stretch: Stretch) -> np.ndarray:
    """Of the words that are written, all read at once."""
    sizes = np.array(model.vocabulary.sizes)[None]
    before = np.concatenate([sizes, stretch.words[:-1]])
    told = stretch.roles[:, None]
    columns = (torch.from_numpy(c.astype(np.int64))[None] for c in (before, stretch.words))
    features, told = (torch.from_numpy(c.astype(np.int64))[None] for c in (stretch.features, told))
    with torch.no_grad():
        log_p, _ = model.network.log_prob(*columns, features, conditions=told)
    return -log_p[0].double().numpy()[stretch.roles == WRITTEN]


def cut(rows: np.ndarray, tick: int) -> list[list[int]]:
    """Pitches as they sound, cut at a tick: (onset, duration, pitch)."""
    found = []
    for onset, length, pitch, _ in rows.tolist():
        if onset < tick < onset + length:
            found += [[onset, tick - onset, pitch], [tick, onset + length - tick, pitch]]
        else:
            found.append([onset, length, pitch])
    return sorted(found)


@pytest.mark.parametrize("backbone", ["gru", "transformer"])
@pytest.mark.parametrize("kind", ["notes", "grid", "abc"])
@pytest.mark.parametrize("gap", [(0, 1), (2, 1), (3, 2), (5, 1)])
def test_a_gap_is_filled_and_all_else_stays(
    make_score: MakeScore, kind: str, backbone: str, gap: tuple[int, int]
) -> None:
    model, seed = giving(make_score, kind, backbone), make_score(kind, 8, 6, ticks_per_quarter=480)
    first, bars = gap
    plan = Infill(bars, seed, first=first)
    for found in compose(model, plan, n=2, random_seed=2):
        start, end = (
            (int(seed.barlines[first - 1]) if first else 0),
            seed.barlines[first + bars - 1],
        )
        score = found.score
        assert score.barlines.tolist() == seed.barlines.tolist()
        assert score.tempo.tolist() == seed.tempo.tolist()
        given = silenced(seed, first, first + bars - 1)
        for old, quiet, new in zip(seed.parts, given.parts, score.parts, strict=True):
            rows = [cut(part.notes.rows, end) for part in (quiet, new)]
            outside = [[row for row in its if not start <= row[0] < end] for its in rows]
            assert outside[0] == outside[1]
            assert (new.name, new.program, new.is_drums) == (old.name, old.program, old.is_drums)
        assert score != seed
        assert plan.new(score).n_bars == bars


@pytest.mark.parametrize("kind", ["notes", "grid", "abc"])
def test_the_nats_of_a_gap_are_those_of_all_read_at_once(make_score: MakeScore, kind: str) -> None:
    model, seed = giving(make_score, kind), make_score(kind, 8, 6)
    plan = Infill(2, seed, first=2)
    found = compose(model, plan, random_seed=5)[0]
    vocabulary = model.vocabulary
    whole = vocabulary.encode(seed)
    score = vocabulary.decode(whole)
    rows = rows_of_gap(vocabulary.bars(whole, vocabulary.features_of(whole)), 2, 3)
    features = vocabulary.features_of(found.words)
    is_new = np.arange(len(features)) >= found.join
    told = toward(vocabulary, score, features, (2, 3), rows)
    if told is not None:  # beside the words, and the far side is not read
        stretch = Stretch(found.words, told, np.where(is_new, WRITTEN, GIVEN))
    else:
        new = Stretch(found.words, features, np.full(len(features), WRITTEN)).rows(is_new)
        stretch = one_after_another(*around(vocabulary, score, 2, 3), new)
    np.testing.assert_allclose(nats_of(model, stretch).sum(1), found.word_nats, atol=1e-3)


def test_a_gap_can_be_drawn_again(make_score: MakeScore) -> None:
    model, seed = giving(make_score, "grid"), make_score("grid", 8, 6)
    plan = Infill(2, seed, first=2)
    found = compose(model, plan, random_seed=5)[0]
    met: list[int] = []

    def flaw(_: object) -> int | None:
        met.append(1)
        return 1 if len(met) == 1 else None

    again = compose_again(model, plan, found, flaw, random_seed=9)
    assert again.score != found.score
    first, second = seed.barlines[1:3]
    for part, other in zip(again.score.parts, found.score.parts, strict=True):
        kept = [
            p.notes.rows[(p.notes.onset >= first) & (p.notes.onset < second)] for p in (part, other)
        ]
        assert kept[0][:, [0, 2]].tolist() == kept[1][:, [0, 2]].tolist()


def test_voices_are_written_as_they_are_measured(make_score: MakeScore) -> None:
    """What is told beside each word in composing is what is told of the whole piece."""
    model, seed = giving(make_score, "grid"), make_score("grid", 9, 4)
    plan = accompaniment(model, Plan(seed=seed), ["2"])
    found = compose(model, plan, random_seed=3)[0]
    words = model.vocabulary.encode(found.score)
    whole = words, model.vocabulary.features_of(words)
    stretch = written_to(model.vocabulary, found.score, whole, plan.written)
    nats = nats_of(model, stretch)[:, list(stretch.fields)].sum(1)
    np.testing.assert_allclose(nats[1:-1], found.word_nats[1:-1], atol=1e-3)


@pytest.mark.parametrize("kind", ["notes", "grid"])
@pytest.mark.parametrize("names", [["1"], ["2", "3"]])
def test_parts_are_written_to_those_that_are_given(
    make_score: MakeScore, kind: str, names: list[str]
) -> None:
    model, seed = giving(make_score, kind), make_score(kind, 9, 5, ticks_per_quarter=480)
    plan = accompaniment(model, Plan(seed=seed), names)
    found = compose(model, plan, n=2, random_seed=3)
    assert found[0].score != found[1].score
    written = {int(name) - 1 for name in names}
    for candidate in found:
        score = candidate.score
        assert candidate.finished
        assert score.barlines.tolist() == seed.barlines.tolist()
        for place, (old, new) in enumerate(zip(seed.parts, score.parts, strict=True)):
            assert (new.notes == old.notes) != (place in written)
        assert sum(len(score.parts[place].notes) for place in written) > 0
        assert plan.new(score).n_notes == sum(len(score.parts[p].notes) for p in written)


def test_the_nats_of_parts_are_those_of_all_read_at_once(make_score: MakeScore) -> None:
    model, seed = giving(make_score, "notes"), make_score("notes", 9, 4)
    plan = accompaniment(model, Plan(seed=seed), ["Bass"])
    found = compose(model, plan, random_seed=3)[0]
    given = of_parts(model.vocabulary, plan.seed, plan.written)  # type: ignore[arg-type]
    stretch = in_turns(model.vocabulary, given, found.words)
    np.testing.assert_allclose(nats_of(model, stretch).sum(1), found.word_nats, atol=1e-3)


def test_instruments_that_the_seed_lacks_are_added(make_score: MakeScore) -> None:
    model, seed = giving(make_score, "notes"), make_score("notes", 9, 4)
    plan = accompaniment(model, Plan(seed=seed), ["violin", "flute"])
    assert [part.name for part in plan.seed.parts][-1] == "Violin"  # type: ignore[union-attr]
    assert plan.written == (0, 4)
    score = compose(model, plan, random_seed=1)[0].score
    assert [part.program for part in score.parts] == [73, 0, 32, 0, 40]


def test_a_melody_gets_the_voices_that_it_lacks(make_score: MakeScore) -> None:
    model, seed = giving(make_score, "grid"), make_score("grid", 9, 4)
    melody = replace(seed, parts=seed.parts[:1])
    plan = accompaniment(model, Plan(seed=melody), ["2", "Voice 2"])
    score = compose(model, plan)[0].score
    assert score.parts[0].notes == melody.parts[0].notes
    assert len(score.parts) == 3
    with pytest.raises(UsageError, match="has 1 part, the model 3 voices"):
        accompaniment(model, Plan(seed=melody), ["3"])


def test_a_pickup_stays_a_pickup(make_score: MakeScore) -> None:
    for kind in ("notes", "grid"):
        model, seed = giving(make_score, kind), make_score(kind, 9, 4)
        lines = seed.barlines[:-1] - 3 * seed.ticks_per_quarter
        seed = replace(seed, barlines=lines)
        plan = accompaniment(model, Plan(seed=seed), ["2"])
        score = compose(model, plan, random_seed=4)[0].score
        assert score.barlines.tolist() == lines.tolist()
        assert score.parts[0].notes == seed.parts[0].notes
        gap = compose(model, Infill(1, seed, first=1), random_seed=4)[0].score
        assert gap.parts[0].notes.rows[0].tolist() == seed.parts[0].notes.rows[0].tolist()
        assert gap.barlines.tolist() == lines.tolist()


def test_what_cannot_be_is_explained(make_score: MakeScore) -> None:
    notes, seed = giving(make_score, "notes"), make_score("notes", 9, 4)
    with pytest.raises(UsageError, match="no part would be given"):
        accompaniment(notes, Plan(seed=seed), ["1", "2", "3", "4"])
    with pytest.raises(UsageError, match="no instrument is called"):
        accompaniment(notes, Plan(seed=seed), ["kazoo"])
    with pytest.raises(UsageError, match="needs a piece"):
        accompaniment(notes, Plan(), ["1"])
    with pytest.raises(ModelError, match="name no instruments"):
        accompaniment(giving(make_score, "abc"), Plan(seed=make_score("abc", 1)), ["piano"])
    with pytest.raises(ModelError, match="never told music"):
        accompaniment(replace(notes, conditions=Conditions(bars=True)), Plan(seed=seed), ["1"])
    with pytest.raises(UsageError, match="no bars 4 to 5"):
        Infill(2, seed, first=3)
    with pytest.raises(UsageError, match="needs a piece"):
        Infill(1, None)
    changing = replace(seed, metre=np.array([[0, 4, 4], [int(seed.barlines[1]), 2, 2]]))
    with pytest.raises(UsageError, match="metre changes"):
        Infill(2, changing, first=1)
    assert Infill(1, changing, first=2).bars == 1
    assert Notes.of([]) == Notes.of([])
