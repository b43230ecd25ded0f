"""The `musegen` command: its sub-commands, and the one place where errors are printed.

Nothing heavy is imported before a command runs, and no command before it is asked for, so that
`--help` is quick.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import musegen
from musegen.errors import STOPPED, Interrupted, MusegenError, UsageError

from .options import plain_app
from .terminal import shown

_COMMANDS = {  # what each says of itself
    "train": "Train a model on a folder of music: ten minutes, unless told otherwise.",
    "generate": "Carry a piece on, or compose one from nothing.",
    "play": "Play a piece: on a MIDI port, else on the sound card, else into a WAV file.",
    "evaluate": "Measure how likely pieces are under a model, with baselines beside it.",
    "compare": "Find out which kind of network suits a folder of music, and why.",
    "classify": "Tell the style of pieces, one of the sub-folders that a model learnt from.",
    "explain": "Tell what surprises a model in a piece, and what it would have written instead.",
    "doctor": "Say what a folder holds, which files are not used (and why), and what would be "
    "lost.",
    "convert": "Convert a piece: to MIDI, ABC, MusicXML, sound (.wav), a picture (.svg, .png) or a "
    "page.",
    "datasets": "The data sets that musegen knows by name.",
    "models": "The models that are here.",
}


class _Imported(Mapping[str, Any]):
    """Each command by its name, from the module of that name, when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        if name not in _COMMANDS:
            raise KeyError(name)
        module = import_module(f".{name}", __package__)
        app = getattr(module, "app", None)
        if app is None:
            app = plain_app()
            app.command(name)(module.command)
        command = typer.main.get_command(app)
        command.name = name
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class Commands(TyperGroup):
    """The group of commands, which turns an error into one line and an exit code."""

    def __init__(self, **settings: Any) -> None:
        """Take no command from typer: all are imported when they are asked for."""
        super().__init__(**settings)
        self.commands = _Imported()  # type: ignore[assignment]

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names."""
        return list(_COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """What each says of itself, without importing it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options before the command."""
        with _errors_told("--json" in args):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command asked for."""
        with _errors_told("--json" in [*ctx._protected_args, *ctx.args]):
            return super().invoke(ctx)


@contextmanager
def _errors_told(as_json: bool) -> Iterator[None]:
    """What goes wrong within is told in a sentence, and ends the program with its exit code."""
    try:
        yield
    except MusegenError as error:
        _tell(error, as_json)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        _tell(Interrupted(STOPPED), as_json)
        raise typer.Exit(Interrupted.exit_code) from error
    except (MemoryError, RuntimeError) as error:
        if not _lacks_memory(error):
            raise
        hint = "Take a smaller --size (with another -o), or fewer pieces at once."
        _tell(MusegenError("there is not enough memory", hint=hint), as_json)
        raise typer.Exit(1) from error
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # who reads our output has left: no fault
            raise
        hint = "Check that there is such a place, and that you may use it."
        _tell(MusegenError(error.strerror or str(error), file=error.filename, hint=hint), as_json)
        raise typer.Exit(1) from error
    except typer.TyperException as error:
        for pattern, plain in _OF_VALUES:
            error.message = re.sub(pattern, plain, error.message)
        if not as_json:
            raise
        _tell(UsageError(error.format_message().rstrip("."), hint="See --help."), as_json)
        raise typer.Exit(UsageError.exit_code) from error


_OF_VALUES = (  # how pydantic, which reads the values of options for typer, speaks of wrong ones
    (r"^Value error, ", ""),
    (r"^Input should be ", "it should be "),
    (r"a valid (integer|number), unable to parse string as an? \1$", r"a \1"),
    (r"greater than or equal to", "at least"),
    (r"less than or equal to", "at most"),
    (r"a integer$", "a whole number"),
)


_NO_ROOM = ("DefaultCPUAllocator: ", "Cannot allocate memory")


def _lacks_memory(error: Exception) -> bool:
    """Whether there was no room: in Python, on a CUDA device, or for torch on the CPU."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or any(sign in str(error) for sign in _NO_ROOM)


def _tell(error: MusegenError, as_json: bool) -> None:
    """One sentence on standard error, with the way out; for scripts, the same as JSON."""
    hint = error.hint or _WAYS_OUT.get(error.kind, "")
    if as_json:
        about = {"kind": error.kind, "message": error.message, "file": error.file, "hint": hint}
        typer.echo(json.dumps({"error": about}))
    said = str(error) if error.file else _sentence(error.message)
    start = "" if isinstance(error, Interrupted) else "Error: "  # it is what the user asked for
    typer.echo(shown(f"{start}{said.rstrip('.')}. {_sentence(hint)}".rstrip()), err=True)


def _sentence(text: str) -> str:
    end = "" if text.endswith("?") else "."
    return f"{text[:1].upper()}{text[1:].rstrip('.')}{end}" if text else ""


_WAYS_OUT = {  # where an error names none of its own
    "UnreadableFile": "Take another copy of the file, or leave it out.",
    "CorpusError": "See what is wrong with each file: musegen doctor FOLDER.",
    "ModelError": "Take another model: musegen models list.",
    "OutputError": "Choose another place to write to.",
    "UsageError": "See --help.",
    "NotFound": "Check how its name is written.",
}


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MUSEGEN"},
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"musegen {musegen.__version__}")
        raise typer.Exit


@app.callback()
def musegen_(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            show_envvar=False,
            help="Say the version.",
        ),
    ] = False,
) -> None:
    """Compose with a model that you train on your own folder of music.

    Start with: musegen train FOLDER, then musegen generate --seed FILE.
    """


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")  # a file's name may hold any bytes
    try:
        app()
    except KeyboardInterrupt:  # before any command began
        _tell(Interrupted(STOPPED), "--json" in sys.argv)
        sys.exit(Interrupted.exit_code)
