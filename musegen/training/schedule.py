"""How far a run is, by steps or by the clock, and the learning rate that goes with it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from musegen.errors import UsageError

_WARM_UP = 0.03
_LOWEST = 0.02
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"


@dataclass(frozen=True)
class Extent:
    """How long to train: `seconds` of training, or `steps` where they are given."""

    seconds: float = 600.0
    steps: int | None = None

    def share(self, steps: int, seconds: float) -> float:
        """How much of the run is done after so many steps and seconds, 0 to 1."""
        done = steps / self.steps if self.steps else seconds / self.seconds
        return min(done, 1.0)


def rate(share: float) -> float:
    """The factor on the learning rates: a short linear rise, then half a cosine to almost none."""
    if share < _WARM_UP:
        return (share + 1e-3) / (_WARM_UP + 1e-3)
    through = (share - _WARM_UP) / (1 - _WARM_UP)
    return _LOWEST + (1 - _LOWEST) * 0.5 * (1 + math.cos(math.pi * through))


def seconds_of(text: str) -> float:
    """`90`, `90s`, `10m`, `1.5h`, `1h30m` → seconds.

    Raises:
        UsageError: the text is no time, or none at all.
    """
    text = text.strip().lower()
    given = f"{text}s" if re.fullmatch(_NUMBER, text) else text
    parts = re.findall(f"({_NUMBER})([smhd])", given)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != given or seconds <= 0:
        raise UsageError(f"{text!r} is no length of time", hint="Write 90s, 10m or 1h30m.")
    return seconds
