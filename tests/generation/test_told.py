"""What is told reaches every word, the seed's too, and what cannot be told is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from musegen.corpus.conditions import Conditions
from musegen.errors import ModelError, UsageError
from musegen.evaluation.trained import Trained, network_for
from musegen.generation.asked import settled
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.generation.request import Request
from musegen.network.next_word import NetworkSettings
from musegen.score.bars import pickups
from musegen.score.key import home_key, home_number
from musegen.score.score import MODE_DEGREE, Score
from musegen.vocabulary.choose import build
from musegen.vocabulary.vocabulary import Opening

MakeScore = Callable[..., Score]
ALL = Conditions(("jig", "reel"), (3, 4), (1.0, 2.0), bars=True)
KEY = Conditions(key=True)
IN_F_SHARP_MINOR = Opening(key=(3, MODE_DEGREE["minor"]))


def telling(make_score: MakeScore, kind: str, conditions: Conditions = ALL) -> Trained:
    """A model of random weights that heeds what it is told."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    vocabulary = build([make_score(kind, n) for n in range(6)], kind)
    settings = NetworkSettings("gru", width=16, depth=2, heads=2, context=24, dropout=0.3)
    network = network_for(vocabulary, settings, conditions).eval()
    return Trained(network, vocabulary, {}, Path("none"), "none", conditions)


@pytest.mark.parametrize("kind", ["abc", "grid", "notes"])
@pytest.mark.parametrize("seeded", [False, True])
def test_every_word_is_told_style_density_and_the_bars_still_to_come(
    make_score: MakeScore, kind: str, seeded: bool
) -> None:
    """The nats of what is drawn are those of the whole, told at once what it turned out to be."""
    model = telling(make_score, kind)
    seed = make_score(kind, 9) if seeded else None
    plan = Plan(3, seed, finish=True, style="reel", density="low")
    for found in compose(model, plan, n=2, random_seed=9):
        words = found.words
        features = model.vocabulary.features_of(words)
        passed = model.vocabulary.bars(words, features)
        asked = (4 if seeded else 0) + 3
        short = np.cumsum([0, *pickups(found.score)])  # that a bar is a pickup is known after it
        to_come = asked + short[passed] - passed
        assert to_come[-1] == 0 or kind == "grid", "voices may end within the last bar"
        told = ALL.columns(len(words), style="reel", density="low", to_come=to_come)
        before = np.concatenate([np.array(model.vocabulary.sizes)[None], words[:-1]])
        arrays = [a.astype(np.int64)[None] for a in (before, words, features, told)]
        before_, words_, features_, told_ = map(torch.from_numpy, arrays)
        with torch.no_grad():
            log_p, _ = model.network.log_prob(before_, words_, features_, conditions=told_)
        nats = -log_p[0].sum(-1).double().numpy()
        assert found.nats == pytest.approx(nats[found.join :].sum(), rel=1e-5, abs=1e-4)


def test_bars_to_come_are_told_from_nothing_and_after_a_seed_only_where_it_is_to_finish(
    make_score: MakeScore,
) -> None:
    to_come = np.array([2, 1])
    seed = make_score("grid", 9)
    assert Plan(3).told(ALL, to_come)[:, 2].tolist() == [3, 2]
    assert Plan(3, seed).told(ALL, to_come)[:, 2].tolist() == [0, 0]
    assert Plan(3, seed, finish=True).told(ALL, to_come)[:, 2].tolist() == [3, 2]


def test_what_a_model_was_never_told_is_refused(make_score: MakeScore) -> None:
    plain = telling(make_score, "grid", Conditions())
    for plan in (Plan(1, style="jig"), Plan(1, density="low"), Plan(1, finish=True)):
        with pytest.raises(ModelError, match="never told"):
            compose(plain, plan)
    with pytest.raises(UsageError, match="no style called 'polka'"):
        compose(telling(make_score, "grid"), Plan(1, style="polka"))


def test_the_home_key_is_that_of_the_seed_or_the_one_that_is_asked_for(
    make_score: MakeScore,
) -> None:
    """Where words do not say it; of music that is moved, it moves too."""
    seed, n = make_score("grid", 9), np.array([2, 1])
    home = home_number(*home_key(seed))
    assert Plan(3).told(KEY, n).tolist() == [[0], [0]]
    assert Plan(3, seed).told(KEY, n).tolist() == [[1 + home]] * 2
    model = telling(make_score, "grid", KEY)
    plan = settled(model, Request(key="F#m", bars=3), Plan(3, opening=IN_F_SHARP_MINOR))
    assert plan.told(KEY, n).tolist() == [[1 + 12 + 6]] * 2
    found = compose(model, plan, random_seed=2)[0]
    assert found.score.n_bars == 3
    assert compose(model, Plan(3), random_seed=2)[0].score != found.score
    with pytest.raises(ModelError, match="no key"):
        compose(telling(make_score, "grid"), Plan(3, opening=IN_F_SHARP_MINOR))


def test_the_more_is_told_the_more_it_counts(make_score: MakeScore) -> None:
    """Told the bars to come beside a style, words gain more than by the style alone."""
    model, seed = telling(make_score, "grid"), make_score("grid", 9)
    with torch.no_grad():
        model.network.told.bag.weight.mul_(3)

    def likelier(plan: Plan) -> float:
        """How many nats what is told gains on what is not, of the words that were drawn."""
        found = compose(model, plan, n=24, random_seed=1)
        return float(np.mean([nats_gained(model, plan, its.words, its.join) for its in found]))

    assert likelier(Plan(2, seed, style="jig", finish=True)) > 1.5 * likelier(
        Plan(2, seed, style="jig")
    )


def nats_gained(model: Trained, plan: Plan, words: np.ndarray, join: int) -> float:
    """log p(new words | style) − log p(new words), a word."""
    told = ALL.columns(len(words), style=plan.style)
    before = np.concatenate([np.array(model.vocabulary.sizes)[None], words[:-1]])
    arrays = [before, words, model.vocabulary.features_of(words)]
    tensors = [torch.from_numpy(a.astype(np.int64)[None]) for a in arrays]
    with torch.no_grad():
        with_it, without = (
            model.network.log_prob(*tensors, conditions=c)[0][0, join:].sum().item()
            for c in (torch.from_numpy(told)[None], None)
        )
    return (with_it - without) / (len(words) - join)
