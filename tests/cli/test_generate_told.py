"""What `musegen generate` tells before it loads a model, while it composes, and of the result."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from musegen.cli import terminal
from musegen.generation import drawer
from musegen.network.config import load_config, save_config
from musegen.score.files import read

Musegen = Callable[..., Result]


@pytest.mark.parametrize("options", [[], ["--instruments", "flute,violin"]])
def test_ctrl_c_keeps_each_piece_that_has_a_whole_bar(
    musegen: Musegen, music: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """Pressed where some have one and others have none; with silent parts all is composed twice."""
    real = drawer.Drawer._next

    def next_word(self: drawer.Drawer) -> None:
        real(self)
        if self.tracker.bars.max() >= 3 > self.tracker.bars.min():
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(drawer.Drawer, "_next", next_word)
    call = ("-m", music / "notes-model", "--bars", 40, "-n", 24, *options)
    made = musegen("generate", *call, "-o", "a.mid")
    assert made.exit_code == 130
    files = sorted(Path().glob("*.mid"))
    assert 1 <= len(files) < 24
    assert f"Left out, as they have no whole bar or no note: {24 - len(files)} piece" in made.stderr
    for path in files:
        score = read(path)
        assert score.n_bars >= 1
        assert score.n_notes >= 1


def test_where_no_bar_is_seen_a_line_tells_now_and_then_how_far_it_is(
    musegen: Musegen, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ("generate", "-m", music / "grid-model", "--bars", 4)
    assert "composing:" not in musegen(*call).stderr  # it takes under ten seconds
    monkeypatch.setattr(terminal, "_EVERY", 0)
    told = re.findall(r"composing: (\d+) %", musegen(*call).stderr)
    assert {"25", "50", "75"} <= set(told)
    assert told == sorted(told, key=int)
    assert "composing:" not in musegen(*call, "--quiet").stderr


def test_a_piece_that_costs_far_more_than_music_does_is_told(musegen: Musegen, music: Path) -> None:
    call = ("generate", "-m", "model", "--bars")
    for nats, is_poor in ((0.1, True), (99.0, False)):
        shutil.copytree(music / "grid-model", "model", dirs_exist_ok=True)
        about = load_config(Path("model"))
        save_config(Path("model"), about | {"figures": about["figures"] | {"valid_nats": nats}})
        made = musegen(*call, 8, "-n", 2)
        assert made.exit_code == 0, made.output
        assert (made.stderr.count("and music held out 0.100, so it may be noise") == 1) == is_poor
        assert "Warning" not in musegen(*call, 7).stderr  # too short to tell


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("notes", ["--style", "nonsense"], "never told a style"),
        ("notes", ["--density", "foo"], "never told a density"),
        ("notes", ["--seed", "SEED", "--accompany", "nosuchpart"], "never told music"),
        ("notes", ["--seed", "SEED", "--infill", "90:99"], "has no bars 90 to 99"),
        ("notes", ["--max-copy", "3"], "fewer than 8 notes"),
        ("notes", ["--adapt", "1m"], "--adapt needs music"),
        ("notes", ["--temperature", "voice=1"], "no field called voice"),
        ("abc", ["--instruments", "flute"], "name no instruments"),
        ("abc", ["--metre", "7/8"], "metre 7/8"),
        ("grid", ["--seed", "SEED"], "it has drums"),
        ("abc", ["--key", "Abm"], "key of Abm"),
    ],
)
def test_what_a_model_cannot_do_is_told_before_it_is_loaded(
    musegen: Musegen, music: Path, kind: str, options: list[str], said: str
) -> None:
    options = [str(music / "notes.mid") if option == "SEED" else option for option in options]
    found = musegen("generate", "-m", music / f"{kind}-model", *options)
    assert found.exit_code > 0
    assert said in found.stderr
    assert "Loading the model" not in found.stderr


def test_no_model_is_chosen_with_torch() -> None:
    """It takes seconds to import."""
    choosing = "import sys, musegen.generation.choice; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", choosing], check=False).returncode == 0
