"""`make bench`: how fast musegen is, as ratios within one run, with both commands.

    python -m tests.bench.ratios [--corpus DIR] [--model MODEL] [--files 10000] [--seconds 60]

Machines are shared and noisy: the ratio of two things timed in turn says more than either time.
All run on one thread. Rows against MidiTok and transformers need the extra `bench`, those of real
music a corpus of MIDI files in folders train and valid; what is lacking is left out, and told.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from musegen.score.files import write
from musegen.score.score import Notes, Part, Score, barlines_of_metre

ROUNDS = 5
SHARED = Path(__file__).parents[3] / "shared" / "data"
MUSEGEN = Path(sys.executable).with_name("musegen")


@dataclass(frozen=True)
class Row:
    """One line of the table: what is measured, both commands, what was found and what is asked."""

    what: str
    ours: str
    other: str
    found: str
    asked: str = ""


def band(bars: int = 64, random_seed: int = 0) -> Score:
    """Four parts of eighth notes, seeded."""
    rng = np.random.default_rng(random_seed)
    onset = np.arange(bars * 8) * 240
    length, velocity = np.full_like(onset, 240), np.full_like(onset, 80)
    parts = tuple(
        Part(f"part {p}", p, Notes(onset, length, rng.integers(40, 80, len(onset)), velocity))
        for p in (0, 33, 40, 73)
    )
    metre = np.array([[0, 4, 4]])
    return Score(480, parts, metre=metre, barlines=barlines_of_metre(metre, bars * 1920, 480))


def seconds(command: str) -> float:
    """How long a command takes; it must succeed."""
    began = time.perf_counter()
    subprocess.run(shlex.split(command), check=True, capture_output=True)
    return time.perf_counter() - began


def times(ours: str, other: str) -> float:
    """How many times as long ours takes: the median of pairs, the first not counted."""
    pairs = [seconds(ours) / seconds(other) for _ in range(ROUNDS + 1)]
    return statistics.median(pairs[1:])


def starting(work: Path) -> Iterator[Row]:
    """From the command to its first word, and to the first note."""
    ours, other = f"{MUSEGEN} --help", f"{sys.executable} -c 'import typer'"
    yield Row("start-up", ours, other, f"{times(ours, other):.2f} times as long", "at most 1.5")
    ours = f"{MUSEGEN} generate --bars 1 -o {work}/first.mid --force"
    other = f"{sys.executable} -c 'import torch'"
    yield Row("first note", ours, other, f"{times(ours, other):.2f} times as long")


def reading(corpus: Path) -> Iterator[Row]:
    """From files to words, on one core."""
    from .reading import seconds as took
    from .reading import tools

    paths = sorted(corpus.rglob("valid/**/*.mid"))[:20]
    each = took(tools(), paths)
    ratio = each["MidiTok REMI"] / each["musegen"]
    found = f"{ratio:.1f} times as fast"
    yield Row("file to words", "read_midi, encode", "miditok.REMI(path)", found, "at least 10")


def learning(corpus: Path, work: Path, budget: float) -> Iterator[Row]:
    """Notes learnt from in a second, each for so many seconds."""
    from musegen.training.run import RunSettings
    from musegen.training.schedule import Extent

    from .peer import BACKBONE, Terms, learn_ours, learn_peer
    from .peer_gpt2 import PeerSettings, tokenised
    from .peer_notes import Music

    music = Music.of(corpus, work / "music", 40)
    tokens = tokenised(music, None)
    unmeasured = sorted(music.paths("valid"))[1:]  # the speed is asked, not the nats
    music = music.without(sorted({*tokens.differing, *unmeasured}))
    settings = RunSettings(BACKBONE, "medium", Extent(budget), "cpu")
    model, ours = learn_ours(music, work / "model", settings)
    terms = Terms(model.network.settings.depth, ours.parameters, 256, budget, 0)
    peer = learn_peer(music, tokens, PeerSettings(), terms, "REMI")
    found = f"{ours.notes_per_second / peer.notes_per_second:.1f} times as many a second"
    command = f"python -m tests.bench.peer --budget {budget:.0f}s --pieces 40 --peer remi"
    yield Row("notes learnt from", command, "the same", found, "at least 3.5")


def composing(corpus: Path, model_name: str, work: Path) -> Iterator[Row]:
    """Notes composed in a second, one piece and sixteen at once."""
    from musegen.evaluation.trained import load

    from .peer_notes import Music
    from .peer_speed import BARS, MANY, peers, speeds

    model = load(Path(model_name))
    theirs = peers(Music.of(corpus, work / "music for speed", 5), model)
    remi = {name: draw for name, draw in theirs.items() if name.startswith("REMI,")}
    found, others = speeds(model, remi, BARS, 3)
    command = f"python -m tests.bench.peer_speed --model {model_name}"
    for n, asked in ((1, "at least 8"), (MANY, "at least 20")):
        more = f"{found[n] / max(others.values()):.1f} times as many a second"
        yield Row(f"notes composed, {n} at once", command, "the same", more, asked)


def memory(work: Path, files: int) -> Iterator[Row]:
    """The most memory that preparing many files takes, and training."""
    for n, steps in ((files, 1), (100, 20)):
        corpus = work / f"{n}-files"
        corpus.mkdir()
        for number in range(n):
            write(band(2, number), corpus / f"{number}.mid")
        ours = (
            f"{MUSEGEN} train {corpus} -o {work}/of-{corpus.name} --size small --steps {steps} -q"
        )
        other = f"{sys.executable} -c 'import torch'"
        most = peak(ours) / peak(other)
        what = f"memory: {n:,} files, updates: {steps}"
        yield Row(what, ours, other, f"{most:.1f} times as much")


def peak(command: str) -> float:
    """The most memory that a command held, in bytes."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    run = [sys.executable, "-c", code, *shlex.split(command)]
    done = subprocess.run(run, check=True, capture_output=True, text=True)
    return 1024 * float(done.stdout)


