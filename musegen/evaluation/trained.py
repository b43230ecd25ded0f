"""A trained model: a network and its vocabulary together, as a model folder holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

import musegen
from musegen.corpus.conditions import NOTHING, Conditions
from musegen.errors import ModelError, NotFound
from musegen.network.checkpoint import CONFIG, device_of, load_config, load_weights
from musegen.network.next_word import NetworkSettings, NextWordNetwork, shape_of
from musegen.network.stepwise import Stepwise
from musegen.vocabulary.choose import from_dict
from musegen.vocabulary.vocabulary import Vocabulary

SEEN = "seen.json"


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
        try:
            return dict(json.loads((self.folder / SEEN).read_bytes()))
        except FileNotFoundError as error:
            raise ModelError("is missing", file=self.folder / SEEN) from error
        except (OSError, ValueError, TypeError) as error:
            raise ModelError("is damaged", file=self.folder / SEEN) from error


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
    config = load_config(folder)
    if not isinstance(config.get("vocabulary"), dict):
        raise ModelError("is damaged", file=folder / CONFIG)
    return from_dict(config["vocabulary"])


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
    raise NotFound("there is no such model", file=name, hint="See musegen models list.")


def load(folder: str | Path, device: str = "cpu") -> Trained:
    """Open a model folder.

    Raises:
        NotFound: there is no such folder.
        ModelError: it is no model, is damaged, or is of another version.
    """
    folder = Path(folder)
    config = load_config(folder)
    try:
        settings = NetworkSettings(**config["network"])
        vocabulary = from_dict(config["vocabulary"])
        conditions = conditions_of(config)
    except (KeyError, TypeError, ValueError, ModelError) as error:
        raise ModelError(f"is damaged ({error})", file=folder / CONFIG) from error
    network = network_for(vocabulary, settings, conditions)
    fingerprint = load_weights(folder, network)
    network.to(device_of(device)).eval()
    return Trained(network, vocabulary, config, folder, fingerprint, conditions)
