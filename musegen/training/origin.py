"""What a run begins with where that is a trained model: its words, its weights, what it saw."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from musegen.corpus.conditions import Conditions
from musegen.corpus.prepare import Encoded, Prepared
from musegen.disk import write_whole
from musegen.evaluation.originality import PASSAGES, Passages
from musegen.evaluation.trained import SEEN, Trained
from musegen.network.file_names import RESUME
from musegen.network.next_word import NetworkSettings
from musegen.vocabulary.vocabulary import Vocabulary

from .settings import FitSettings

# Small steps, and many: a known network needs no exact gradient, and Muon's step would cost more
# than the gradient of so small a batch. What was measured is in docs/decisions.md.
_SMALLER = 4  # a batch than from nothing
_LR = 1e-3  # AdamW's, for all weights
_LONG = 1200  # seconds; who has them learns by heart from small steps, and goes on from large ones
_SLOWER = 0.3  # than from nothing, for what is known is to stay


@dataclass(frozen=True)
class Origin:
    """A model that a run goes on from; None: from nothing.

    Its words and what it can be told stay, and what it learnt from counts as learnt.
    """

    model: Trained | None = None

    @property
    def vocabulary(self) -> Vocabulary | None:
        """That of the model."""
        return None if self.model is None else self.model.vocabulary

    def told(self, usual: Conditions) -> Conditions:
        """What can be told: what the model can be, or what is usual."""
        return usual if self.model is None else self.model.conditions

    def shape(self, usual: NetworkSettings) -> NetworkSettings:
        """The network's: the model's, held back as much as is usual for the music and the time."""
        if self.model is None:
            return usual
        its = self.model.network.settings
        return replace(its, dropout=usual.dropout, forget=usual.forget)

    def seconds(self, learnt: Collection[Encoded]) -> float:
        """How long the model has learnt from these pieces: in part, where it saw some of them.

        A run that goes on with the same music must be held back from learning it by heart as one
        must that lasts as long as both.
        """
        if self.model is None:
            return 0.0
        seen = self.model.seen()
        share = sum(piece.melody in seen for piece in learnt) / max(1, len(learnt))
        return share * float(self.model.config.get("figures", {}).get("seconds", 0.0))

    def pace(self, usual: FitSettings, seconds: float) -> FitSettings:
        """How it learns: from nothing as is usual, else in small batches and by AdamW alone.

        A long run goes on as the model was learnt, only more slowly.
        """
        if self.model is None:
            return usual
        if seconds >= _LONG:
            return replace(usual, lr=usual.lr * _SLOWER, matrix_lr=usual.matrix_lr * _SLOWER)
        return replace(usual, batch_words=usual.batch_words // _SMALLER, lr=_LR, matrix_lr=0.0)

    def about(self) -> dict[str, Any]:
        """What config.json says of it."""
        if self.model is None:
            return {}
        its = self.model.config["training"]
        corpora = [*its.get("from", {}).get("corpora", []), its["corpus"]]
        return {"from": {"fingerprint": self.model.fingerprint, "corpora": corpora}}

    def seen_in(self, prepared: Prepared) -> int:
        """How many of the held-out pieces, or twins of them, the model has learnt from."""
        seen = {} if self.model is None else self.model.seen()
        return sum(piece.melody in seen for piece in prepared.of("valid"))

    def save(self, folder: Path, learnt: dict[str, str]) -> None:
        """What will have been learnt from, melody → path; what was, until the run has ended.

        Raises:
            OutputError: it cannot be written.
            ModelError: what the model learnt from is not told any more.
        """
        before = {} if self.model is None else self.model.seen()
        text = json.dumps({**before, **learnt}, indent=0)
        write_whole(folder / SEEN, text.encode())
        if self.model is not None and (self.model.folder / PASSAGES).is_file():
            shutil.copyfile(self.model.folder / PASSAGES, folder / RESUME / PASSAGES)


def with_earlier(passages: Passages, folder: Path) -> Passages:
    """The passages of what a run learnt from, and of what the model that it began with did."""
    before = folder / RESUME
    return Passages.load(before).and_of(passages) if (before / PASSAGES).is_file() else passages
