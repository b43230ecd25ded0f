"""From a score to samples by a SoundFont, through FluidSynth: the extra `soundfont`."""

from __future__ import annotations

import ctypes
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from musegen.errors import MissingExtra, NotFound, OutputError, UnreadableFile
from musegen.score.score import Score

from .hushed import hushed
from .loudness import Samples
from .synthesiser import Render, finished, silence
from .timeline import timed_messages

_SETTINGS = {
    "synth.polyphony": 1024,  # an orchestra under its pedals
    "synth.dynamic-sample-loading": 1,  # of a large font only what is played
}
_SILENT = 1e-5  # FluidSynth's room hums below that
_EXCLUSIVE, _BEND = 0xF0, 0xE0
# FluidSynth's function for each kind of message, and how many numbers it takes.
_FUNCTIONS = {
    0x80: ("fluid_synth_noteoff", 1),
    0x90: ("fluid_synth_noteon", 2),
    0xA0: ("fluid_synth_key_pressure", 2),
    0xB0: ("fluid_synth_cc", 2),
    0xC0: ("fluid_synth_program_change", 1),
    0xD0: ("fluid_synth_channel_pressure", 1),
    _BEND: ("fluid_synth_pitch_bend", 1),
}


def soundfont(path: str | Path) -> Render:
    """A function that makes the sound of a score with a SoundFont, as `synthesiser.render` does.

    Raises:
        MissingExtra: pyfluidsynth is not installed.
        OutputError: FluidSynth is not installed; from the function: nothing of the score sounds.
        NotFound: there is no such file.
        UnreadableFile: it is no SoundFont.
    """
    python = _pyfluidsynth()
    fluid = ctypes.CDLL(python.lib)
    for level in range(5):
        fluid.fluid_set_log_function(level, None, None)  # it would write on the terminal
    if not Path(path).is_file():
        hint = "Name a file of instruments, as piano.sf2."
        raise NotFound("there is no such SoundFont", file=path, hint=hint)

    def render(score: Score, rate: int = 44_100) -> Samples:
        mix = silence(score, rate)
        with _loaded(python, fluid, path, rate) as synth:
            _perform(fluid, synth, score, mix, rate)
        if score.n_notes and abs(mix).max() < _SILENT:
            hint = "Take one that holds all instruments of General MIDI."
            raise OutputError("has no sound for this piece", file=path, hint=hint)
        return finished(mix, rate)

    with _loaded(python, fluid, path, 44_100):  # what is wrong with it is told at once
        return render


def _pyfluidsynth() -> Any:
    try:
        with redirect_stdout(io.StringIO()):  # it says what it found where CI is set
            import fluidsynth
    except ModuleNotFoundError as error:
        raise MissingExtra.of("pyfluidsynth", "soundfont") from error
    except (ImportError, OSError) as error:
        way = "On Debian and Ubuntu: apt install libfluidsynth3; on macOS: brew install fluid-synth"
        hint = f"{way}; elsewhere see fluidsynth.org."
        raise OutputError("the library FluidSynth is not installed", hint=hint) from error
    return fluidsynth


@contextmanager
def _loaded(python: Any, fluid: Any, path: str | Path, rate: int) -> Iterator[ctypes.c_void_p]:
    """A synthesiser that has the SoundFont."""
    synth = python.Synth(samplerate=rate, **_SETTINGS)
    handle = ctypes.c_void_p(synth.synth)
    try:
        with hushed():  # GLib too writes on it, of damaged files
            number = fluid.fluid_synth_sfload(handle, os.fsencode(path), 1)
        if number < 0:
            hint = "Take another copy, or another SoundFont (.sf2)."
            raise UnreadableFile("is no SoundFont, or a damaged one", file=path, hint=hint)
        yield handle
    finally:
        synth.delete()


def _perform(fluid: Any, synth: ctypes.c_void_p, score: Score, mix: Samples, rate: int) -> None:
    """Fill `mix` (2, S) with what the score's messages sound like, each at its sample."""
    left, right = (channel.ctypes.data_as(ctypes.c_void_p) for channel in mix)
    place, end = 0, mix.shape[1]
    for second, message in [*timed_messages(score), (end / rate, b"")]:
        size = min(round(second * rate), end) - place
        fluid.fluid_synth_write_float(synth, size, left, place, 1, right, place, 1)
        place += size
        if message:
            _send(fluid, synth, message)


def _send(fluid: Any, synth: ctypes.c_void_p, message: bytes) -> None:
    kind, channel, data = message[0] & 0xF0, message[0] & 0xF, message[1:]
    if kind == _EXCLUSIVE:
        fluid.fluid_synth_sysex(synth, data[:-1], len(data) - 1, None, None, None, 0)
        return
    name, n_numbers = _FUNCTIONS[kind]
    numbers = [data[0] | data[1] << 7] if kind == _BEND else data[:n_numbers]
    getattr(fluid, name)(synth, channel, *numbers)
