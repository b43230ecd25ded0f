"""The `musegen` command: its sub-commands, and the one place where errors are printed.

Nothing heavy is imported before a command runs, so that `--help` is quick.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import musegen
from musegen.errors import MusegenError

from . import convert, datasets, doctor, evaluate, generate, models, play, train


class Commands(TyperGroup):
    """The group of commands, which turns an error into one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command asked for."""
        as_json = "--json" in [*getattr(ctx, "_protected_args", []), *ctx.args]
        try:
            return super().invoke(ctx)
        except MusegenError as error:
            _tell(error.kind, error.message, error.file, error.hint, as_json)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            typer.echo("Interrupted; nothing was left half-written.", err=True)
            raise typer.Exit(130) from error
        except MemoryError as error:
            _tell(
                "MemoryError", "there is not enough memory", None, "Take a smaller --size.", as_json
            )
            raise typer.Exit(1) from error
        except typer.TyperException as error:
            message = getattr(error, "format_message", None)
            if not as_json or message is None:
                raise
            _tell("UsageError", message(), None, "See --help.", as_json)
            raise typer.Exit(2) from error


def _tell(kind: str, message: str, file: str | None, hint: str, as_json: bool) -> None:
    """One sentence on standard error, with the way out; for scripts, the same as JSON."""
    if as_json:
        error = {"kind": kind, "message": message, "file": file, "hint": hint}
        typer.echo(json.dumps({"error": error}, ensure_ascii=False))
    said = f"{file}: {message}" if file else message
    said = said[0].upper() + said[1:] if not file else said
    typer.echo(f"Error: {said}." + (f" {hint}" if hint else ""), err=True)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MUSEGEN"},
    pretty_exceptions_enable=False,
)
app.command("train")(train.command)
app.command("generate")(generate.command)
app.command("play")(play.command)
app.command("evaluate")(evaluate.command)
app.command("doctor")(doctor.command)
app.command("convert")(convert.command)
app.add_typer(datasets.app, name="datasets")
app.add_typer(models.app, name="models")


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
    app()
