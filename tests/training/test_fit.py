"""The loop: it learns, keeps its gradients in bounds, and averages its weights."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from musegen.corpus.prepare import Prepared, prepare
from musegen.evaluation.likelihood import field_nats, nats_per_unit
from musegen.evaluation.trained import network_for
from musegen.network.backbones import BACKBONES
from musegen.network.next_word import NetworkSettings
from musegen.training.events import Learnt, Validated
from musegen.training.fit import Fit
from musegen.training.schedule import Extent
from musegen.training.settings import SIZES, FitSettings, network_settings, suited


@pytest.fixture
def make_fit(prepared: Prepared) -> Callable[..., Fit]:
    def make(
        steps: int = 20, backbone: str = "gru", music: Prepared = prepared, **settings: float
    ) -> Fit:
        torch.manual_seed(0)
        shape = NetworkSettings(backbone, width=32, depth=1, heads=2, context=24, dropout=0.1)
        how = FitSettings(**{"length": 32, "batch_words": 128, **settings})
        return Fit(network_for(music.vocabulary, shape), music, how, Extent(steps=steps))

    return make


def unigram_nats(prepared: Prepared) -> float:
    """Nats a unit of the held-out pieces, each field as often as in the training pieces."""
    learnt, asked = prepared.of("train"), prepared.vocabulary.applies
    total = 0.0
    for field, size in enumerate(prepared.vocabulary.sizes):
        counts = np.ones(size)
        for piece in learnt:
            words = prepared.words[piece.start : piece.stop]
            counts += np.bincount(words[asked[words[:, 0], field], field], minlength=size)
        for piece in prepared.of("valid"):
            words = prepared.words[piece.start : piece.stop]
            values = words[asked[words[:, 0], field], field]
            total -= np.log(counts[values] / counts.sum()).sum()
    return total / sum(piece.units for piece in prepared.of("valid"))


def test_measuring_takes_a_tenth_of_the_time_at_most_but_for_its_last(
    make_fit: Callable[..., Fit], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update takes a second here, a measurement thirty."""
    fit = make_fit()
    now, update, validate = [0.0], fit._update, fit._validate
    monkeypatch.setattr(fit, "clock", lambda: now[0])
    monkeypatch.setattr(fit, "extent", Extent(seconds=900.0))

    def taking(seconds: float, work: Callable[..., Any]) -> Callable[..., Any]:
        def worked(*asked: Any) -> Any:
            now[0] += seconds
            return work(*asked)

        return worked

    monkeypatch.setattr(fit, "_update", taking(1.0, update))
    monkeypatch.setattr(fit, "_validate", taking(30.0, validate))
    measured = [event.seconds for event in fit.events() if isinstance(event, Validated)]
    assert measured == [60.0, 300.0, 600.0, 900.0]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_what_is_learnt_beats_how_often_each_value_comes(
    make_fit: Callable[..., Fit],
    make_corpus: Callable[..., Path],
    tmp_path: Path,
    backbone: str,
) -> None:
    music = prepare(make_corpus(tmp_path / "many", "grid", 30))
    fit = make_fit(150, backbone, music, lr=0.02, matrix_lr=0.03)
    measured = [e for e in fit.events() if isinstance(e, Validated)]
    assert min(e.valid_nats for e in measured) < 0.8 * unigram_nats(music)
    assert measured[-1].train_nats < measured[0].train_nats / 3
    best = np.minimum.accumulate([float("inf"), *(e.valid_nats for e in measured)])
    assert [e.best for e in measured] == [b < a for a, b in pairwise(best)]


def test_learning_by_heart_is_warned_of_at_the_third_measurement_without_a_new_best(
    make_fit: Callable[..., Fit],
) -> None:
    measured = [
        e
        for e in make_fit(240, "lstm", lr=0.02, matrix_lr=0.1).events()
        if isinstance(e, Validated)
    ]
    bests = [index for index, e in enumerate(measured) if e.best]
    assert bests[-1] + 3 < len(measured)
    ends = [*bests[1:], len(measured)]
    due = [best + 3 for best, end in zip(bests, ends, strict=True) if best + 3 < end]
    assert [index for index, e in enumerate(measured) if e.overfits] == due


def test_each_update_is_told_and_measurements_are_spread_over_the_run(
    make_fit: Callable[..., Fit],
) -> None:
    events = list(make_fit(30).events())
    learnt = [e for e in events if isinstance(e, Learnt)]
    assert [e.step for e in learnt] == list(range(1, 31))
    assert [e.step for e in events if isinstance(e, Validated)] == list(range(2, 31, 2))
    assert learnt[-1].share == 1.0
    assert all(a.words < b.words for a, b in pairwise(learnt))


