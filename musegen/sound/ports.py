"""MIDI ports, found and opened with mido and python-rtmidi: the extra `ports`.

Ports are listed and opened with whatever goes wrong told in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from musegen.errors import MissingExtra, NotFound, OutputError

from .hushed import hushed

_LEADS_NOWHERE = "Midi Through"  # of Linux, which hands on to whom asks, and makes no sound


def port_names() -> list[str]:
    """The names of the MIDI ports that one can play on, as the system orders them.

    Raises:
        MissingExtra: mido or python-rtmidi is not installed.
        OutputError: the system has no MIDI.
    """
    try:
        import mido

        with hushed():
            return list(dict.fromkeys(mido.get_output_names()))
    except ImportError as error:
        raise _missing(error) from error
    except Exception as error:  # rtmidi's, of kinds that have no name without it
        raise OutputError(
            "this system offers no MIDI ports",
            hint="On Linux, load the sequencer: sudo modprobe snd-seq.",
        ) from error


def choose_port(names: Sequence[str], asked: str | None = None) -> str:
    """The port that is meant: by its name or a part of it, else the first that may sound.

    Raises:
        NotFound: there is none, or several are of that name.
    """
    if asked is None:
        sounding = [name for name in names if not name.startswith(_LEADS_NOWHERE)]
        if not sounding:
            raise NotFound("none is there")
        return sounding[0]
    if asked in names:
        return asked
    found = [name for name in names if asked.casefold() in name.casefold()]
    if len(found) == 1:
        return found[0]
    listed = "; ".join(found or names)
    if found:
        raise NotFound(f"several MIDI ports are called {asked}", hint=f"Name one of {listed}.")
    hint = f"There are {listed}." if names else "None is there; start a synthesiser first."
    raise NotFound(f"there is no MIDI port {asked}", hint=hint)


@contextmanager
def open_port(name: str) -> Iterator[Callable[[bytes], None]]:
    """A function that sends a MIDI message to a port.

    Raises:
        OutputError: the port cannot be opened, or is gone when a message is sent.
    """
    import mido

    try:
        with hushed():
            port = mido.open_output(name)
    except Exception as error:
        hint = "Another program may hold it; close that, or name another: --list-ports."
        raise OutputError(f"the MIDI port {name} cannot be opened", hint=hint) from error

    def send(message: bytes) -> None:
        try:
            port.send(mido.Message.from_bytes(message))
        except Exception as error:
            raise OutputError(
                f"the MIDI port {name} takes no more messages",
                hint="See which are there: musegen play --list-ports.",
            ) from error

    with port:
        yield send


def _missing(error: ImportError) -> MissingExtra:
    library = "mido" if error.name == "mido" else "python-rtmidi"
    return MissingExtra.of(library, "ports")
