"""How original what was composed is: the longest passages that it shares; and how to share less."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from musegen.errors import ModelError
from musegen.evaluation.originality import PASSAGES, Copied, Passages
from musegen.evaluation.trained import Trained
from musegen.score.score import Score

from .compose import Composed
from .plan import Plan


class Copies(NamedTuple):
    """The longest passages of new music that stand elsewhere.

    Attributes:
        learnt: in the music that the model learnt from, and not in the seed; None where that is not
            told.
        seed: in the seed.
    """

    learnt: Copied | None
    seed: Copied


class Originals:
    """What new music may be a copy of.

    Args:
        model: what composes; a folder made before passages were kept tells nothing of them.
        plan: what is asked for.

    Raises:
        ModelError: what the model says of the music it learnt from is damaged.
    """

    def __init__(self, model: Trained, plan: Plan) -> None:
        self._model, self._plan = model, plan
        is_told = (model.folder / PASSAGES).exists()
        self._learnt = Passages.load(model.folder) if is_told else None
        self._seed = Passages.of(("the seed", score.parts) for score in plan.heard_before)

    def copies_in(self, candidate: Composed) -> Copies:
        """The longest passages of a candidate's new music."""
        parts = self.new(candidate).parts
        learnt = self._learnt.longest_in(parts, self._seed) if self._learnt else None
        return Copies(learnt, self._seed.longest_in(parts))

    def beyond(self, most: int) -> Callable[[Composed], int | None]:
        """What tells the first new bar in which a passage that was learnt gets too many notes.

        The seed's own passages are free.

        Raises:
            ModelError: the model does not tell what it learnt from.
        """
        if self._learnt is None:
            reason = "does not tell the passages that it learnt from"
            raise ModelError(reason, file=self._model.folder, hint="Train it again.")
        return lambda candidate: self._copied_bar(candidate, most)

    def _copied_bar(self, candidate: Composed, most: int) -> int | None:
        """The first new bar in which a passage becomes too long, the first being 0."""
        assert self._learnt is not None
        new = self.new(candidate)
        notes = ((part, self._learnt.beyond(part, most, self._seed)) for part in new.parts)
        ticks = [int(part.notes.onset[place]) for part, place in notes if place is not None]
        return int(np.searchsorted(new.barlines, min(ticks), side="right")) if ticks else None

    def new(self, candidate: Composed) -> Score:
        """A candidate's new music alone."""
        return self._plan.new(candidate.score)
