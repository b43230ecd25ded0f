"""The keys that steer playing, read one by one from a terminal while other things go on."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from musegen.sound.transport import Command

Keys = Callable[[], "Command | None"]

HELP = (  # the first that fits is shown
    "space pause, arrows bar, +/- tempo, q quit",
    "space, arrows, +/-, q",
    "q quits",
)
_COMMANDS: dict[str, Command] = {
    " ": "pause", "\x1a": "pause", "q": "quit", "Q": "quit",
    "+": "faster", "=": "faster", "-": "slower", "_": "slower",
    "\x1b[D": "back", "\x1bOD": "back", "\xe0K": "back", "\0K": "back",  # as Windows says it
    "\x1b[C": "forward", "\x1bOC": "forward", "\xe0M": "forward", "\0M": "forward",
}  # fmt: skip
_KEY = re.compile(r"\x1b[\[O][0-9;]*.|[\xe0\0].|.", re.DOTALL)
_IMPATIENT_SECONDS = 1.0  # after which a second Ctrl-C breaks off whatever hangs


@contextmanager
def keys() -> Iterator[Keys | None]:
    """A function that gives the next command typed, if any; None where nobody can type."""
    if not sys.stdin or not sys.stdin.isatty():
        yield None
        return
    terminal = sys.stdin.fileno()
    with _unbuffered(terminal) as is_ours:
        yield _decoded(lambda: _typed(terminal)) if is_ours else None


@contextmanager
def _unbuffered(terminal: int) -> Iterator[bool]:
    """Keys come as they are typed and are not shown; tells whether they come to us at all."""
    if sys.platform == "win32":
        yield True
        return
    import termios
    import tty

    try:
        in_front = os.tcgetpgrp(terminal) == os.getpgrp()  # else the shell has the keys
    except OSError:  # no shell gives out this terminal
        in_front = True
    if not in_front:
        yield False
        return
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        mode = termios.tcgetattr(terminal)
        mode[6][termios.VSUSP] = b"\0"  # Ctrl-Z would stop us in the middle of a note: it pauses
        termios.tcsetattr(terminal, termios.TCSADRAIN, mode)
        yield True
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _typed(terminal: int) -> str:
    """What was typed and not yet read."""
    if sys.platform == "win32":
        import msvcrt

        typed = ""
        while msvcrt.kbhit():
            typed += msvcrt.getwch()
        return typed
    import select

    ready, _, _ = select.select([terminal], [], [], 0)
    return os.read(terminal, 64).decode("latin-1") if ready else ""


def _decoded(typed: Callable[[], str]) -> Keys:
    waiting: list[Command] = []

    def next_command() -> Command | None:
        found = (_COMMANDS.get(key) for key in _KEY.findall(typed()))
        waiting.extend(command for command in found if command)
        return waiting.pop(0) if waiting else None

    return next_command


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], int]]:
    """A function that gives the number of the signal that asks to end, 0 while none does.

    Only so are notes ended before the program is: on Ctrl-C, when it is killed politely, and when
    its terminal is closed.
    """
    asked: list[tuple[int, float]] = []

    def ask(number: int, _: object) -> None:
        asked.append((number, time.monotonic()))
        if asked[-1][1] - asked[0][1] > _IMPATIENT_SECONDS:
            raise KeyboardInterrupt

    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, ask) for number in signals}
    try:
        yield lambda: asked[0][0] if asked else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
