"""The last bars, of which drafts are drawn."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musegen.evaluation.originality import Copied
from musegen.generation.close import DRAFTS, follows, undrawn
from musegen.generation.compose import compose
from musegen.generation.copies import Copies, Originals
from musegen.generation.drawer import Drawer
from musegen.generation.infill import Infill
from musegen.generation.plan import Plan
from musegen.generation.rank import rank
from musegen.generation.sampling import Sampling
from musegen.score.score import Score
from tests.generation.test_given import giving
from tests.generation.test_told import ALL, telling

MakeScore = Callable[..., Score]


@pytest.mark.parametrize("kind", ["abc", "grid", "notes"])
@pytest.mark.parametrize("n", [1, 3, DRAFTS])
def test_pieces_have_the_bars_that_were_asked_for_however_they_are_closed(
    make_score: MakeScore, kind: str, n: int
) -> None:
    model, seed = telling(make_score, kind), make_score(kind, 4)
    for plan in (Plan(5, seed, finish=True), Plan(1, seed, finish=True)):
        found = compose(model, plan, n=n)
        assert [plan.n_new(its.score) for its in found] == [plan.bars] * n
        assert all(its.finished for its in found)
        assert all(len(its.word_nats) == len(its.words) - its.join for its in found)


def test_what_is_composed_alone_is_drafted_and_of_many_none_is() -> None:
    assert undrawn(Plan(32), ALL, 1) == 1
    assert undrawn(Plan(3), ALL, 1) == 1
    assert undrawn(Plan(1), ALL, 1) == 0
    assert undrawn(Plan(32), ALL, DRAFTS) == 0


def test_the_bars_left_to_drafts_are_not_drawn_before(make_score: MakeScore) -> None:
    model, seed = telling(make_score, "grid"), make_score("grid", 4)
    plan, words = (
        Plan(8, seed, finish=True),
        Plan(8, seed).words(telling(make_score, "grid").vocabulary),
    )
    tracker = plan.tracker(model.vocabulary, words, len(words), 4)
    drawer = Drawer(model, plan, words, len(words), tracker, Sampling(), 0, undrawn=3)
    plan.draw(drawer, None, lambda: False)
    assert all(drawer.rests(row) for row in range(4))
    assert (drawer.bars_left == 3).all()
    assert not any(drawer.row(row).finished for row in range(4))


@pytest.mark.parametrize("kind", ["abc", "grid", "notes"])
@pytest.mark.parametrize("gap", [(1, 1), (2, 3), (4, 2)])
def test_of_drafts_of_a_gap_one_leads_to_what_comes_after_it(
    make_score: MakeScore, tmp_path: Path, kind: str, gap: tuple[int, int]
) -> None:
    model, seed = replace(giving(make_score, kind), folder=tmp_path), make_score(kind, 8, 6)
    first, bars = gap
    plan = Infill(bars, seed, first=first)
    leads = first + bars < seed.n_bars
    assert undrawn(plan, model.conditions, 1) == (min(2, bars) if leads else 0)
    assert undrawn(plan, model.conditions, DRAFTS) == 0
    many = compose(model, plan, n=DRAFTS)
    for found in [*compose(model, plan), *many]:
        assert found.finished
        assert plan.new(found.score).n_bars == bars
        assert len(found.word_nats) == len(found.words) - found.join
        if leads:
            assert found.ending == pytest.approx(follows(model, plan, found.score), abs=1e-4)
    if leads:
        copies, originals = [Copies(None, Copied())] * DRAFTS, Originals(model, plan)
        ranks = rank(model, plan, many, [1.0] * DRAFTS, copies, originals)
        assert max(its.closes for its in ranks) == 1.0  # type: ignore[type-var]


def test_drafts_are_weighed_by_how_likely_they_end(
    make_score: MakeScore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one draft of thousands of times the chance, that one is taken."""
    model, seed = telling(make_score, "grid"), make_score("grid", 4)
    rows = Drawer.row
    seen: list[float] = []

    def row(self: Drawer, number: int) -> object:
        found = rows(self, number)
        if not found.finished:
            return found
        seen.append(50.0 if len(seen) == 5 else found.ending)
        return found._replace(ending=seen[-1])

    monkeypatch.setattr(Drawer, "row", row)
    found = compose(model, Plan(8, seed, finish=True))[0]
    assert len(seen) == DRAFTS
    assert found.ending == 50.0
    assert np.isfinite(found.word_nats).all()


def test_a_piece_that_is_silent_in_its_last_bar_has_no_end(make_score: MakeScore) -> None:
    model, seed = telling(make_score, "notes"), make_score("notes", 4)
    plan = Plan(2, seed, finish=True)
    ends = {True: 0, False: 0}
    for chance in range(0, 60, 20):
        for one in compose(model, plan, n=20, random_seed=chance):
            start = one.score.barlines[-2]
            sounds = any((part.notes.end > start).any() for part in one.score.parts)
            assert np.isfinite(one.ending) == sounds
            ends[sounds] += 1
    assert all(ends.values()), ends
