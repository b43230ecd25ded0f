"""The settings of a model on disk, config.json; who asks for them need not wait for torch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from musegen.disk import write_whole
from musegen.errors import ModelError, NotFound

from .file_names import CONFIG

FORMAT = 1
AGAIN = "Train it again, or take another copy of the folder."
_SECTIONS = ("network", "vocabulary", "conditions", "training", "figures")
_SETTINGS_BYTES = 2**24  # of any config.json; those of ours have some thousand


def save_config(folder: Path, config: dict[str, Any]) -> None:
    """Write the settings of a model.

    Raises:
        OutputError: the file cannot be written.
    """
    config = {"format": FORMAT, **config}
    config["checksum"] = _settings_checksum(config)
    text = json.dumps(config, indent=1, ensure_ascii=False)
    # What a name holds that is no character comes back as it was.
    write_whole(folder / CONFIG, (text + "\n").encode("utf-8", "surrogatepass"), force=True)


def load_config(folder: Path) -> dict[str, Any]:
    """The settings of a model.

    Raises:
        NotFound: there is no such folder.
        ModelError: the folder is not a model's, is damaged, or is of another version.
    """
    if not folder.is_dir():
        raise NotFound("there is no such model", file=folder, hint="See musegen models list.")
    path = folder / CONFIG
    if not path.exists():
        hint = "A model folder holds config.json and model.safetensors."
        raise ModelError("has no config.json", file=folder, hint=hint)
    config = read_json(path, _SETTINGS_BYTES)
    found = config.get("format")
    sections = [config[name] for name in _SECTIONS if name in config]
    if type(found) is not int or not all(isinstance(section, dict) for section in sections):
        raise ModelError("is damaged", file=path, hint=AGAIN)
    if found != FORMAT:
        made = config.get("musegen", "another musegen")
        raise ModelError(
            f"has model format {found}, and this musegen reads format {FORMAT}",
            file=folder,
            hint=f"Open it with the musegen that made it ({made}), or train it again.",
        )
    if config.pop("checksum", None) != _settings_checksum(config):
        raise ModelError("is damaged (its checksum is wrong)", file=path, hint=AGAIN)
    return config


def _settings_checksum(config: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def check_file(path: Path) -> None:
    """Make sure that a file of a model folder is there, and lies there.

    Raises:
        ModelError: it is missing, is no plain file, or a link that leads out of its folder.
    """
    if not path.is_file():
        missing = "is no plain file" if path.exists() else "is missing"
        raise ModelError(missing, file=path, hint=AGAIN)
    if not path.resolve().is_relative_to(path.parent.resolve()):
        hint = "Copy the file itself there, if you trust it."
        raise ModelError("is a link that leads out of its folder", file=path, hint=hint)


def read_json(path: Path, most: int) -> dict[str, Any]:
    """The JSON object in a file of a model folder of at most so many bytes.

    Raises:
        ModelError: it is missing, lies elsewhere, is longer or damaged.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise ValueError(f"it has more than {most:,} bytes")
        return object_of(json.loads(data, object_pairs_hook=_once))
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror}", file=path) from error
    except (ValueError, RecursionError) as error:
        raise ModelError("is damaged", file=path, hint=AGAIN) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def object_of(value: Any) -> dict[str, Any]:
    """An object of JSON.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} where an object is expected")
    return value


def line_of(error: Exception) -> str:
    """What is wrong, in a line of bounded length, whatever it quotes."""
    return " ".join(str(error).split())[:100] or type(error).__name__
