"""Runs of tiny networks on tiny corpora."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from musegen.corpus.prepare import Prepared, prepare
from musegen.network.next_word import NetworkSettings
from musegen.training import run as module
from musegen.training.run import Run, RunSettings
from musegen.training.schedule import Extent
from musegen.training.settings import FitSettings

StartRun = Callable[..., Run]


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run has a network of 16 units, and batches of 4 windows of 32 words."""
    torch.set_num_threads(1)

    def shape(backbone: str, size: str, **_: object) -> NetworkSettings:
        return NetworkSettings(backbone, width=16, depth=2, heads=2, context=24, dropout=0.3)

    def fit(random_seed: int = 0) -> FitSettings:
        return FitSettings(length=32, batch_words=128, random_seed=random_seed)

    monkeypatch.setattr(module, "network_settings", shape)
    monkeypatch.setattr(module, "FitSettings", FitSettingsOf(fit))


class FitSettingsOf:
    """FitSettings as `Run.start` and `Run.resume` make them."""

    def __init__(self, start: Callable[..., FitSettings]) -> None:
        self.start = start

    def __call__(self, **given: object) -> FitSettings:
        return self.start(**given) if set(given) == {"random_seed"} else FitSettings(**given)


@pytest.fixture
def corpus(tmp_path: Path, make_corpus: Callable[..., Path]) -> Path:
    """Six pieces of three voices."""
    return make_corpus(tmp_path / "corpus", "grid")


@pytest.fixture
def prepared(corpus: Path) -> Prepared:
    """The corpus as words."""
    return prepare(corpus)


@pytest.fixture
def start(prepared: Prepared, tmp_path: Path) -> StartRun:
    """`(name, backbone="gru", steps=20)` → a new run in a folder of that name."""

    def make(name: str, backbone: str = "gru", steps: int = 20) -> Run:
        extent = Extent(steps=steps)
        return Run.start(prepared, tmp_path / name, RunSettings(backbone, "auto", extent, "cpu", 5))

    return make
