"""`make bench`: how fast, as ratios within one run.

    python -m tests.bench.ratios

Machines are shared and noisy; a ratio of two things timed in turn, the median of several rounds,
says more than either time.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import torch

from musegen.evaluation.trained import Trained, network_for
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.network.next_word import NetworkSettings
from musegen.score.files import read, write
from musegen.score.score import Notes, Part, Score, barlines_of_metre
from musegen.sound.player import RATE
from musegen.sound.synthesiser import render
from musegen.vocabulary.notes import NotesVocabulary

ROUNDS = 5


def band(bars: int = 64) -> Score:
    """Four parts of eighth notes, seeded."""
    rng = np.random.default_rng(0)
    onset = np.arange(bars * 8) * 240
    parts = tuple(
        Part(
            f"part {program}",
            program,
            Notes(
                onset, np.full_like(onset, 240), rng.integers(40, 80, len(onset)), onset * 0 + 80
            ),
        )
        for program in (0, 33, 40, 73)
    )
    metre = np.array([[0, 4, 4]])
    return Score(480, parts, metre=metre, barlines=barlines_of_metre(metre, bars * 1920, 480))


def ratio(fast: Callable[[], object], slow: Callable[[], object]) -> float:
    """How many times as long `slow` takes as `fast`: the median of pairs."""
    pairs = []
    for _ in range(ROUNDS):
        times = []
        for run in (fast, slow):
            began = time.perf_counter()
            run()
            times.append(time.perf_counter() - began)
        pairs.append(times[1] / times[0])
    return statistics.median(pairs)


def main() -> None:
    """Print one row a ratio."""
    torch.set_num_threads(1)
    score = band()
    vocabulary = NotesVocabulary.build([score])
    rows: list[tuple[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "band.mid"
        write(score, path)
        words = lambda: vocabulary.features_of(vocabulary.encode(read(path)))  # noqa: E731
        rows.append(
            (
                "file to words and features, against mido's parsing alone",
                ratio(words, lambda: mido.MidiFile(path)),
            )
        )
    seconds = len(render(score)) / RATE
    began = time.perf_counter()
    render(score)
    rows.append(("rendering, against real time", seconds / (time.perf_counter() - began)))
    for backbone in ("lstm", "transformer"):
        network = network_for(vocabulary, NetworkSettings(backbone, 128, 4)).eval()
        model = Trained(network, vocabulary, {}, Path(), "")
        one = lambda m=model: compose(m, Plan(4, score), n=1)  # noqa: E731
        sixteen = lambda m=model: compose(m, Plan(4, score), n=16)  # noqa: E731
        rows.append(
            (f"{backbone}: 16 candidates at once, against 16 times one", 16 / ratio(one, sixteen))
        )
    for name, value in rows:
        print(f"{value:8.1f}  {name}")


if __name__ == "__main__":
    main()
