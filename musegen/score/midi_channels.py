"""Which of MIDI's sixteen channels each part of a score is written on."""

from __future__ import annotations

from collections.abc import Sequence

from musegen.score.score import Part

DRUM_CHANNEL = 9
_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]


def channels_of(parts: Sequence[Part]) -> list[int]:
    """The channel of each part, 0–15.

    A part that came on a channel keeps it, also where several share it, and drums are on theirs.
    The rest get free channels: one each while they last, else one for each program; with more
    programs than free channels these go round again, and all of them where none is free.
    """
    kept = [DRUM_CHANNEL if part.is_drums else _kept(part) for part in parts]
    free = [channel for channel in _CHANNELS if channel not in kept] or _CHANNELS
    one_each = kept.count(None) <= len(free)
    owners: dict[object, int] = {}
    channels = []
    for number, (part, channel) in enumerate(zip(parts, kept, strict=True)):
        if channel is None:
            owner = number if one_each else ("program", part.program)
            channel = free[owners.setdefault(owner, len(owners)) % len(free)]
        channels.append(channel)
    return channels


def _kept(part: Part) -> int | None:
    """The channel that a melodic part came on, if such parts can stand on it."""
    return part.channel if part.channel in _CHANNELS else None