def test_clipping_bounds_the_norm_and_the_log_has_it_as_it_was(
    make_fit: Callable[..., Fit], monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = make_fit(6, clip=0.01)
    norms: list[float] = []
    step = fit.optimisers.step

    def spy(factor: float) -> None:
        grads = [p.grad.norm() for p in fit.network.parameters() if p.grad is not None]
        norms.append(float(torch.stack(grads).norm()))
        step(factor)

    monkeypatch.setattr(fit.optimisers, "step", spy)
    told = [e.gradient for e in fit.events() if isinstance(e, Learnt)]
    assert len(norms) == 6
    assert all(norm == pytest.approx(0.01, rel=1e-3) for norm in norms)
    assert all(gradient > 0.05 for gradient in told)


def test_an_update_whose_gradient_is_no_number_is_skipped_and_told(
    make_fit: Callable[..., Fit],
) -> None:
    fit = make_fit(15)
    events = fit.events()
    weight = next(fit.network.heads.parameters())
    poison = [False]
    weight.register_hook(lambda grad: grad * float("nan") if poison[0] else grad)
    next(events), next(events)
    before = {n: p.detach().clone() for n, p in fit.network.named_parameters()}
    average = {n: p.clone() for n, p in fit.average.items()}
    poison[0] = True
    learnt, measured = next(events), next(events)
    assert isinstance(learnt, Learnt)
    assert learnt.skipped
    assert isinstance(measured, Validated)
    assert measured.skipped == 1
    assert math.isnan(measured.train_nats)  # nothing was learnt since the last time
    assert all(torch.equal(p, before[n]) for n, p in fit.network.named_parameters())
    assert all(torch.equal(p, average[n]) for n, p in fit.average.items())
    poison[0] = False
    learnt = next(events)
    assert isinstance(learnt, Learnt)
    assert not learnt.skipped
    assert any(not torch.equal(p, before[n]) for n, p in fit.network.named_parameters())


@pytest.fixture
def without_onednn() -> Iterator[None]:
    """It has no LSTM of bfloat16 for every processor."""
    (before, *_) = torch.backends.mkldnn.set_flags(_enabled=False)  # type: ignore[no-untyped-call]
    yield
    torch.backends.mkldnn.set_flags(_enabled=before)  # type: ignore[no-untyped-call]


@pytest.mark.usefixtures("without_onednn")
@pytest.mark.parametrize("backbone", BACKBONES)
def test_half_precision_learns_what_whole_precision_does(
    make_fit: Callable[..., Fit], backbone: str
) -> None:
    """As on CUDA: computed in bfloat16, while weights and what is summed stay in float32."""
    whole, mixed = (make_fit(20, backbone) for _ in range(2))
    mixed._mixed = True
    pairs = [
        (one.nats, other.nats)
        for one, other in zip(whole.events(), mixed.events(), strict=True)
        if isinstance(one, Learnt) and isinstance(other, Learnt)
    ]
    assert any(one != other for one, other in pairs)
    assert all(other == pytest.approx(one, rel=0.02) for one, other in pairs)
    assert {p.dtype for p in mixed.network.parameters()} == {torch.float32}


def test_the_average_is_that_of_the_weights_met_so_far(make_fit: Callable[..., Fit]) -> None:
    fit = make_fit(8, average=0.5)
    expected = {n: p.detach().clone() for n, p in fit.network.named_parameters()}
    for event in fit.events():
        if isinstance(event, Learnt):
            decay = min(0.5, event.step / (9 + event.step))
            for name, weight in fit.network.named_parameters():
                expected[name] = decay * expected[name] + (1 - decay) * weight.detach()
    for name, weight in fit.average.items():
        torch.testing.assert_close(weight, expected[name])


def test_measuring_uses_the_average_and_leaves_the_weights(
    make_fit: Callable[..., Fit], prepared: Prepared
) -> None:
    fit = make_fit(15)
    events = fit.events()
    for _ in range(8):
        next(events)
    now = {n: p.detach().clone() for n, p in fit.network.named_parameters()}
    measured = fit._validate(fit.held_out, 9)
    assert fit.network.training
    assert all(torch.equal(p, now[n]) for n, p in fit.network.named_parameters())
    fit.network.load_state_dict(fit.average, strict=False)
    again = nats_per_unit(field_nats(fit.network, prepared, fit.held_out), fit.held_out)
    assert measured.valid_nats == pytest.approx(again)


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("size", ["auto", *SIZES])
def test_every_size_of_every_backbone_is_one_that_can_be(backbone: str, size: str) -> None:
    for n_words, seconds in ((100, 60.0), (10**7, 36_000.0)):
        shape = network_settings(
            backbone, size, n_words=n_words, seconds=seconds, vocabulary="notes"
        )
        assert shape.backbone == backbone


def test_what_is_met_often_is_held_back_from_being_learnt_by_heart() -> None:
    def shape(seconds: float) -> NetworkSettings:
        return network_settings(
            "transformer", "small", n_words=50_000, seconds=seconds, vocabulary="grid"
        )

    short, long = shape(60), shape(3600)
    assert 0 < short.dropout < long.dropout < 0.5
    assert 0 < short.forget < long.forget
    usual = FitSettings(random_seed=3)
    assert suited(usual, replace(long, forget=0.0)) == usual
    assert suited(usual, short) == replace(usual, length=short.context)
    assert suited(usual, long).decay > usual.decay
    assert suited(usual, long).transposed == 1.0
