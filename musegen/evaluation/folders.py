"""Model folders by their names: found or refused before torch, which takes seconds, is imported."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import musegen
from musegen.errors import NotFound
from musegen.network.file_names import CONFIG


def shipped_models() -> Path:
    """The folder of the models that come with musegen."""
    package = Path(musegen.__file__).parent
    inside = package / "data" / "models"
    return inside if inside.is_dir() else package.parent / "models"


def find_model(name: str) -> Path:
    """The folder of a model: a path, one that ships, or one in ./runs.

    Raises:
        NotFound: there is none of that name.
    """
    for folder in (Path(name), shipped_models() / name, Path("runs") / name):
        if (folder / CONFIG).is_file():
            return folder
    if Path(name).is_dir():  # what it lacks is told where it is opened
        return Path(name)
    places = shipped_models(), Path("runs")
    known = [config.parent.name for place in places for config in place.glob(f"*/{CONFIG}")]
    near = get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else "See musegen models list."
    raise NotFound("there is no such model", file=name, hint=hint)


def called(folder: str) -> str:
    """What `find_model` knows a folder by: the name alone of one that ships."""
    path = Path(folder)
    return path.name if path.parent == shipped_models() else folder
