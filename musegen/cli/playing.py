"""A piece played at once, on the first thing that sounds: a MIDI port, else the sound card."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from musegen.errors import Interrupted, MusegenError, UsageError

if TYPE_CHECKING:
    from musegen.score.score import Score
    from musegen.sound.stream import Source
    from musegen.sound.synthesiser import Render
    from musegen.sound.timeline import Timed
    from musegen.sound.transport import Instrument


class Sound(NamedTuple):
    """What makes the sound of a score where no port does, and what of it that leaves out.

    `stream` makes it as it is played, at a rate; `render` all of it.
    """

    stream: Callable[[Score, int], Source]
    render: Render
    not_sounded: Callable[[Score], dict[str, int]]
    soundfont: str | None


def sound_of(path: Path | None) -> Sound:
    """The sound of a SoundFont, else of the built-in synthesiser.

    Raises:
        MusegenError: the SoundFont cannot be used.
    """
    from musegen.sound.controls import not_sent, not_sounded

    if path is None:
        from musegen.sound.stream import Streamed
        from musegen.sound.synthesiser import render

        return Sound(Streamed, render, not_sounded, None)
    from musegen.sound.soundfont import soundfont
    from musegen.sound.stream import Whole

    font = soundfont(path)
    return Sound(partial(Whole, sound=font), font, not_sent, str(path))


class Device(NamedTuple):
    """What a piece is played on; without an instrument there is nothing that sounds."""

    instrument: Instrument | None
    port: str | None
    not_sounded: Callable[[Score], dict[str, int]]
    words: str  # which it is, and why


@contextmanager
def device(
    score: Score, messages: Sequence[Timed], port: str | None, sound: Sound
) -> Iterator[Device]:
    """The MIDI port asked for, else any that sounds, else the sound card, else nothing.

    Where a SoundFont is to sound, a port is played on only if it was asked for.

    Raises:
        MusegenError: the port asked for cannot be had.
    """
    from musegen.sound.card import RATE, open_card
    from musegen.sound.controls import not_sent
    from musegen.sound.midi_out import MidiOut
    from musegen.sound.ports import choose_port, open_port, port_names

    lacks = []
    with ExitStack() as stack:
        if port is not None or sound.soundfont is None:
            try:
                names = port_names()
                name = choose_port(names, port)
                send = stack.enter_context(open_port(name))
            except MusegenError as error:
                if port is not None:
                    raise
                lacks.append(_lack("MIDI port", error))
            else:
                others = len(names) > 1 and port is None
                way = " --port NAME takes another, --list-ports shows them." if others else ""
                words = f"Playing on the MIDI port {name}.{way}"
                yield Device(MidiOut(messages, send), name, not_sent, words)
                return
        try:
            card = stack.enter_context(open_card(lambda: sound.stream(score, RATE)))
        except MusegenError as error:
            lacks.append(_lack("sound card", error))
            words = "Writing a file, as nothing here plays it at once."
            yield Device(None, None, sound.not_sounded, "\n".join([words, *lacks]))
        else:
            words = "Playing on the sound card."
            yield Device(card, None, sound.not_sounded, "\n".join([words, *lacks]))


def _lack(what: str, error: MusegenError) -> str:
    """Why there is none, with the way out."""
    return f"No {what}: {error.message}. {error.hint}".rstrip()


class Performance:
    """A piece as it is played: its repeats played out, and what is sent when."""

    def __init__(self, score: Score) -> None:
        from musegen.score.repeats import unfold
        from musegen.score.tempo import seconds_at
        from musegen.sound.timeline import timed_messages

        self._written = score
        self.score = unfold(score)
        self.messages = timed_messages(self.score)
        self._bars = _bars(score, self.score)
        self._end = float(seconds_at(self.score, self.score.end))

    def play(self, on: Device, start: float, quiet: bool) -> dict[str, Any]:
        """Play from a second on, steered by keys, until the end, q or a signal.

        Returns:
            What is told to scripts.

        Raises:
            Interrupted: it was broken off with Ctrl-C; typer.Exit by another signal.
        """
        from musegen.sound.synthesiser import TAIL_SECONDS
        from musegen.sound.transport import Transport

        from .keys import HELP, ended_by_signals, keys
        from .running_roll import RunningRoll, running
        from .terminal import now

        assert on.instrument is not None
        is_midi = on.port is not None
        messages = self.messages if is_midi else []
        starts = [second for second, _ in self._bars]
        tail = 0.0 if is_midi else TAIL_SECONDS
        transport = Transport(messages, on.instrument, starts, self._end, tail=tail)

        def roll(size: tuple[int, int]) -> RunningRoll:
            return RunningRoll(self.score, self._bars, self._end, size)

        with now(quiet) as tell:
            tell("making the sound")
            on.instrument.hasten(transport.speed)
        with (
            ended_by_signals() as ended,
            keys() as typed,
            running(roll, transport, HELP if typed else (), quiet) as draw,
        ):
            asked = typed or (lambda: None)
            transport.play(start, lambda: "quit" if ended() else asked(), draw)
        _leave(ended())
        return {
            "port": on.port,
            "seconds": transport.heard,
            "jitter_ms": jitter_ms(transport.late),
            "not_sounded": on.not_sounded(self._written),
        }


def begins_at(score: Score, number: int) -> float:
    """The second at which a bar first begins as the piece is played.

    Raises:
        UsageError: there is no such bar.
    """
    from musegen.score.repeats import unfold

    bars = _bars(score, unfold(score))
    numbers = [each for _, each in bars]
    if number not in numbers:
        told = f"The piece plays bars {min(numbers)} to {max(numbers)}."
        raise UsageError(f"there is no bar {number}", hint=told)
    return bars[numbers.index(number)][0]


def _bars(score: Score, played: Score) -> list[tuple[float, int]]:
    """The second at which each bar begins, and its number."""
    from musegen.score.repeats import played_bars
    from musegen.score.tempo import seconds_at

    ticks, numbers = zip(*played_bars(score), strict=True)
    return list(zip(seconds_at(played, ticks).tolist(), numbers, strict=True))


def jitter_ms(late: Sequence[float]) -> dict[str, float] | None:
    """How late messages came, in milliseconds: half of them at most the median."""
    if not late:
        return None
    return {"median": 1000 * median(late), "worst": 1000 * max(late)}


def _leave(signal_number: int) -> None:
    """End as the signal asks, now that all is silent."""
    if signal_number == signal.SIGINT:
        raise Interrupted("stopped by Ctrl-C, with nothing left sounding")
    if signal_number:
        raise typer.Exit(128 + signal_number)
