"""What is played when."""

from __future__ import annotations

from musegen.score.midi_write import messages_of
from musegen.score.score import Score
from musegen.score.tempo import seconds_at

Timed = tuple[float, bytes]  # seconds from the beginning, and a MIDI message


def timed_messages(score: Score) -> list[Timed]:
    """The messages that play a score as it stands, in the order of time."""
    messages = messages_of(score)
    seconds = seconds_at(score, [tick for tick, _ in messages]).tolist()
    return [(when, message) for when, (_, message) in zip(seconds, messages, strict=True)]
