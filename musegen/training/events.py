"""What a run tells as it goes: that it learnt, and what was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

_PATIENCE = 3  # measurements without a new best, then it is told


@dataclass(frozen=True)
class Learnt:
    """One update was made.

    Attributes:
        step: how many there were.
        share: of the run that is done.
        seconds: so far, measuring included.
        nats: a word, of this batch.
        gradient: the norm of the gradient before it was clipped; where it is no finite number, the
            update was skipped.
        words: learnt from so far.
    """

    step: int
    share: float
    seconds: float
    nats: float
    gradient: float
    words: int

    @property
    def skipped(self) -> bool:
        """Whether the weights were left as they are, for want of a finite gradient."""
        return not math.isfinite(self.gradient)


@dataclass(frozen=True)
class Validated:
    """The averaged weights were measured on held-out pieces.

    Attributes:
        step: after how many updates.
        seconds: so far, measuring included.
        train_nats: a unit, of the batches since the last time, with dropout.
        valid_nats: a unit, of held-out pieces.
        since_best: how many measurements ago it was lowest; 0 where it is the lowest so far.
        words: learnt from so far.
        gradient: the mean norm of the gradients since the last time, before clipping.
        skipped: updates so far whose gradient was no finite number.
    """

    step: int
    seconds: float
    train_nats: float
    valid_nats: float
    since_best: int
    words: int
    gradient: float
    skipped: int

    @property
    def best(self) -> bool:
        """Whether these weights are the best so far."""
        return self.since_best == 0

    @property
    def overfits(self) -> bool:
        """Whether it is time to warn: for the third time on end, held-out nats are no new low."""
        return self.since_best == _PATIENCE


Event = Learnt | Validated
