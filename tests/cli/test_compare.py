"""`musegen compare`: what scripts rely on, a page that fetches nothing, nothing half-written."""

import errno
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from musegen import disk
from musegen.evaluation import reach
from musegen.network.backbones import BACKBONES, FOILS
from musegen.network.next_word import NetworkSettings
from musegen.training import compare, contestants

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny networks, one variation of each kind, and gradients followed not far."""

    def shape(backbone: str, size: str, **_: object) -> NetworkSettings:
        return NetworkSettings(backbone, width=64, depth=1, heads=1, context=24, dropout=0.1)

    monkeypatch.setattr(contestants, "network_settings", shape)
    monkeypatch.setattr(contestants, "LENGTHS", (8,))
    monkeypatch.setattr(contestants, "WIDTHS", (2,))
    monkeypatch.setattr(contestants, "UNCLIPPED", ("rnn",))
    monkeypatch.setattr(reach, "FARTHEST", 24)


def test_compare_tells_what_scripts_rely_on(ask: Ask, music: Path) -> None:
    found = ask("compare", music / "abc", "--budget", "2s", "--random-seed", 3)
    assert [run["backbone"] for run in found["runs"]] == [*BACKBONES, *FOILS]
    assert [run["group"] for run in found["variations"]] == ["length", "width", "clipping"]
    assert (found["unit"], found["random_seed"]) == ("character", 3)
    for run in [*found["runs"], *found["variations"]]:
        assert set(run) >= {
            *("backbone", "parameters", "seconds", "notes", "valid_nats", "curve"),
            *("by_position", "gradient_by_distance", "notes_per_second", "memory_mb"),
        }
        assert run["seconds"] > 0.05
    folder = Path("runs/abc-compared")
    assert {path.name for path in folder.iterdir()} == {"comparison.html", "comparison.json"}
    assert json.loads((folder / "comparison.json").read_text(encoding="utf-8")) == found


@pytest.mark.parametrize("kind", ["grid", "notes"])
def test_the_table_is_a_result_and_the_page_stands_alone(
    musegen: Musegen, music: Path, kind: str
) -> None:
    made = musegen("compare", music / kind, "--budget", "1s", "-o", "there/it")
    assert made.exit_code == 0, made.output
    for backbone in (*BACKBONES, *FOILS):
        assert f"\n{backbone} " in made.stdout
    assert "100 %  " in made.stderr
    told = [*made.stderr.splitlines(), *made.stdout.splitlines()]
    assert [line for line in told if len(line) > 80 and str(music) not in line] == []
    assert f"musegen train {music / kind} --backbone" in made.stderr
    page = Path("there/it/comparison.html").read_text(encoding="utf-8")
    seen: list[str] = []

    class Elements(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(tag)
            assert not {"src", "href", "srcset"} & {name for name, _ in attrs}

    Elements().feed(page)
    assert seen.count("svg") >= 9
    assert not {"script", "link", "img"} & set(seen)
    assert "nan" not in page.lower().replace("finance", "")


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("comparison.json", "It holds a whole comparison; name another folder with -o."),
        ("model.safetensors", "It holds a model; name another folder with -o."),
        ("diary.txt", "already there. Name another folder with -o."),
    ],
)
def test_a_folder_that_is_there_is_refused_at_once_and_left_as_it_is(
    musegen: Musegen, music: Path, here: Path, monkeypatch: pytest.MonkeyPatch, held: str, said: str
) -> None:
    folder = here / "runs" / "abc-compared"
    folder.mkdir(parents=True)
    (folder / held).write_text("dear to me")
    monkeypatch.setattr(compare, "Learner", None)
    refused = musegen("compare", music / "abc")
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert [path.read_text() for path in folder.iterdir()] == ["dear to me"]


@pytest.mark.parametrize("command", ["compare", "train"])
def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_read(
    musegen: Musegen, here: Path, command: str
) -> None:
    (here / "music").mkdir()
    (here / "file").write_text("dear to me")
    refused = musegen(command, "music", "-o", "file/there")
    assert refused.exit_code == 1
    assert f"cannot be made in {here / 'file'}" in refused.stderr
    assert "name another with -o" in refused.stderr


def test_broken_off_it_leaves_nothing(
    musegen: Musegen, music: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, taken = compare.Learner.turn, []

    def interrupted(self: compare.Learner, seconds: float) -> Any:
        taken.append(seconds)
        if len(taken) == 5:
            raise KeyboardInterrupt
        return turn(self, seconds)

    monkeypatch.setattr(compare.Learner, "turn", interrupted)
    stopped = musegen("compare", music / "abc", "--budget", "1s")
    assert stopped.exit_code == 130
    assert "Traceback" not in stopped.output
    assert list(here.iterdir()) == []


def test_a_disk_that_is_full_leaves_nothing_but_the_table(
    musegen: Musegen, music: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, written = disk.os.fsync, []

    def fsync(file: int) -> None:
        written.append(file)
        if len(written) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(file)

    assert musegen("doctor", music / "abc").exit_code == 0  # read, and kept in the cache
    monkeypatch.setattr(disk.os, "fsync", fsync)
    made = musegen("compare", music / "abc", "--budget", "1s", "-o", "it")
    assert made.exit_code == 1
    assert "No space left" in made.stderr
    assert "lstm" in made.stdout
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("budget", ["soon", "0s", "-5m"])
def test_a_budget_that_is_no_time_is_asked_wrongly(
    musegen: Musegen, music: Path, budget: str
) -> None:
    asked = musegen("compare", music / "abc", f"--budget={budget}")
    assert asked.exit_code == 2
    assert "length of time" in asked.stderr


def test_one_piece_is_too_little(musegen: Musegen, music: Path, here: Path) -> None:
    few = here / "few"
    few.mkdir()
    (few / "0.abc").write_bytes((music / "abc" / "0.abc").read_bytes())
    made = musegen("compare", few, "--budget", "1s")
    assert made.exit_code == 1
    assert "two different pieces" in made.stderr
