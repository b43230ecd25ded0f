"""Training that is broken off at any instant goes on to the same weights: a trial of it.

    python -m tests.fault.kills --kills 50

A tiny network trains by the command line, and is struck at random instants: by kill -9, Ctrl-C, a
full disk, a lack of memory or a power cut, up to three times before it is let to its end. After
each the folder must open as a model or be refused in a sentence; at the end its weights must be,
to the byte, those of a training that nothing struck. POSIX only.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from musegen.cli import app
from musegen.errors import MusegenError
from musegen.evaluation.trained import load
from musegen.network.file_names import RESUME, WEIGHTS
from musegen.network.next_word import NetworkSettings
from musegen.score.files import write
from musegen.score.score import Notes, Part, Score, barlines_of_metre
from musegen.training import fit, run
from musegen.training.settings import FitSettings

STEPS = 24  # updates, each with a checkpoint, most with a measurement
MOST_STRIKES = 3  # of one training
PATIENCE = 60.0  # seconds of the processor for a training of about two
DISK = 4_000_000  # bytes of the small disk


@dataclass
class Training:
    """A process that trains.

    Attributes:
        pid: its number.
        pipe: where it speaks to, which no full disk and no limit stops.
        said: all that it has said, once it has ended.
    """

    pid: int
    pipe: int
    said: str = ""

    def wait(self) -> int:
        """Its exit status, negative for a signal; it must not spin, nor wait for good."""
        spent, idle = 0.0, time.monotonic()
        while not (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            time.sleep(0.01)
            now = self._spent()
            idle, spent = (idle if now == spent else time.monotonic()), now
            if spent > PATIENCE or time.monotonic() - idle > 10 * PATIENCE:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError(f"it hangs: {self._heard()}")
        self.said = self._heard()
        return os.waitstatus_to_exitcode(ended[1])

    def _heard(self) -> str:
        with os.fdopen(self.pipe, errors="replace") as said:
            return said.read()

    def _spent(self) -> float:
        """Seconds of the processor."""
        columns = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, columns[11:13])) / os.sysconf("SC_CLK_TCK")


def tiny() -> None:
    """From now on networks are of 16 units, and there is a checkpoint after each update."""
    torch.set_num_threads(1)

    def settings(**given: Any) -> FitSettings:
        few = {"length": 32, "batch_words": 128} if set(given) == {"random_seed"} else {}
        return FitSettings(**given, **few)

    run.network_settings = lambda backbone, size, **_: NetworkSettings(backbone, 16, 2, 2, 24, 0.3)
    run.FitSettings = settings  # type: ignore[assignment, misc]
    fit._CHECKPOINT_SECONDS = -1.0


def make_corpus(folder: Path, pieces: int = 8) -> Path:
    """A few tunes of four bars, walks over a scale."""
    folder.mkdir()
    for number in range(pieces):
        walk = np.random.default_rng(number).integers(0, 7, 16)
        pitches = 60 + np.array((0, 2, 4, 5, 7, 9, 11))[walk]
        notes = Notes.of([(24 * beat, 24, int(pitch), 80) for beat, pitch in enumerate(pitches)])
        metre = np.array([[0, 4, 4]])
        barlines = barlines_of_metre(metre, 16 * 24, 24)
        score = Score(24, (Part("Voice", 0, notes),), metre=metre, barlines=barlines)
        write(score, folder / f"{number}.mid")
    return folder


def train(corpus: Path, folder: Path) -> int:
    """Train into a folder, or go on with it where it is there; gives the exit status."""
    sys.argv = ["musegen", "train", str(corpus), "-o", str(folder), "--device", "cpu", "-q"]
    sys.argv += (
        ["--resume"] if folder.exists() else ["--vocabulary", "notes", "--steps", str(STEPS)]
    )
    try:
        app.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def begin(corpus: Path, folder: Path) -> Training:
    """Train in a process of its own, a copy of this one: what is imported here is there too."""
    heard, said = os.pipe()
    pid = os.fork()
    if pid:
        os.close(said)
        return Training(pid, heard)
    status = 70
    try:
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.close(said)
        sys.stdout, sys.stderr = (os.fdopen(n, "w", closefd=False) for n in (1, 2))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = train(corpus, folder)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(status)


def kill(training: Training, folder: Path, chance: random.Random) -> None:
    os.kill(training.pid, signal.SIGKILL)


def interrupt(training: Training, folder: Path, chance: random.Random) -> None:
    os.kill(training.pid, signal.SIGINT)


def power_cut(training: Training, folder: Path, chance: random.Random) -> None:
    """All that is left is a copy of the folder as it stood."""
    os.kill(training.pid, signal.SIGSTOP)
    copy = folder.with_name("copy")
    if folder.exists():
        shutil.copytree(folder, copy)
    os.kill(training.pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
    if copy.exists():
        copy.rename(folder)


def full_disk(training: Training, folder: Path, chance: random.Random) -> None:
    """From now on no file can grow beyond so many bytes."""
    most = chance.choice([0, 100, 2_000, 20_000])
    resource.prlimit(training.pid, resource.RLIMIT_FSIZE, (most, most))


def full_small_disk(training: Training, folder: Path, chance: random.Random) -> None:
    """The disk that the folder lies on is full, but for a few bytes."""
    ballast = folder.with_name("ballast")
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    os.truncate(ballast, max(0, ballast.stat().st_size - 4096 * chance.randrange(20)))


def no_memory(training: Training, folder: Path, chance: random.Random) -> None:
    """From now on it gets little more memory than it has."""
    pages = int(Path(f"/proc/{training.pid}/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + chance.randrange(2_000_000)
    resource.prlimit(training.pid, resource.RLIMIT_AS, (most, most))


Strike = Callable[[Training, Path, random.Random], None]
STRIKES: dict[str, Strike] = {
    "kill -9": kill,
    "Ctrl-C": interrupt,
    "power cut": power_cut,
    "file size limit": full_disk,
    "full small disk": full_small_disk,
    "no memory": no_memory,
}


def check_after(way: str, training: Training, status: int, folder: Path) -> None:
    """Whether it ended as it should, and the folder is a model or is refused in a sentence."""
    said = training.said
    allowed = {0, 1, 130, -signal.SIGKILL}
    if way == "no memory":  # torch's own code may end a process that gets none
        allowed |= {-signal.SIGABRT, -signal.SIGSEGV}
    assert status in allowed, f"{way}: it ended with {status}: {said}"
    assert "Traceback" not in said, f"{way}: {said}"
    with suppress(MusegenError):
        load(folder)


@contextmanager
def small_disk(place: Path) -> Iterator[Path | None]:
    """A disk of its own below a place; None where this user may mount none."""
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)]
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not (mount and umount) or subprocess.run([mount, *options], capture_output=True).returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run([umount, str(place)], check=True)


def is_held(lock: Path) -> bool:
    """Whether a process holds a lock on the file, which is there a moment before."""
    if not lock.exists():
        return False
    node = f":{lock.stat().st_ino} "
    return any(node in line for line in Path("/proc/locks").read_text().splitlines())


class Trial:
    """Trainings of one corpus that are struck.

    Attributes:
        struck: how often, by what.
        ended: how many trainings came to their end.
    """

    def __init__(self, place: Path, disk: Path | None, random_seed: int) -> None:
        self.place, self.disk, self.chance = place, disk, random.Random(random_seed)
        self.corpus = make_corpus(place / "corpus")
        self.struck: Counter[str] = Counter()
        self.ended = 0
        train(self.corpus, place / "here")  # in this process, which then has all imported
        began = time.monotonic()
        self.weights = self._to_the_end(place / "whole")
        self.seconds = time.monotonic() - began

    def strike(self, ways: list[str]) -> None:
        """One training, struck in these ways, then let to its end."""
        on_small = "full small disk" in ways
        assert self.disk is not None or not on_small
        folder = (self.disk if on_small and self.disk else self.place) / f"run-{self.ended}"
        for way in ways:
            training = begin(self.corpus, folder)
            time.sleep(self.chance.uniform(0, 1.1 * self.seconds))
            with suppress(ProcessLookupError):
                STRIKES[way](training, folder, self.chance)
            status = training.wait()
            folder.with_name("ballast").unlink(missing_ok=True)
            check_after(way, training, status, folder)
            self.struck[way] += 1
            if folder.exists() and not (folder / RESUME).exists():
                break  # it had ended before
        found = (folder / WEIGHTS).read_bytes() if self._has_ended(folder) else None
        assert (found or self._to_the_end(folder)) == self.weights, f"{ways}: other weights"
        assert not list(folder.rglob(".*.part")), list(folder.rglob(".*.part"))
        shutil.rmtree(folder)
        self.ended += 1

    def two_at_once(self) -> None:
        """The second training into a folder is refused, until the first is no more."""
        folder = self.place / "both"
        first = begin(self.corpus, folder)
        patience = time.monotonic() + 10  # where the system does not tell who holds what
        while not is_held(folder / RESUME / "lock") and time.monotonic() < patience:
            time.sleep(0.001)
        os.kill(first.pid, signal.SIGSTOP)
        second = begin(self.corpus, folder)
        assert second.wait() == 1, second.said
        assert "another training is at work there" in second.said
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        assert self._to_the_end(folder) == self.weights

    def _has_ended(self, folder: Path) -> bool:
        return (folder / WEIGHTS).exists() and not (folder / RESUME).exists()

    def _to_the_end(self, folder: Path) -> bytes:
        training = begin(self.corpus, folder)
        status = training.wait()
        assert status == 0, training.said
        return (folder / WEIGHTS).read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--random-seed", type=int, default=0)
    asked = parser.parse_args()
    tiny()
    with tempfile.TemporaryDirectory() as name, small_disk(Path(name, "disk")) as disk:
        place = Path(name)
        os.environ |= {"MUSEGEN_CACHE": f"{name}/cache", "MUSEGEN_STATE": f"{name}/state"}
        trial = Trial(place, disk, asked.random_seed)
        trial.two_at_once()
        ways = [way for way in STRIKES if disk or way != "full small disk"]
        while (left := asked.kills - trial.struck.total()) > 0:
            n = trial.chance.randint(1, min(MOST_STRIKES, left))
            first = sum(trial.struck.values())
            trial.strike([ways[(first + k) % len(ways)] for k in range(n)])
    for way, count in trial.struck.items():
        print(f"{way:16} {count:4}")
    print(
        f"{trial.struck.total()} strikes at {trial.ended} trainings of {trial.seconds:.1f} s:"
        " all went on to the same bytes, and no folder was half a model"
    )


if __name__ == "__main__":
    main()
