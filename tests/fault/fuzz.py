"""Damaged files of strangers: each is a Score or a MusegenError, in time and in little memory.

    python -m tests.fault.fuzz midi|abc|kern|musicxml [--number N] [--first N] [--random-seed N]
                               [--use] [--data FOLDER]

Inputs are real and hand-made music (below FOLDER, and of music21's corpus) with seeded faults; each
has a number, from which `--only NUMBER` makes it again. One is broken that crashes the process,
raises anything else, takes the processor too long, or takes 500 MB. With `--use` what is read
is also looked at as `doctor` does, played out, and written in every format.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import numpy as np

from musegen.corpus.facts import facts_of
from musegen.corpus.packed import pack, unpack
from musegen.corpus.reading import record
from musegen.errors import ModelError, MusegenError
from musegen.score.bars import faults_of
from musegen.score.files import read_all, write_and_tell
from musegen.score.score import Score
from musegen.vocabulary.choose import build, from_dict
from tests.fault import abc, kern, midi, musicxml

MEGABYTES = 500
DATA = Path(__file__).parents[3] / "shared" / "data"
_MOST_BYTES = 6 << 30  # of addresses: whatever takes so much is stopped before the machine suffers
_FEW_NOTES = 200  # are written as MusicXML too: music21 takes seconds to read more again
_PER_PROCESS = 500  # inputs: memory is told by process


@dataclass(frozen=True)
class Kind:
    """How files of a kind are had, damaged and named, and how long one may take."""

    sources: Callable[[Path], list[Any]]
    damaged: Callable[[Sequence[Any], np.random.Generator], bytes]
    suffix: str
    seconds: int
    seconds_to_use: int


KINDS = {
    "midi": Kind(midi.sources, midi.damaged, ".mid", 2, 30),
    "abc": Kind(abc.sources, abc.damaged, ".abc", 2, 30),
    "kern": Kind(kern.sources, kern.damaged, ".krn", 20, 60),
    "musicxml": Kind(musicxml.sources, musicxml.damaged, ".musicxml", 20, 60),
}


@dataclass
class Found:
    """What became of the inputs, those that broke a promise, and the most that one took."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    megabytes: int = 0


class TooSlow(BaseException):
    """The alarm rang; no Exception, so that nothing between catches it."""


def made(kind: Kind, sources: Sequence[Any], number: int, random_seed: int) -> bytes:
    """The input of a number."""
    return kind.damaged(sources, np.random.default_rng((random_seed, number)))


def fuzz(
    name: str,
    number: int,
    random_seed: int = 0,
    first: int = 0,
    use: bool = False,
    data: Path = DATA,
) -> Found:
    """Read so many inputs, from the first on, in processes of their own."""
    kind = KINDS[name]
    sources = kind.sources(data)
    found, stop = Found(), first + number
    context = multiprocessing.get_context("fork")
    while first < stop:
        numbers = range(first, min(first + _PER_PROCESS, stop))
        place: Synchronized[int] = context.Value("q", first)
        mine, its = context.Pipe(duplex=False)
        task = (kind, sources, numbers, random_seed, use, place, its)
        process = context.Process(target=_read_range, args=task)
        process.start()
        its.close()
        try:
            while True:
                _add(found, mine.recv())
        except EOFError:
            process.join()
        first = place.value
        if process.exitcode:
            found.counts["broken"] += 1
            found.broken.append(f"input {first}: the process died ({process.exitcode})")
            first += 1
    return found


def _add(found: Found, told: tuple[str, str, float, int]) -> None:
    outcome, fault, seconds, megabytes = told
    found.counts[outcome] += 1
    found.broken += [fault] if fault else []
    found.seconds = max(found.seconds, seconds)
    found.megabytes = max(found.megabytes, megabytes)


def _read_range(
    kind: Kind,
    sources: Sequence[Any],
    numbers: range,
    random_seed: int,
    use: bool,
    place: Synchronized[int],
    results: Any,
) -> None:
    """Read inputs, and send what became of each; after one that takes too much memory, end."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))  # noqa: S108
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    signal.signal(signal.SIGPROF, _ring)
    before = _peak()
    try:
        for number in numbers:
            place.value = number
            file = folder / f"damaged{kind.suffix}"
            file.write_bytes(made(kind, sources, number, random_seed))
            outcome, fault, seconds = _outcome(file, kind, use)
            grown = _peak() - before
            if grown > MEGABYTES:
                outcome, fault = "broken", fault or f"took {grown} MB"
            results.send((outcome, f"input {number}: {fault}" if fault else "", seconds, grown))
            place.value = number + 1
            if grown > MEGABYTES:
                return
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _outcome(file: Path, kind: Kind, use: bool) -> tuple[str, str, float]:
    """What becomes of a file, what is wrong with that, and the seconds of the processor it took."""
    limit = kind.seconds_to_use if use else kind.seconds
    began = time.process_time()
    resource.setrlimit(resource.RLIMIT_CPU, (int(began) + 2 * limit + 2, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_PROF, limit, 1)
    outcome, fault = "broken", ""
    try:
        outcome = _read(file, use)
    except TooSlow:
        fault = f"takes more than {limit} s"
    except Exception as error:  # any is a fault of ours, to be listed
        fault = f"{type(error).__name__}: {error}"[:300]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return outcome, fault, time.process_time() - began


def _read(file: Path, use: bool) -> str:
    """`read`, `mended` or `refused`: the best that befell any of its pieces."""
    outcomes = {"refused"}
    for name, music in read_all(file):
        if isinstance(music, Score):
            outcomes.add("mended" if music.faults else "read")
            if use:
                _use(name, music, file.parent)
        else:
            assert isinstance(music, MusegenError)
            assert str(music)
    return next(outcome for outcome in ("read", "mended", "refused") if outcome in outcomes)


def _use(name: str, score: Score, folder: Path) -> None:
    """Do with a score what the commands do."""
    record(name, score)
    faults_of(score)
    assert unpack(pack(score)) == score
    if score.n_notes:
        vocabulary = build([score])
        facts_of(score, from_dict(vocabulary.to_dict()))
        with suppress(ModelError):
            vocabulary.decode(vocabulary.encode(score))
    for suffix in (".mid", ".abc", ".musicxml")[: 2 + (score.n_notes < _FEW_NOTES)]:
        try:
            write_and_tell(score, folder / f"written{suffix}", force=True)
        except MusegenError as error:
            if "could not be read again" in error.message:
                raise AssertionError(f"{suffix}: {error.message}") from error


def _ring(*_: object) -> None:
    raise TooSlow


def _peak() -> int:
    """Megabytes that this process has held at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Print what became of the inputs, and those that broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--use", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--only", type=int, help="write this input to standard output")
    asked = parser.parse_args()
    if asked.only is not None:
        kind = KINDS[asked.kind]
        sources = kind.sources(asked.data)
        sys.stdout.buffer.write(made(kind, sources, asked.only, asked.random_seed))
        return
    began = time.monotonic()
    found = fuzz(asked.kind, asked.number, asked.random_seed, asked.first, asked.use, asked.data)
    print(*found.broken, sep="\n")
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in found.counts.most_common())
    print(f"{asked.kind}: {counts}; {found.seconds:.1f} s and {found.megabytes} MB at most for one")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{used.ru_utime + used.ru_stime:.0f} s of the processor, {time.monotonic() - began:.0f} s"
    )
    sys.exit(bool(found.broken))


if __name__ == "__main__":
    main()
