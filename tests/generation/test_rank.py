"""Which of several candidates comes first."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musegen.errors import MusegenError
from musegen.evaluation.originality import Copied, Passages
from musegen.evaluation.trained import Trained
from musegen.generation.compose import Composed, compose
from musegen.generation.copies import Copies, Originals
from musegen.generation.fulfil import fulfil
from musegen.generation.plan import Plan
from musegen.generation.rank import Rank, n_silent, rank
from musegen.generation.request import Request
from musegen.score.score import Score

MakeModel = Callable[..., Trained]
NOTHING = Copies(None, Copied())


def test_the_piece_as_surprising_as_real_music_comes_first(make_model: MakeModel) -> None:
    model = replace(make_model("grid"), config={"figures": {"valid_nats": 1.0}})
    words = np.zeros((9, len(model.vocabulary.sizes)), np.int16)
    score = model.vocabulary.decode(words)
    found = [Composed(score, words, 0, np.zeros(9), True)] * 3
    ranks = rank(model, Plan(2), found, [0.1, 0.9, 3.0], [NOTHING] * 3, Originals(model, Plan(2)))
    assert [r.typical for r in ranks] == pytest.approx([0.1, 0.9, 1 / 3])
    assert [(r.like_seed, r.original) for r in ranks] == [(None, None)] * 3
    assert max(range(3), key=lambda i: ranks[i].score) == 1


def test_what_is_like_the_seed_and_copies_nothing_comes_first(
    make_model: MakeModel, make_score: Callable[..., Score], tmp_path: Path
) -> None:
    seed = make_score("grid", 8)
    model, plan = make_model("grid"), Plan(seed.n_bars, seed, omit_seed=True)
    found = compose(model, plan)[0]
    own = replace(found, score=seed)
    other = replace(found, score=_moved(seed, 7))
    Passages.of([("seed.mid", seed.parts)]).save(tmp_path)
    originals = Originals(replace(model, folder=tmp_path), plan)
    copies = [NOTHING, NOTHING, Copies(Copied(24, "seed.mid"), Copied(24, "the seed"))]
    ranks = rank(model, plan, [own, other, own], [1.0] * 3, copies, originals)
    assert ranks[0].like_seed == pytest.approx(1.0)
    assert ranks[1].like_seed is not None
    assert ranks[1].like_seed < 0.95
    assert ranks[2].original == 0.5
    assert ranks[0].score > max(ranks[1].score, ranks[2].score)


def test_what_is_not_told_does_not_count() -> None:
    assert Rank(0.5, None, None).score == 0.5
    assert Rank(0.5, 0.5, 0.5).score == 0.125


def test_a_piece_that_ends_where_the_model_would_comes_first(make_model: MakeModel) -> None:
    model = make_model("grid")
    words = np.zeros((9, len(model.vocabulary.sizes)), np.int16)
    whole = Composed(model.vocabulary.decode(words), words, 0, np.zeros(9), True)
    found = [replace(whole, ending=np.log(p)) for p in (0.02, 0.4)] + [
        replace(whole, finished=False)
    ]
    originals = Originals(model, Plan(2))

    def closes(plan: Plan) -> list[float | None]:
        return [one.closes for one in rank(model, plan, found, [1.0] * 3, [NOTHING] * 3, originals)]

    assert closes(Plan(2, finish=True)) == pytest.approx([0.05, 1.0, 0.0])
    assert closes(Plan(2)) == [None] * 3


def test_all_parts_that_are_asked_for_play_where_a_candidate_has_them(
    make_model: MakeModel,
) -> None:
    model, plan = make_model("notes"), Plan(4, instruments=(0, 0, 32, 73))
    said: list[str] = []
    for chance in range(20):  # until fewer parts are silent; noise may write nothing at all
        request = Request(n=4, random_seed=chance)
        try:
            once = compose(model, plan, n=4, random_seed=chance)
            found = fulfil(model, request, plan, tell=said.append)
        except MusegenError:
            continue
        silent = sum(n_silent(candidate, plan) for candidate in once)
        still = sum(n_silent(of.composed, plan) for of in found)
        assert still <= silent
        if still < silent:
            break
    assert still < silent
    assert any("composed again" in sentence for sentence in said)
    complete = [of.rank.complete for of in found]
    assert complete == [1 - n_silent(of.composed, plan) / 4 for of in found]
    again = fulfil(model, request, plan)
    assert [of.composed.score for of in again] == [of.composed.score for of in found]


def _moved(score: Score, semitones: int) -> Score:
    def moved(notes):
        return replace(notes, pitch=notes.pitch + semitones)

    return replace(score, parts=tuple(replace(p, notes=moved(p.notes)) for p in score.parts))
