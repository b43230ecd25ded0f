"""Work spread over processes, which Ctrl-C ends at once and without a word."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")


def spread(
    function: Callable[..., Result], *columns: Iterable[Any], processes: int, chunksize: int
) -> Iterator[Result]:
    """What `map` gives, in order, worked out by several processes.

    Args:
        function: of a module, so that other processes can import it.
        columns: its arguments.
        processes: how many.
        chunksize: how many calls a process is given at a time.
    """
    spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's threads half
    pool = ProcessPoolExecutor(processes, mp_context=spawn, initializer=_end_when_interrupted)
    try:
        with _deaf_to_interrupts():
            results = pool.map(function, *columns, chunksize=chunksize)
        yield from results
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Ctrl-C waits. Processes begun meanwhile are deaf too, and so import without a traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_when_interrupted() -> None:
    """A process ends at Ctrl-C, where Python would raise KeyboardInterrupt and print it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
