"""Contestants are of one size, learn for one time, and are measured by figures that hold."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musegen.corpus.batches import Batches
from musegen.corpus.prepare import Prepared, prepare
from musegen.evaluation.trained import network_for
from musegen.network.backbones import BACKBONES, FOILS
from musegen.network.next_word import NetworkSettings
from musegen.training import compare as module
from musegen.training.compare import Learner, compare, together
from musegen.training.contestants import (
    LENGTHS,
    WIDTHS,
    Contestant,
    contestants,
    parameters_by_width,
    seconds_each,
)
from musegen.training.events import Learnt
from musegen.training.schedule import Extent
from musegen.training.settings import FitSettings


@pytest.fixture
def music(tmp_path: Path, make_corpus: Callable[..., Path]) -> Prepared:
    return prepare(make_corpus(tmp_path / "tunes", "abc", 12))


def tiny(backbone: str, **changes: Any) -> Contestant:
    network = NetworkSettings(backbone, width=16, depth=1, heads=1, context=300, dropout=0.1)
    return Contestant("backbone", network, FitSettings(length=32, batch_words=128, **changes))


def figures(music: Prepared, contestant: Contestant, extent: Extent, *heard: Any) -> dict[str, Any]:
    """Those of a contestant that learns alone; events go into a list, where there is one."""
    learner = Learner(music, contestant, extent, "cpu")
    for event in learner.turn(60):
        for events in heard:
            events.append(event)
    return learner.figures()


def n_parameters(music: Prepared, shape: NetworkSettings) -> int:
    return network_for(music.vocabulary, shape).n_parameters


@pytest.mark.parametrize("seconds", [36, 240, 3600])
def test_all_backbones_have_as_many_parameters(music: Prepared, seconds: float) -> None:
    """Within 3 % of their mean, at the sizes of short runs and of long ones."""
    group = [c for c in contestants(music, seconds, 0) if c.group == "backbone"]
    assert [c.network.backbone for c in group] == [*BACKBONES, *FOILS]
    counts = [n_parameters(music, c.network) for c in group]
    mean = sum(counts) / len(counts)
    assert max(abs(count / mean - 1) for count in counts) < 0.03


@pytest.mark.parametrize("backbone", [*BACKBONES, *FOILS])
def test_parameters_are_known_from_the_width(music: Prepared, backbone: str) -> None:
    shape = NetworkSettings(backbone, width=16, depth=3, heads=1, context=64)
    count = parameters_by_width(music.vocabulary, shape)
    for width in (2, 10, 58, 128):
        assert count(width) == n_parameters(music, replace(shape, width=width))


@pytest.mark.parametrize("length", [8, 32, 256])
def test_an_update_sees_as_many_words_at_each_length(
    make_corpus: Callable[..., Path], tmp_path: Path, length: int
) -> None:
    music = prepare(make_corpus(tmp_path / "many", "abc", 60))
    (fit,) = {
        c.fit for c in contestants(music, 36, 0) if c.fit.length == length and c.fit.clip == 1
    }
    batches = Batches(music, music.of("train"), length=length, batch=fit.batch, random_seed=0)
    seen = [int(batches[number].valid.sum()) for number in range(40)]
    assert np.mean(seen) == pytest.approx(1024, rel=0.15)


def test_each_variation_differs_in_one_thing_from_a_run(music: Prepared) -> None:
    everyone = contestants(music, 36, 7)
    usual = {c.network.backbone: c for c in everyone if c.group == "backbone"}
    assert {c.fit.random_seed for c in everyone} == {7}
    for changed in everyone[len(usual) :]:
        base = usual[changed.network.backbone]
        differs = {
            "length": changed.fit.length != base.fit.length,
            "clipping": changed.fit.clip != base.fit.clip,
            "width": changed.network.width < base.network.width,
        }
        assert [name for name, is_so in differs.items() if is_so] == [changed.group]
    names = [contestant.name for contestant in everyone]
    assert len(set(names)) == len(names)
    groups = [contestant.group for contestant in everyone]
    assert (groups.count("length"), groups.count("width")) == (len(LENGTHS), len(WIDTHS))


def test_the_time_is_shared_out_among_all(music: Prepared) -> None:
    n = len(contestants(music, 36, 0))
    assert 0.9 * 600 < n * (seconds_each(600) + 2) <= 600
    assert 0 < n * seconds_each(3) <= 3


@pytest.mark.parametrize("backbone", [*BACKBONES, *FOILS])
def test_the_figures_of_a_run_agree_with_each_other(music: Prepared, backbone: str) -> None:
    events: list[Any] = []
    found = figures(music, tiny(backbone), Extent(steps=6), events)
    assert found["steps"] == len([e for e in events if isinstance(e, Learnt)]) == 6
    assert found["parameters"] == n_parameters(music, tiny(backbone).network)
    held_out = music.of("valid")
    by_place = found["by_position"]
    nats = sum(n * w for n, w in zip(by_place["nats"], by_place["words"], strict=True))
    assert nats / sum(p.units for p in held_out) == pytest.approx(found["valid_nats"])
    assert sum(by_place["words"]) == sum(p.stop - p.start for p in held_out)
    curve = found["curve"]
    assert min(curve["valid_nats"]) == pytest.approx(found["valid_nats"], abs=1e-6)
    assert curve["notes"] == sorted(curve["notes"])
    assert curve["notes"][-1] == pytest.approx(found["notes"], abs=1)
    assert found["memory_mb"] * 1e6 > 12 * found["parameters"]
    assert len(found["gradient_by_distance"]["at_start"]) == len(
        found["gradient_by_distance"]["distance"]
    )


def test_a_run_of_so_many_steps_is_repeatable(music: Prepared) -> None:
    one, other = (figures(music, tiny("irnn"), Extent(steps=5)) for _ in range(2))
    for timed in ("seconds", "notes_per_second", "curve"):
        del one[timed], other[timed]
    assert one == other


def test_what_is_clipped_is_told(music: Prepared) -> None:
    free, all_clipped = (
        figures(music, tiny("rnn", clip=clip), Extent(steps=4)) for clip in (float("inf"), 1e-4)
    )
    assert (free["clip"], free["gradient"]["clipped"]) == (None, 0)
    assert (all_clipped["clip"], all_clipped["gradient"]["clipped"]) == (1e-4, 1)
    assert all_clipped["gradient"]["median"] <= all_clipped["gradient"]["largest"]


def test_the_figures_of_a_network_gone_astray_are_json_all_the_same(music: Prepared) -> None:
    wild = tiny("irnn", lr=1e30, matrix_lr=1e30)
    found = figures(music, wild, Extent(steps=4))
    json.dumps(found, allow_nan=False)
    assert found["valid_nats"] is None


def test_runs_and_variations_are_told_apart(music: Prepared) -> None:
    varied = replace(tiny("gru"), group="length")
    heard: list[int] = []
    runs = compare(
        music, [tiny("gru"), varied], Extent(steps=2), "cpu", lambda n, _: heard.append(n)
    )
    found = together(music, list(runs))
    assert [run["name"] for run in found["runs"]] == ["gru"]
    assert [run["name"] for run in found["variations"]] == ["gru, 32 back"]
    assert set(heard) == {0, 1}


def test_they_learn_in_turns_and_each_for_its_time(
    music: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause while others learn is no time of one's own."""
    monkeypatch.setattr(module, "_TURN", 0.05)
    heard: list[int] = []
    who = [tiny("gru"), tiny("bag"), tiny("lstm")]
    runs = list(
        compare(music, who, Extent(seconds=0.4), "cpu", lambda number, _: heard.append(number))
    )
    turns = [number for number, _ in groupby(heard)]
    assert len(turns) >= 9
    assert turns[:3] == [0, 1, 2]
    for run in runs:
        assert 0.4 <= run["seconds"] < 0.8
        assert run["curve"]["seconds"][-1] == pytest.approx(run["seconds"], abs=0.1)
        assert run["curve"]["seconds"] == sorted(run["curve"]["seconds"])
