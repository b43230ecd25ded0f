"""Whether `musegen train --resume` can go on with what it was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

_OF_MODEL = ("backbone", "vocabulary", "time_grid", "pedal", "tell", "size")
_SETTLED = (
    *_OF_MODEL,
    "origin",
    *("budget", "steps", "random_seed"),
)


def check_begun(ctx: typer.Context, folder: Path, quiet: bool) -> None:
    """Make sure that a run was begun, and that no option asks for another one.

    Of options that cannot be compared any more it is told that they are kept.

    Raises:
        NotFound: nothing was begun.
        UsageError: an option differs from what the run was begun with.
        ModelError: the folder is no run, or damaged.
        OutputError: another process trains into it.
    """
    from musegen.errors import NotFound, UsageError
    from musegen.network.config import load_config
    from musegen.training.begun import check_idle

    from .terminal import say

    if not folder.exists():
        hint = "Leave out --resume to start one."
        raise NotFound("there is no run to go on with", file=folder, hint=hint)
    check_idle(folder)
    given = [name for name in _SETTLED if _is_given(ctx, name)]
    if not given:
        return
    was, kept = _begun_with(load_config(folder)), []
    for name in given:
        option, value = _option(name), ctx.params[name]
        if name not in was:
            kept.append(option)
        elif was[name] != _comparable(name, value):
            hint = f"Leave {option} out with --resume, or start another run with -o."
            raise UsageError(f"the run in {folder} was not begun with {option} {value}", hint=hint)
    if kept:
        say(f"As the run was begun stays: {', '.join(kept)}.", quiet)


def check_from(ctx: typer.Context) -> None:
    """Make sure that no option asks for what the model after --from has settled.

    Raises:
        UsageError: one does.
    """
    from musegen.errors import UsageError

    given = [_option(name) for name in _OF_MODEL if _is_given(ctx, name)]
    if given:
        hint = "Leave it out, or train from nothing."
        raise UsageError(f"{given[0]} is settled by the model after --from", hint=hint)


def _option(name: str) -> str:
    return "--from" if name == "origin" else f"--{name.replace('_', '-')}"


def _is_given(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _begun_with(config: dict[str, Any]) -> dict[str, object]:
    """The options of a run that its settings still tell."""
    from musegen.errors import ModelError

    try:
        training = config["training"]
        return {
            "backbone": config["network"]["backbone"],
            "vocabulary": config["vocabulary"]["name"],
            "budget": training["seconds"] if training["steps"] is None else None,
            "steps": training["steps"],
            "random_seed": training["fit"]["random_seed"],
        }
    except (KeyError, TypeError) as error:
        raise ModelError("its settings are damaged") from error


def _comparable(name: str, value: object) -> object:
    from musegen.training.schedule import seconds_of

    return seconds_of(str(value)) if name == "budget" else value
