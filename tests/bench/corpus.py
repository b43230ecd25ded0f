"""How a large corpus goes through: memory, time a file, and what is left when it is killed.

    python -m tests.bench.corpus [--files 2000] [--notes 100]

It makes that many small MIDI files in a temporary folder, prepares half of them and is killed, goes
on, prepares them again from the cache, and tells the peak memory of the process and of its largest
child. With 100,000 files it takes about half an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from musegen.score.midi import write_midi
from musegen.score.score import Notes, Part, Score, barlines_of_metre

PREPARE = """
import json, resource, sys, time
from pathlib import Path
from musegen.corpus import reading
from musegen.corpus.prepare import prepare
if __name__ == "__main__":
    start, first = time.perf_counter(), []
    def progress(done, of):
        first or first.append(done)
        print(done, flush=True)
    prepared = prepare(Path(sys.argv[1]), progress=progress)
    peak = [resource.getrusage(who).ru_maxrss // 1024
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"seconds": time.perf_counter() - start, "begun_at": (first or [0])[0],
                      "pieces": len(prepared.pieces), "words": len(prepared.words),
                      "parent_mb": peak[0], "child_mb": peak[1]}), flush=True)
"""


def piece(number: int, notes: int) -> Score:
    """Two parts of eighths, no two pieces alike."""
    rng, tpq = np.random.default_rng(number), 480
    onset = np.arange(notes // 2) * tpq // 2
    metre = np.array([[0, 4, 4]])
    parts = tuple(
        Part(name, program, Notes(onset, onset * 0 + 240, rng.integers(low, low + 24, len(onset)),
                                  rng.integers(60, 100, len(onset))))
        for name, program, low in (("Flute", 73, 60), ("Cello", 42, 36))
    )  # fmt: skip
    return Score(tpq, parts, metre=metre, barlines=barlines_of_metre(metre, len(onset) * 240, tpq))


def prepare_in_its_own_process(corpus: Path, cache: Path, kill_at: int = 0) -> dict[str, float]:
    """The figures of one run; of one that is killed only how far it came."""
    with subprocess.Popen(
        [sys.executable, "-c", PREPARE, corpus],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "MUSEGEN_CACHE": str(cache)},
    ) as run:
        assert run.stdout is not None
        line, start = "", time.perf_counter()
        for line in run.stdout:
            if kill_at and line.strip().isdigit() and int(line) >= kill_at:
                os.kill(run.pid, signal.SIGKILL)
                return {"killed_at": int(line), "seconds": time.perf_counter() - start}
    figures: dict[str, float] = json.loads(line)
    return figures


def main() -> None:
    """Make the files, run thrice, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--notes", type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus, cache = Path(folder, "corpus"), Path(folder, "cache")
        for number in range(asked.files):
            file = corpus / f"{number // 1000}" / f"{number}.mid"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(write_midi(piece(number, asked.notes)))
        print(f"{asked.files} files of {asked.notes} notes", flush=True)
        runs = (("killed", asked.files // 2), ("goes on", 0), ("again", 0))
        for name, kill_at in runs:
            print(name, json.dumps(prepare_in_its_own_process(corpus, cache, kill_at)), flush=True)
        size = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file())
        print(f"cache: {size / 1e6:.1f} MB, {sum(f.is_file() for f in cache.rglob('*'))} files")


if __name__ == "__main__":
    main()
