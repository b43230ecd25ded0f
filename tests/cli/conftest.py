"""The command line run in the tests' own process, in a folder of its own, with tiny networks."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner, Result

from musegen.cli.app import app
from musegen.evaluation import folders
from musegen.network.next_word import NetworkSettings
from musegen.score.files import write
from musegen.training import run as training

Musegen = Callable[..., Result]


def _shape(backbone: str, size: str, **_: object) -> NetworkSettings:
    return NetworkSettings(backbone, width=16, depth=1, heads=2, context=24, dropout=0.1)


@pytest.fixture(scope="session")
def musegen() -> Iterator[Musegen]:
    """`musegen("train", folder, …)` → what it printed, and its exit code."""
    torch.set_num_threads(1)
    runner = CliRunner()

    def call(*arguments: object) -> Result:
        return runner.invoke(app, [str(argument) for argument in arguments])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "network_settings", _shape)
        yield call


@pytest.fixture(scope="session")
def ask(musegen: Musegen) -> Callable[..., dict[str, Any]]:
    """The same with --json: the one object that it printed."""

    def call(*arguments: object) -> dict[str, Any]:
        result = musegen(*arguments, "--json")
        assert result.stdout.count("\n") == 1, result.stdout
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    return call


@pytest.fixture(scope="session")
def music(
    tmp_path_factory: pytest.TempPathFactory,
    musegen: Musegen,
    make_corpus: Callable[..., Path],
    make_score: Callable[..., Any],
) -> Path:
    """Folders grid, abc and notes; models of each; seeds."""
    folder = tmp_path_factory.mktemp("music")
    for kind in ("grid", "abc", "notes"):
        make_corpus(folder / kind, kind)
        made = musegen("train", folder / kind, "-o", folder / f"{kind}-model", "--steps", 4, "-q")
        assert made.exit_code == 0, made.output
        write(make_score(kind, 20), folder / f"{kind}.mid")
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture(autouse=True)
def no_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the models that ship, empty: no test hangs on those that do."""
    place = tmp_path / "shipped"
    place.mkdir()
    monkeypatch.setattr(folders, "shipped_models", lambda: place)
    return place


@pytest.fixture(autouse=True)
def _nothing_sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests play on no port and no card that this machine may have."""
    for library in ("mido", "sounddevice"):
        monkeypatch.setitem(sys.modules, library, None)


def listing(folder: Path) -> list[tuple[str, int]]:
    """All below a folder, with sizes."""
    return sorted(
        (str(path.relative_to(folder)), path.stat().st_size if path.is_file() else -1)
        for path in folder.rglob("*")
    )


@pytest.fixture
def untouched(here: Path, music: Path) -> Iterator[None]:
    """What the test does leaves nothing behind, here or among the music."""
    before = listing(here), listing(music)
    yield
    assert (listing(here), listing(music)) == before
