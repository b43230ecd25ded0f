"""Two made-up styles, learnt from folders: told apart, and composed as asked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musegen.corpus.prepare import Prepared, prepare
from musegen.evaluation.classify import classify, confusion, held_out
from musegen.evaluation.trained import Trained, load
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.network.checkpoint import load_tensors
from musegen.network.file_names import WEIGHTS
from musegen.network.next_word import NetworkSettings
from musegen.score.files import write
from musegen.score.score import Notes, Part, Score, barlines_of_metre
from musegen.training import run as module
from musegen.training.run import Run, RunSettings
from musegen.training.schedule import Extent

TICKS, BARS = 4, 8
LENGTHS = {"slow": 8, "swift": 2}  # ticks a note: halves and eighths of the same scale


def piece(style: str, number: int) -> Score:
    rng, length = np.random.default_rng(number), LENGTHS[style]
    onsets = np.arange(0, 4 * BARS * TICKS, length)
    pitches = 60 + np.array([0, 2, 4, 5, 7, 9, 11])[rng.integers(7, size=len(onsets))]
    rows = [(onset, length, pitch, 80) for onset, pitch in zip(onsets, pitches, strict=True)]
    metre = np.array([[0, 4, 4]])
    return Score(
        TICKS,
        (Part("Voice", 0, Notes.of(rows)),),
        tempo=np.array([[0, 500_000]]),
        metre=metre,
        barlines=barlines_of_metre(metre, 4 * BARS * TICKS, TICKS),
    )


@pytest.fixture
def styled(tmp_path: Path) -> Prepared:
    for number in range(16):
        style, side = ("slow", "swift")[number % 2], "valid" if number >= 12 else "train"
        path = tmp_path / "styled" / side / style / f"{number}.abc"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(piece(style, number), path)
    return prepare(tmp_path / "styled", vocabulary="abc")


@pytest.fixture
def _able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of 32 units, that learns these styles in 200 steps."""

    def shape(backbone: str, size: str, **_: object) -> NetworkSettings:
        return NetworkSettings(backbone, width=32, depth=1, heads=2, context=24, dropout=0.1)

    monkeypatch.setattr(module, "network_settings", shape)


def run(prepared: Prepared, folder: Path, steps: int, tell: tuple[str, ...]) -> Run:
    settings = RunSettings("gru", extent=Extent(steps=steps), device="cpu", tell=tell)
    return Run.start(prepared, folder, settings)


def trained(run: Run) -> Trained:
    for _ in run.events():
        pass
    return run.finish()


def notes_a_quarter(model: Trained, **asked: Any) -> float:
    found = compose(model, Plan(4, **asked), n=6, random_seed=1)
    return sum(one.score.n_notes for one in found) / (6 * 4 * 4)


@pytest.mark.usefixtures("_able")
def test_styles_learnt_from_folders_are_told_apart_and_composed_as_asked(
    styled: Prepared, tmp_path: Path
) -> None:
    made = trained(run(styled, tmp_path / "model", 200, ("style",)))
    model = load(made.folder)
    assert model.conditions == made.conditions
    assert model.conditions.styles == ("slow", "swift")
    assert model.config["figures"]["classify"]["pieces"] == 4
    assert "slow (6), swift (6)" in (model.folder / "card.md").read_text(encoding="utf-8")
    pieces = held_out(model, styled)
    found = classify(model, styled, pieces)
    assert confusion(model, styled, pieces, [file["style"] for file in found])["accuracy"] == 1
    assert notes_a_quarter(model, style="slow") < 0.7  # 0.5 in the pieces themselves
    assert notes_a_quarter(model, style="swift") > 1.5  # 2


@pytest.mark.usefixtures("_able")
def test_density_is_composed_as_asked(styled: Prepared, tmp_path: Path) -> None:
    model = trained(run(styled, tmp_path / "model", 300, ("density", "bars")))
    assert model.conditions.kinds == ("density", "bars")
    low, high = (notes_a_quarter(model, density=density) for density in ("low", "high"))
    assert low < 0.9 < 1.4 < high


def test_a_run_that_tells_conditions_ends_the_same_when_it_was_killed(
    styled: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("musegen.training.fit._CHECKPOINT_SECONDS", -1.0)
    tell = ("style", "density", "bars")
    whole = trained(run(styled, tmp_path / "whole", 12, tell))
    begun = run(styled, tmp_path / "killed", 12, tell)
    events = begun.events()
    for _ in range(7):
        next(events)
    begun.release()  # as the end of a process does
    again = Run.resume(styled, begun.folder, "cpu")
    assert again.fit.conditions == whole.conditions
    killed = trained(again)
    assert killed.fingerprint == whole.fingerprint
    assert killed.config["figures"]["classify"] == whole.config["figures"]["classify"]


@pytest.mark.usefixtures("_able")
def test_a_corpus_without_styles_gives_the_model_it_always_gave(
    prepared: Prepared, tmp_path: Path
) -> None:
    one, other = (
        trained(run(prepared, tmp_path / name, 20, tell))
        for name, tell in (("one", ("style",)), ("other", ()))
    )
    assert one.fingerprint == other.fingerprint
    assert not any(name.startswith("told") for name in load_tensors(one.folder / WEIGHTS)[0])
