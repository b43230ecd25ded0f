"""How original what was composed is, and how it is made more so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from musegen.errors import ModelError, MusegenError, UsageError
from musegen.evaluation.originality import Passages
from musegen.evaluation.trained import Trained
from musegen.generation.asked import check
from musegen.generation.compose import Composed, compose, compose_again
from musegen.generation.copies import Originals
from musegen.generation.plan import Plan
from musegen.generation.request import Request
from musegen.score.excerpt import from_bar
from musegen.score.score import Score

MakeModel = Callable[..., Trained]
MakeScore = Callable[..., Score]
MOST = 9


def new_music(plan: Plan, found: Composed) -> Score:
    return found.score if plan.seed is None else from_bar(found.score, plan.seed.n_bars)


def plagiarist(model: Trained, folder: Path, plan: Plan, found: Composed) -> Trained:
    """The model, as if it had learnt from the music that it composed."""
    Passages.of([("mine.mid", new_music(plan, found).parts)]).save(folder)
    return replace(model, folder=folder)


def mended(model: Trained, plan: Plan, found: Composed) -> Composed:
    flaw = Originals(model, plan).beyond(MOST)
    return compose_again(model, plan, found, flaw, random_seed=3)


@pytest.mark.parametrize(
    ("kind", "seeded"),
    [("notes", True), ("grid", True), ("grid", False), ("abc", True), ("abc", False)],
)
def test_copying_is_told_and_drawn_anew(
    make_model: MakeModel, make_score: MakeScore, tmp_path: Path, kind: str, seeded: bool
) -> None:
    seed = make_score(kind, 8, ticks_per_quarter=480) if seeded else None
    plan = Plan(64 if kind == "notes" else 8, seed)
    found = compose(make_model(kind), plan, random_seed=3)[0]
    model = plagiarist(make_model(kind), tmp_path, plan, found)
    originals = Originals(model, plan)
    copied = originals.copies_in(found).learnt
    assert copied is not None
    assert copied.source == "mine.mid"
    assert copied.notes > MOST
    other = mended(model, plan, found)
    less = originals.copies_in(other).learnt
    assert less is not None
    assert less.notes <= MOST
    assert plan.n_new(other.score) == plan.n_new(found.score)
    assert len(other.word_nats) == len(other.words) - other.join
    if seed is not None:
        first = int(seed.barlines[-1])
        kept = [part.notes.rows[part.notes.onset < first].tolist() for part in other.score.parts]
        assert kept == [part.notes.rows.tolist() for part in seed.parts]
    again = mended(model, plan, found)
    assert again.score == other.score


def test_what_copies_nothing_stays_as_it_is(
    make_model: MakeModel, make_score: MakeScore, tmp_path: Path
) -> None:
    plan = Plan(4)
    found, other = compose(make_model("grid"), plan, n=2)
    model = plagiarist(make_model("grid"), tmp_path, plan, other)
    assert mended(model, plan, found) is found


def test_the_themes_of_the_seed_are_free(
    make_model: MakeModel, make_score: MakeScore, tmp_path: Path
) -> None:
    model = make_model("grid")
    found = compose(model, Plan(8), random_seed=3)[0]
    own = plagiarist(model, tmp_path, Plan(8), found)
    plan = Plan(8, found.score, omit_seed=True)
    copy = replace(found)  # as if the seed were played once more
    assert mended(own, Plan(8), copy) is not copy
    assert mended(own, plan, copy) is copy
    assert Originals(own, plan).copies_in(copy).seed.notes > MOST


def test_without_a_way_out_it_says_so(make_model: MakeModel) -> None:
    model, plan = make_model("grid"), Plan(4)
    found = compose(model, plan)[0]
    with pytest.raises(MusegenError, match="the same flaw"):
        compose_again(model, plan, found, lambda so_far: 1 if so_far.score.n_bars > 1 else None)


def test_what_cannot_be_asked_is_refused(make_model: MakeModel, tmp_path: Path) -> None:
    found = compose(make_model("grid"), Plan(2))[0]
    originals = Originals(make_model("grid"), Plan(2))
    assert originals.copies_in(found).learnt is None
    with pytest.raises(ModelError, match="does not tell"):
        originals.beyond(12)
    with pytest.raises(UsageError, match="fewer than 8"):
        check(Request(max_copy=7))


def test_a_passage_of_the_seed_is_no_copy(make_model: MakeModel, make_score: MakeScore) -> None:
    """What the seed has itself is told as its own, and not as learnt."""
    plan = Plan(8, make_score("grid", 8))
    parts = new_music(plan, compose(make_model("grid"), plan, random_seed=3)[0]).parts
    learnt = Passages.of([("mine.mid", parts)])
    assert learnt.longest_in(parts).notes > MOST
    assert learnt.longest_in(parts, learnt).notes == 0
    assert learnt.longest_in(parts, Passages.of([("other", parts[:1])])).notes > 0
    assert learnt.longest_in(parts[:1], Passages.of([("other", parts[:1])])).notes == 0
