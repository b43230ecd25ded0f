"""How many of something, in words that agree with the number."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The noun is the first word in s: `keys that the notes contradict`, `names of parts`.
_NOUN = re.compile(r"\b(\w*[^\Ws])s\b")
_ENDINGS = ((re.compile(r"ie$"), "y"), (re.compile(r"(?<=ss|sh|ch)e$|(?<=x)e$"), ""))
_VERBS = ((" that are ", " that is "), (" that do ", " that does "))
_MOST_FAULTS = 100  # sentences; the rest are counted
_ALWAYS_PLURAL = frozenset({"rights"})


def counted(count: int, things: str) -> str:
    """A number and what it counts: `3 keys`, `1 key`.

    Args:
        count: how many.
        things: their name for many of them.
    """
    return f"{count:,} {named(count, things)}"


def named(count: int, things: str) -> str:
    """What so many are called: `keys`, or `key` of one."""
    return _one_of(things) if count == 1 else things


def first_faults(faults: Sequence[str]) -> tuple[str, ...]:
    """The sentences on what is at fault, or the first of very many."""
    if len(faults) <= _MOST_FAULTS:
        return tuple(faults)
    return (*faults[:_MOST_FAULTS], f"and {len(faults) - _MOST_FAULTS} faults more")


def _one_of(things: str) -> str:
    noun = _NOUN.search(things)
    if noun is None or noun[0] in _ALWAYS_PLURAL:
        return things
    one = noun[1]
    for ending, replacement in _ENDINGS:
        one = ending.sub(replacement, one)
    rest = things[noun.end() :]
    for plural, singular in _VERBS:
        rest = rest.replace(plural, singular)
    return things[: noun.start()] + one + rest
