"""Work spread over processes, which Ctrl-C ends at once and without a word."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from threading import Thread
from types import ModuleType
from typing import Any, TypeVar

from musegen.errors import CorpusError

Result = TypeVar("Result")
_AHEAD = 8  # calls a process that are under way or wait to be fetched; more would fill memory


def spread(
    function: Callable[..., Result], *columns: Iterable[Any], processes: int
) -> Iterator[Result]:
    """What `map` gives, in order, worked out by several processes a little ahead of the reader.

    Args:
        function: of a module, so that other processes can import it.
        columns: its arguments, taken as they are needed.
        processes: how many; with one the work is done here.

    Raises:
        CorpusError: a process was killed.
    """
    if processes == 1:
        yield from map(function, *columns)
        return
    calls = zip(*columns, strict=False)
    under_way: deque[Future[Result]] = deque()
    spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's threads half
    pool = ProcessPoolExecutor(processes, mp_context=spawn, initializer=_end_in_time)
    try:
        while True:
            with _deaf_to_interrupts(), _without_script():
                for call in islice(calls, _AHEAD * processes - len(under_way)):
                    under_way.append(pool.submit(function, *call))
            if not under_way:
                return
            yield under_way.popleft().result()
    except BrokenProcessPool as error:
        raise CorpusError(
            "a process that worked on it was ended from outside",
            hint="Most often memory ran out; close other programs. What was read is kept.",
        ) from error
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


@contextmanager
def _without_script() -> Iterator[None]:
    """Processes begun meanwhile do not run the script that called us, as spawned ones would.

    They need nothing of it, and one without `if __name__ == "__main__"` would begin anew in each.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _end_in_time() -> None:
    """A process ends at Ctrl-C, where Python would raise KeyboardInterrupt and print it.

    It ends too when the one that began it is gone: killed, that one could not say so.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
