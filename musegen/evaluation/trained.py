"""A trained model: a network and its vocabulary together, as a model folder holds them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import torch
from pydantic import ConfigDict, TypeAdapter

from musegen.corpus.conditions import NOTHING, Conditions
from musegen.errors import ModelError
from musegen.network.checkpoint import (
    check_has_learnt,
    device_of,
    line_of,
    load_config,
    load_weights,
    read_json,
    sized_as,
)
from musegen.network.file_names import CONFIG, WEIGHTS
from musegen.network.next_word import NetworkSettings, NextWordNetwork, shape_of
from musegen.network.stepwise import Stepwise
from musegen.vocabulary.choose import from_dict
from musegen.vocabulary.vocabulary import Vocabulary

SEEN = "seen.json"
_SEEN_BYTES = 2**27  # at most: a million pieces take about so many
_NUMBER = 10_000  # the largest that any vocabulary needs
_SIZE = 1_000_000  # the largest that any network needs
_VALUES = 200_000  # the most values in the settings of one
_VOICES = 256
_FINITE = ConfigDict(allow_inf_nan=False)


@dataclass(frozen=True)
class Trained:
    """A model that can be asked.

    Attributes:
        network: in evaluation mode, on its device.
        vocabulary: what its words mean.
        config: all that config.json says.
        folder: where it lies.
        fingerprint: SHA-256 of its weights.
        conditions: what it can be told.
    """

    network: NextWordNetwork
    vocabulary: Vocabulary
    config: dict[str, Any]
    folder: Path
    fingerprint: str
    conditions: Conditions = NOTHING

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return next(self.network.parameters()).device

    @cached_property
    def stepwise(self) -> Stepwise:
        """The network, word by word; as it is when first asked for."""
        return Stepwise(self.network)

    def seen(self) -> dict[str, str]:
        """The melodies that it learnt from: fingerprint → path.

        Raises:
            ModelError: what it learnt from is not told any more.
        """
        seen = read_json(self.folder / SEEN, _SEEN_BYTES)
        if not all(isinstance(path, str) for path in seen.values()):
            raise ModelError("is damaged", file=self.folder / SEEN)
        return seen


def network_for(
    vocabulary: Vocabulary, settings: NetworkSettings, conditions: Conditions = NOTHING
) -> NextWordNetwork:
    """An untrained network for the words of a vocabulary, and what it can be told."""
    fields, features = vocabulary.fields, vocabulary.features
    told, aspects = conditions.sizes, vocabulary.aspects
    shape = shape_of(fields, features, vocabulary.applies, told, aspects)
    return NextWordNetwork(shape, settings)


def conditions_of(config: dict[str, Any]) -> Conditions:
    """What a model can be told, by its settings; nothing in those of an older musegen.

    Raises:
        KeyError, TypeError: the settings are damaged.
    """
    found = config.get("conditions")
    return NOTHING if found is None else Conditions.from_dict(found)


def vocabulary_of(folder: Path) -> Vocabulary:
    """The vocabulary of a model folder, its weights left unread.

    Raises:
        NotFound: there is no such folder.
        ModelError: it is no model, is damaged, or is of another version.
    """
    return _vocabulary(load_config(folder), folder)


def _vocabulary(config: dict[str, Any], folder: Path) -> Vocabulary:
    """The vocabulary that the settings of a model describe.

    Whatever is wrong with them is damage, since anybody may have written them.
    """
    try:
        _check_modest(config["vocabulary"], _NUMBER)
        vocabulary = from_dict(config["vocabulary"])
        _check_types(vocabulary)
        tracker, none = vocabulary.start(1), np.zeros((1, 0), np.int16)
        tracker.features(none), tracker.legal(none)
        vocabulary.decode(np.zeros((0, len(vocabulary.fields)), np.int16))
    except Exception as error:
        raise ModelError(f"is damaged ({line_of(error)})", file=folder / CONFIG) from error
    return vocabulary


def _check_modest(settings: dict[str, Any], most: int) -> None:
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


def _check_types(settings: Any) -> None:
    """Make sure that the values of a dataclass are what its fields say, and finite."""
    hints = get_type_hints(type(settings))
    for field in fields(settings):
        adapter: TypeAdapter[Any] = TypeAdapter(hints[field.name], config=_FINITE)
        adapter.validate_python(getattr(settings, field.name), strict=True)


def load(folder: str | Path, device: str = "cpu") -> Trained:
    """Open a model folder.

    Raises:
        NotFound: there is no such folder.
        ModelError: it is no model, is damaged, or is of another version.
    """
    folder = Path(folder)
    config = load_config(folder)
    check_has_learnt(folder)
    vocabulary = _vocabulary(config, folder)
    try:
        _check_modest(config["network"], _SIZE)
        settings = NetworkSettings(**config["network"])
        conditions = conditions_of(config)
        for its in (settings, conditions):
            _check_types(its)
    except (KeyError, TypeError, ValueError, ModelError) as error:
        raise ModelError(f"is damaged ({line_of(error)})", file=folder / CONFIG) from error
    with sized_as(folder / WEIGHTS, settings.depth):
        network = network_for(vocabulary, settings, conditions)
    fingerprint = load_weights(folder, network)
    network.to(device_of(device)).eval()
    return Trained(network, vocabulary, config, folder, fingerprint, conditions)
