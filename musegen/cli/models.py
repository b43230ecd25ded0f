"""`musegen models`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import Json, plain_app

app = plain_app(no_args_is_help=True, help="The models that are here.")


@app.command("list")
def list_models(as_json: Json = False) -> None:
    """List the models that ship with musegen, and those in ./runs."""
    from musegen.evaluation.folders import shipped_models
    from musegen.network.file_names import CONFIG

    from .terminal import give, give_table, say

    found = [
        folder.parent
        for place in (shipped_models(), Path("runs"))
        for folder in sorted(place.glob(f"*/{CONFIG}"))
    ]
    models = [_about(folder) for folder in found]
    if as_json:
        give({"models": models})
    elif models:
        give_table(
            ["model", "vocabulary", "backbone", "nats held out", "where"],
            [_row(model) for model in models],
            named=True,
        )
    else:
        say("There are none yet. Train one: musegen train FOLDER")


def _row(model: dict[str, Any]) -> list[str]:
    from musegen.evaluation.folders import called

    return [
        *(model[name] for name in ("name", "vocabulary", "backbone")),
        model["held_out"].replace(" nats", ""),
        model["path"] if called(model["path"]) == model["path"] else "with musegen",
    ]


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A model's name or folder.")], as_json: Json = False
) -> None:
    """Show a model's card."""
    from musegen.errors import ModelError
    from musegen.evaluation.folders import find_model

    from .terminal import give, shown

    folder = find_model(name)  # before torch, which takes seconds, is imported
    from musegen.evaluation.trained import load
    from musegen.training.card import card

    model = load(folder)
    if as_json:
        give({"path": str(model.folder), "fingerprint": model.fingerprint, **model.config})
    elif model.config.get("figures"):
        try:
            text = card(model.config, model.fingerprint)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ModelError("its settings are damaged", file=model.folder) from error
        typer.echo("\n".join(map(shown, text.split("\n"))))
    else:
        typer.echo(f"{model.folder}: its training has not ended; go on with --resume.")


def _about(folder: Path) -> dict[str, Any]:
    """A line about a model; a damaged one says so."""
    from musegen.errors import MusegenError
    from musegen.network.config import load_config

    try:
        config = load_config(folder)
    except MusegenError as error:
        return {
            "name": folder.name,
            "path": str(folder),
            "vocabulary": error.message,
            "backbone": "",
            "held_out": "",
        }
    nats = config.get("figures", {}).get("valid_nats")
    known = isinstance(nats, (int, float))
    return {
        "name": folder.name,
        "path": str(folder),
        "vocabulary": str(config.get("vocabulary", {}).get("name", "?")),
        "backbone": str(config.get("network", {}).get("backbone", "?")),
        "held_out": f"{nats:.4f} nats a {config.get('unit')}" if known else "in training",
    }