def rendering(work: Path) -> Iterator[Row]:
    """Seconds of sound made in a second."""
    from musegen.sound.player import RATE
    from musegen.sound.synthesiser import render

    score = band()
    path = work / "band.mid"
    write(score, path)
    began = time.process_time()
    sound = len(render(score)) / RATE
    found = f"{sound / (time.process_time() - began):.0f} times as fast"
    yield Row("rendering", f"{MUSEGEN} play {path} --wav band.wav", "real time", found)


def rows(asked: argparse.Namespace, work: Path) -> Iterator[Row]:
    """All rows, those left out too."""
    of_music: dict[str, Callable[[], Iterator[Row]]] = {
        "file to words": lambda: reading(asked.corpus),
        "notes learnt from": lambda: learning(asked.corpus, work, asked.seconds),
        "notes composed": lambda: composing(asked.corpus, asked.model, work),
    }
    makers: dict[str, Callable[[], Iterator[Row]]] = {
        "start-up": lambda: starting(work),
        **of_music,
        "memory": lambda: memory(work, asked.files),
        "rendering": lambda: rendering(work),
    }
    for what, make in makers.items():
        if what in of_music and not asked.corpus.is_dir():
            yield Row(what, "", "", f"left out: no folder {asked.corpus}")
            continue
        try:
            yield from make()
        except ModuleNotFoundError as error:
            yield Row(what, "", "", f"left out: pip install '.[bench]' ({error.name})")


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=SHARED / "ensemble")
    parser.add_argument("--model", default="models/ensemble", help="of notes, which composes")
    parser.add_argument("--files", type=int, default=10_000, help="to prepare")
    parser.add_argument("--seconds", type=float, default=60, help="to learn, each")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    table = Table("", "ours", "beside", "ours is", "asked", title=f"{date.today()}, {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(asked, Path(folder)):
            print(f"{row.what}: {row.found}", flush=True)
            its = (row.what, row.ours, row.other, row.found, row.asked)
            table.add_row(*(text.replace(folder, "…") for text in its))
    Console(width=160).print(table)


def machine() -> str:
    """What it ran on."""
    return f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = "1"
    main()
