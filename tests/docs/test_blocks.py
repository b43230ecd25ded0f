"""What README.md and docs/*.md tell a reader to type does what they say; see blocks.py."""

import contextlib
import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from musegen.cli.app import app
from musegen.corpus import datasets_recipe
from musegen.corpus.datasets_recipe import recipe_folder
from musegen.evaluation import reach
from musegen.network.next_word import NetworkSettings
from musegen.training import contestants
from musegen.training import run as training

from .blocks import Block, blocks_of, decimals, difference

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FIGURES = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
_SHELL = re.compile(r"[|&;<>*$]")


def _shape(backbone: str, size: str, **_: object) -> NetworkSettings:
    return NetworkSettings(backbone, width=16, depth=1, heads=2, context=24, dropout=0.1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, tiny networks, no port and no sound card."""
    torch.set_num_threads(1)
    monkeypatch.setattr(training, "network_settings", _shape)
    monkeypatch.setattr(contestants, "network_settings", _shape)
    monkeypatch.setattr(contestants, "LENGTHS", (8,))
    monkeypatch.setattr(contestants, "WIDTHS", (4,))
    monkeypatch.setattr(contestants, "UNCLIPPED", ("rnn",))
    monkeypatch.setattr(reach, "FARTHEST", 64)
    for library in ("mido", "sounddevice"):
        monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def make_fewer(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """`(pattern)` → every data set is made of its files of that pattern alone."""

    def only(pattern: str) -> None:
        from music21.common import getCorpusFilePath

        recipes = tmp_path_factory.mktemp("recipes")
        for path in recipe_folder().glob("*.json"):
            recipe = json.loads(path.read_text(encoding="utf-8"))
            root = Path(getCorpusFilePath()) / recipe["root"]
            few = {"files": [pattern], "n_files": len(list(root.glob(pattern)))}
            (recipes / path.name).write_text(json.dumps(recipe | few), encoding="utf-8")
        monkeypatch.setattr(datasets_recipe, "recipe_folder", lambda: recipes)

    return only


@dataclass
class Reader:
    """Someone who copies the blocks of a page, one after the other."""

    names: dict[str, object]

    def run(self, block: Block) -> None:
        """Run a block and hold what it prints against the page."""
        if block.kind == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec("\n".join(block.lines), self.names)  # noqa: S102 - it is our own page
            self._compare(block, "the block", block.printed, printed.getvalue())
            return
        for command, expected in block.commands():
            code, output = self._call(command)
            assert code == 0, f"{block.place}: {command}\n{output}"
            if expected:
                self._compare(block, command, expected, output)

    @staticmethod
    def _call(command: str) -> tuple[int, str]:
        """Exit code and output; musegen itself runs in this process, where torch is loaded."""
        words = shlex.split(command, comments=True)
        if words[0] == "musegen" and not _SHELL.search(command):
            result = CliRunner().invoke(app, words[1:], catch_exceptions=False)
            return result.exit_code, result.output
        done = subprocess.run(
            ["/bin/bash", "-c", command], capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    @staticmethod
    def _compare(block: Block, what: str, expected: list[str], output: str) -> None:
        wrong = difference(expected, output, block.numbers_differ)
        assert not wrong, f"{block.place}: {what}\n{wrong}"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_reader_can_copy_every_block_of_a_page(
    page: Path, small: None, make_fewer: Callable[[str], None]
) -> None:
    reader = Reader({})
    for block in blocks_of(page):
        if pattern := block.rule("only "):
            make_fewer(pattern)
        if block.is_run:
            reader.run(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_figures_of_runs_that_the_test_cuts_short_stand_in_figures_md(page: Path) -> None:
    for block in blocks_of(page):
        if block.numbers_differ or block.rule("not run: "):
            told = decimals("\n".join(block.lines + block.printed))
            absent = [number for number in told if number not in FIGURES]
            assert not absent, f"{block.place}: {absent}"


@pytest.mark.parametrize("name", ["README.md", "docs/tutorial.md"])
def test_figures_in_prose_stand_in_figures_md_or_are_printed(name: str) -> None:
    """As they stand there, or rounded; of one decimal they may be anything."""
    page = ROOT / name
    checked = [b for b in blocks_of(page) if not b.numbers_differ and not b.rule("not run: ")]
    printed = "\n".join("\n".join(block.lines + block.printed) for block in checked)
    known = [float(number) for number in decimals(FIGURES + printed)]
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    prose = re.sub(r"`[^`]*`|\]\(.*?\)|Python \d\.\d+", "", prose)  # options, addresses
    for number in decimals(prose):
        places = len(number.partition(".")[2])
        is_known = any(round(figure, places) == float(number) for figure in known)
        assert is_known or places < 2, f"{name} says {number}, docs/figures.md does not"


def test_what_is_printed_is_held_against_the_page() -> None:
    """Numbers to 5 %, whole numbers to the last digit; … stands for anything."""
    assert not difference(["a  1.00 nat", "…", "end"], "a 1.04 nat\nx\ny\nend\n")
    assert not difference(["took … s"], "took 12 s\n")
    assert not difference(["12 of 0.5"], "7 of 123.4\n", numbers_differ=True)
    assert difference(["a 1.00"], "a 1.10\n")
    assert difference(["12 pieces"], "13 pieces\n")
    assert difference(["one line"], "one line\nanother\n")
