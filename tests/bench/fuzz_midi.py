"""Fuzzing of the MIDI reader: seeded damage to real and hand-made files.

    python -m tests.bench.fuzz_midi [--n 200000] [--seed 0] [FOLDER...]

Every input must give a Score or a MusegenError, within two seconds and 500 MB. Inputs are read in
worker processes; one that breaks a promise is named by its number, from which `--only NUMBER` makes
it again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import signal
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from musegen.errors import MusegenError
from musegen.score.midi import read_midi
from musegen.score.score import Score

SECONDS, MEGABYTES = 2, 500
MAX_BYTES = 60_000  # of a file that is mutated: larger ones are slow, not different
SHARED = Path(__file__).parents[3] / "shared" / "data"


def handmade() -> list[bytes]:
    """Small files that hold one of everything."""
    head = bytes.fromhex("00ff030350c3ad 00ff510307a120 00ff580406030818 00ff5902fd01 00ff2f00")
    music = bytes.fromhex(
        "00ff210101 00c028 00b00001 00b02002 00b00764 00903c40 8160 3c00 00ff05026c61 10e00050"
        "00d040 0050 00a03c20 00f0057e7f0601f7 00903e40 00903e50 60803e40 10803e00 00b04040"
        "00993c7f 60893c00 00b07b00 00ff2f00"
    )
    files = []
    for kind, division in ((1, 480), (0, 96), (2, 24), (1, 0xE728)):
        tracks = [head, music] if kind else [head[:-4] + music]
        chunks = [b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks]
        header = b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division)
        files.append(header + b"".join(chunks))
    return files


def sources(folders: Sequence[Path]) -> list[bytes]:
    """The files to damage: hand-made ones, and those of the folders that are not too large."""
    paths = sorted(path for folder in folders for path in folder.rglob("*.mid"))
    real = [path.read_bytes() for path in paths if 0 < path.stat().st_size <= MAX_BYTES]
    return handmade() + real


def mutated(files: Sequence[bytes], number: int, seed: int = 0) -> bytes:
    """The input of a number: a file with one to eight faults."""
    rng = np.random.default_rng((seed, number))
    data = bytearray(files[int(rng.integers(len(files)))])
    for _ in range(int(rng.integers(1, 9))):
        kind = int(rng.integers(6))
        at = int(rng.integers(len(data))) if data else 0  # an earlier fault may leave nothing
        if kind == 0 and data:  # another byte
            data[at] = int(rng.integers(256))
        elif kind == 1 and data:  # one bit
            data[at] ^= 1 << int(rng.integers(8))
        elif kind == 2:  # cut short, in one case of three
            del data[at if rng.integers(3) == 0 else len(data) :]
        elif kind == 3:  # a stretch lost or doubled
            stretch = data[at : at + int(rng.integers(1, 64))]
            data[at : at + len(stretch)] = stretch * (2 * int(rng.integers(2)))
        elif kind == 4:  # a piece of another file
            other = files[int(rng.integers(len(files)))]
            begin = int(rng.integers(len(other) + 1))
            data[at:at] = other[begin : begin + int(rng.integers(1, 256))]
        else:  # a length field
            chunk = data.find(b"MTrk", at)
            values = (0, 1, 0xFFFFFFFF, 0x7FFFFFFF, int(rng.integers(1 << 16)))
            if chunk >= 0:
                data[chunk + 4 : chunk + 8] = struct.pack(">I", values[int(rng.integers(5))])
    return bytes(data)


def outcome(data: bytes) -> str:
    """`read`, `mended` or `refused`; anything else is raised, slowness as a TimeoutError."""

    def too_slow(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGVTALRM, too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)  # our own time: the machine may be busy
    try:
        score = read_midi(data)
    except MusegenError:
        return "refused"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    assert isinstance(score, Score)
    return "mended" if score.faults else "read"


def _work(task: tuple[list[Path], int, range]) -> tuple[Counter[str], list[str]]:
    """Count the outcomes of a range of inputs; the faults found are sentences."""
    folders, seed, numbers = task
    files = sources(folders)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts: Counter[str] = Counter()
    broken = []
    for number in numbers:
        try:
            counts[outcome(mutated(files, number, seed))] += 1
        except Exception as error:  # any is a fault of ours, to be listed
            counts["broken"] += 1
            broken.append(f"input {number}: {type(error).__name__}: {error}")
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
        if grown > MEGABYTES:
            counts["broken"] += 1
            broken.append(f"input {number}: took {grown} MB")
            before += grown * 1024
    return counts, broken


def fuzz(
    folders: Iterable[Path], n: int, seed: int = 0, processes: int = 1, per_task: int = 1000
) -> tuple[Counter[str], list[str]]:
    """Read n inputs in worker processes; counts of outcomes, and what broke.

    A worker that dies or hangs takes its range of inputs with it, and that is told.
    """
    ranges = [range(i, min(i + per_task, n)) for i in range(0, n, per_task)]
    tasks = [(list(folders), seed, numbers) for numbers in ranges]
    counts: Counter[str] = Counter()
    broken: list[str] = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, maxtasksperchild=1) as pool:
        results = [pool.apply_async(_work, (task,)) for task in tasks]
        for result, numbers in zip(results, ranges, strict=True):
            try:
                more, worse = result.get(timeout=60 + SECONDS * len(numbers))
            except multiprocessing.TimeoutError:
                more, worse = Counter({"broken": 1}), [f"inputs {numbers}: a worker died or hung"]
            counts += more
            broken += worse
            if sys.stderr.isatty():
                print(f"\r{sum(counts.values())} of {n}", end="", file=sys.stderr)
    return counts, broken


def main() -> None:
    """Print the counts, and every input that broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[SHARED])
    parser.add_argument("--n", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", type=int, help="write this input to standard output")
    options = parser.parse_args()
    if options.only is not None:
        sys.stdout.buffer.write(mutated(sources(options.folders), options.only, options.seed))
        return
    counts, broken = fuzz(options.folders, options.n, options.seed, options.processes)
    print(", ".join(f"{count:,} {kind}" for kind, count in counts.most_common()))
    print(*broken, sep="\n")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
