"""How late messages come when a piece is played, beside a bare loop of sleeps and mido's player.

    python -m tests.bench.jitter [FILE] [--seconds 20] [--busy 1]

All play the same messages to nowhere. The bare loop sleeps from each message to the next; mido's
`MidiFile.play` does so too, less what it has fallen behind. `--busy` starts so many processes that
compute, as other work on a machine does.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import mido
import numpy as np

from musegen.score.files import read, write
from musegen.score.repeats import unfold
from musegen.score.score import Notes, Part, Score
from musegen.sound.midi_out import MidiOut
from musegen.sound.timeline import Timed, timed_messages
from musegen.sound.transport import Transport


def dense(seconds: int) -> Score:
    """Four parts that repeat their notes every 0.3 seconds."""
    onsets = np.arange(0, seconds * 20, 6)
    parts = [
        Part("", program, Notes.of([(t, 5, 50 + t % 7 + program, 80) for t in onsets.tolist()]))
        for program in range(4)
    ]
    return Score(20, tuple(parts), tempo=np.array([[0, 1_000_000]]))


def transport(messages: list[Timed], _: Path, end: float) -> list[float]:
    """Ours, sending through what keeps the notes."""
    playing = Transport(messages, MidiOut(messages, lambda _: None), [0.0], end)
    playing.play()
    return playing.late


def bare_sleeps(messages: list[Timed], _: Path, end: float) -> list[float]:
    """A sleep from each message to the next."""
    late, last, began = [], 0.0, time.perf_counter()
    for due, _message in messages:
        time.sleep(due - last)
        last = due
        late.append(time.perf_counter() - began - due)
    return late


def of_mido(messages: list[Timed], path: Path, end: float) -> list[float]:
    """The player of mido, from the same piece as a file."""
    late, due, began = [], 0.0, time.perf_counter()
    for message in mido.MidiFile(path).play():
        due += message.time
        late.append(time.perf_counter() - began - due)
    return late


PLAYERS: dict[str, Callable[[list[Timed], Path, float], list[float]]] = {
    "musegen": transport,
    "bare sleeps": bare_sleeps,
    "mido play()": of_mido,
}


def _compute() -> None:
    while True:
        sum(range(10_000))


@contextmanager
def busy(n: int) -> Iterator[None]:
    """So many processes that compute beside what is measured."""
    others = [multiprocessing.Process(target=_compute, daemon=True) for _ in range(n)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        for other in others:
            other.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--seconds", type=int, default=20, help="of the piece that are played")
    parser.add_argument("--busy", type=int, default=0)
    given = parser.parse_args()
    score = unfold(read(given.file)) if given.file else dense(given.seconds)
    messages = [entry for entry in timed_messages(score) if entry[0] <= given.seconds]
    print(f"{len(messages):,} messages in {messages[-1][0]:.1f} s, {given.busy} busy processes")
    print(f"{'':12} {'median':>9} {'99 %':>9} {'worst':>9} {'at the end':>11}   ms late")
    with tempfile.TemporaryDirectory() as folder, busy(given.busy):
        path = Path(folder) / "piece.mid"
        write(score, path)
        for name, play in PLAYERS.items():
            if name.startswith("mido") and given.file:
                continue  # it cannot be told to end early
            late = np.array(play(messages, path, messages[-1][0])) * 1000
            told = [median(late), np.quantile(late, 0.99), late.max(), late[-1]]
            print(f"{name:12} {told[0]:9.3f} {told[1]:9.3f} {told[2]:9.3f} {told[3]:11.3f}")


if __name__ == "__main__":
    main()
