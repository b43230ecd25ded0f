"""What each of several processes does for test_distributed: `several.py TASK CORPUS FOLDER`."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from musegen.cli import app
from musegen.corpus.prepare import Prepared, prepare
from musegen.errors import ModelError
from musegen.network.backbones import BACKBONES
from musegen.network.next_word import NetworkSettings
from musegen.training import distributed, fit, run
from musegen.training.run import Run, RunSettings
from musegen.training.schedule import Extent
from musegen.training.settings import FitSettings

LENGTH, BATCH_WORDS = 48, 192
STEPS = 8
STOP = 5  # updates after which a run is broken off


def small(batch_words: int, dropout: float) -> None:
    """From now on networks are of 16 units, and batches small, for each process."""
    torch.set_num_threads(1)

    def shape(backbone: str, size: str, **_: object) -> NetworkSettings:
        return NetworkSettings(backbone, width=16, depth=2, heads=2, context=24, dropout=dropout)

    def settings(**given: Any) -> FitSettings:
        if set(given) == {"random_seed"}:
            given |= {"length": LENGTH, "batch_words": batch_words}
        return FitSettings(**given)

    run.network_settings = shape
    run.FitSettings = settings  # type: ignore[assignment, misc]


def start(music: Prepared, folder: Path, backbone: str = "gru", seconds: float = 0.0) -> Run:
    extent = Extent(seconds) if seconds else Extent(steps=STEPS)
    return Run.start(music, folder, RunSettings(backbone, "auto", extent, "cpu", 5))


def to_the_end(going: Run) -> None:
    for _ in going.events():
        pass
    if distributed.is_first():
        going.finish()


def break_off(going: Run) -> None:
    for event in going.events():
        if event.step == STOP:
            return


def learn(music: Prepared, folder: Path) -> None:
    """A model of each backbone; a run that was killed and one that was not; one left unfinished."""
    small(BATCH_WORDS, dropout=0.0)
    for backbone in BACKBONES:
        to_the_end(start(music, folder / backbone, backbone))
    fit._CHECKPOINT_SECONDS = -1.0
    break_off(start(music, folder / "left"))
    small(BATCH_WORDS, dropout=0.3)
    to_the_end(start(music, folder / "whole"))
    break_off(start(music, folder / "killed"))
    to_the_end(Run.resume(music, folder / "killed", "cpu"))
    by_the_clock(music, folder)


def by_the_clock(music: Prepared, folder: Path) -> None:
    """A run of half a second, for which the clock of each process goes at another pace."""
    pace, clock = 1 + 3 * distributed.rank(), time.monotonic
    time.monotonic = lambda: pace * clock()
    events = [[e.step, e.seconds] for e in start(music, folder / "clock", seconds=0.5).events()]
    (folder / f"clock-{distributed.rank()}.json").write_text(json.dumps(events))
    time.monotonic = clock


def in_second(then: Callable[[], None]) -> None:
    """The second process does something in its third update; all train by the command line."""
    update = fit.Fit._update

    def other(self: fit.Fit, factor: float) -> tuple[float, float]:
        if distributed.rank() == 1 and self.counters.step == 2:
            then()
        return update(self, factor)

    fit.Fit._update = other  # type: ignore[method-assign]
    sys.argv = ["musegen", "train", sys.argv[2], "-o", sys.argv[3], "--steps", "2000"]
    app.main()


def fail() -> None:
    raise ModelError("the second process has failed", hint="Mend it")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt() -> None:
    os.kill(os.getppid(), signal.SIGINT)


if __name__ == "__main__":
    task, corpus, folder = sys.argv[1:]
    if task == "learn":
        with distributed.together("cpu"):
            learn(prepare(Path(corpus)), Path(folder))
    else:
        small(BATCH_WORDS, dropout=0.3)
        in_second({"fail": fail, "die": die, "interrupt": interrupt}[task])
