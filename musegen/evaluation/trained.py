"""A trained model: a network and its vocabulary together, as a model folder holds them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from musegen.corpus.conditions import NOTHING, Conditions
from musegen.errors import ModelError
from musegen.network.checkpoint import check_has_learnt, device_of, load_weights, sized_as
from musegen.network.config import line_of, read_json
from musegen.network.file_names import CONFIG, WEIGHTS
from musegen.network.next_word import NetworkSettings, NextWordNetwork, shape_of
from musegen.network.stepwise import Stepwise
from musegen.vocabulary.vocabulary import Vocabulary

from .described import check_modest, check_types, described

SEEN = "seen.json"
_SEEN_BYTES = 2**27  # at most: a million pieces take about so many
_SIZE = 1_000_000  # the largest that any network needs


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


def load(folder: str | Path, device: str = "cpu") -> Trained:
    """Open a model folder.

    Raises:
        NotFound: there is no such folder.
        ModelError: it is no model, is damaged, or is of another version.
    """
    folder = Path(folder)
    about = described(folder)
    check_has_learnt(folder)
    try:
        check_modest(about.config["network"], _SIZE)
        settings = NetworkSettings(**about.config["network"])
        check_types(settings)
    except (KeyError, TypeError, ValueError, ModelError) as error:
        raise ModelError(f"is damaged ({line_of(error)})", file=folder / CONFIG) from error
    with sized_as(folder / WEIGHTS, settings.depth):
        network = network_for(about.vocabulary, settings, about.conditions)
    fingerprint = load_weights(folder, network)
    network.to(device_of(device)).eval()
    return Trained(network, about.vocabulary, about.config, folder, fingerprint, about.conditions)
