"""A model without its network: what its settings say, for who need not wait for torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from pydantic import ConfigDict, TypeAdapter

from musegen.corpus.conditions import NOTHING, Conditions
from musegen.errors import ModelError
from musegen.network.config import line_of, load_config
from musegen.network.file_names import CONFIG
from musegen.vocabulary.choose import from_dict
from musegen.vocabulary.vocabulary import Vocabulary

_NUMBER = 10_000  # the largest that any vocabulary needs
_VALUES = 200_000  # the most values in the settings of one
_VOICES = 256
_FINITE = ConfigDict(allow_inf_nan=False)


@dataclass(frozen=True)
class Described:
    """What a model is but for its network.

    Attributes:
        config: all that config.json says.
        vocabulary: what its words mean.
        conditions: what it can be told.
    """

    config: dict[str, Any]
    vocabulary: Vocabulary
    conditions: Conditions


def described(folder: Path) -> Described:
    """What a model folder says, its weights left unread.

    Raises:
        NotFound: there is no such folder.
        ModelError: it is no model, is damaged, or is of another version.
    """
    config = load_config(folder)
    vocabulary = _vocabulary(config, folder)
    try:
        conditions = conditions_of(config)
        check_types(conditions)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(folder, error) from error
    return Described(config, vocabulary, conditions)


def conditions_of(config: dict[str, Any]) -> Conditions:
    """What a model can be told, by its settings; nothing in those of an older musegen.

    Raises:
        KeyError, TypeError: the settings are damaged.
    """
    found = config.get("conditions")
    return NOTHING if found is None else Conditions.from_dict(found)


def _vocabulary(config: dict[str, Any], folder: Path) -> Vocabulary:
    """The vocabulary that the settings of a model describe.

    Whatever is wrong with them is damage, since anybody may have written them.
    """
    try:
        check_modest(config["vocabulary"], _NUMBER)
        vocabulary = from_dict(config["vocabulary"])
        check_types(vocabulary)
        tracker, none = vocabulary.start(1), np.zeros((1, 0), np.int16)
        tracker.features(none), tracker.legal(none)
        vocabulary.decode(np.zeros((0, len(vocabulary.fields)), np.int16))
    except Exception as error:
        raise _damaged(folder, error) from error
    return vocabulary


def _damaged(folder: Path, error: Exception) -> ModelError:
    return ModelError(f"is damaged ({line_of(error)})", file=folder / CONFIG)


def check_modest(settings: dict[str, Any], most: int) -> None:
    """Make sure that settings hold no more values, and no larger ones, than music needs."""
    values: list[Any] = [settings]
    for value in values:  # which grows on the way
        if isinstance(value, (dict, list)):
            values += value.values() if isinstance(value, dict) else value
        elif isinstance(value, (int, float)) and not abs(value) <= most:
            raise ValueError("it has a number that no music needs")
        if len(values) > _VALUES:
            raise ValueError("it has more values than any music needs")
    if len(settings.get("voices", ())) > _VOICES:
        raise ValueError(f"it has more than {_VOICES} voices")


def check_types(settings: Any) -> None:
    """Make sure that the values of a dataclass are what its fields say, and finite."""
    hints = get_type_hints(type(settings))
    for field in fields(settings):
        adapter: TypeAdapter[Any] = TypeAdapter(hints[field.name], config=_FINITE)
        adapter.validate_python(getattr(settings, field.name), strict=True)
