"""An instrument that was never met begins as its nearest kin."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from musegen.evaluation.trained import Trained
from musegen.generation.kin import kin_of, nearest_kin, with_kin
from musegen.generation.plan import Plan
from musegen.score.score import Score


def test_kin_are_of_one_section_where_there_is_one() -> None:
    assert nearest_kin(41, {40, 48, 0}) == 40  # viola: violin
    assert nearest_kin(68, {60, 73, 56}) == 73  # oboe: flute, though the horn's number is as near
    assert nearest_kin(58, {60, 73, 56}) == 60  # tuba: horn, which is lower than the trumpet
    assert (
        nearest_kin(70, {65, 72}) == 65
    )  # bassoon: saxophone, though the piccolo's number is near
    assert nearest_kin(109, {0, 80}) == 80  # bagpipe: whatever there is


def test_what_was_never_met_is_read_and_predicted_as_its_kin(
    make_model: Callable[..., Trained], make_score: Callable[..., Score]
) -> None:
    model, score = make_model("notes"), make_score("notes", 3)
    strange = replace(score, parts=(replace(score.parts[0], program=74), *score.parts[1:]))
    kin = kin_of(model, Plan(seed=strange).played)
    assert kin == {74: 73}  # recorder: flute
    new = with_kin(model, kin)
    words = [model.vocabulary.encode(piece) for piece in (score, strange)]
    assert not np.array_equal(*words)

    def nats(of: Trained, its_words: np.ndarray) -> torch.Tensor:
        features = of.vocabulary.features_of(its_words)
        before = np.concatenate([np.array([of.vocabulary.sizes]), its_words[:-1]])
        columns = (
            torch.from_numpy(c.astype(np.int64))[None] for c in (before, its_words, features)
        )
        with torch.no_grad():
            log_p, _ = of.network.log_prob(*columns)
        return log_p

    known = nats(model, words[0])
    assert not torch.allclose(nats(model, words[1]), known)
    instrument = [field.name for field in model.vocabulary.fields].index("instrument")
    found = nats(new, words[1])
    others = [k for k in range(found.shape[-1]) if k != instrument]
    torch.testing.assert_close(found[..., others], known[..., others])
    assert kin_of(model, Plan(seed=score).played) == {}
    assert with_kin(model, {}) is model
