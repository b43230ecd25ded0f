"""The facts of many pieces, added up to what is told of the folder as a whole."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .facts import GRIDS, PLACES, VALUES, Facts


class Folder:
    """What the pieces that are kept come to.

    Attributes:
        lost: what learning passes over, by kind.
    """

    def __init__(self) -> None:
        self.lost: Counter[str] = Counter()
        self._unread: Counter[str] = Counter()
        self._seconds = 0.0
        self._notes = 0
        self._pieces: Counter[str] = Counter()
        self._instruments: Counter[str] = Counter()
        self._pitches: Counter[int] = Counter()
        self._onsets: Counter[int] = Counter()
        self._lengths: Counter[int] = Counter()
        self._keys: Counter[str] = Counter()
        self._metres: Counter[str] = Counter()
        self._tempos: Counter[int] = Counter()
        self._slowest, self._fastest = float("inf"), 0.0
        self._grids = {steps: Counter[str]() for steps in GRIDS}

    def add(self, facts: Facts) -> None:
        """Take one more piece."""
        notes = sum(facts.instruments.values())
        self._notes += notes
        self._seconds += facts.seconds
        for total, its in (
            (self.lost, facts.lost),
            (self._unread, facts.unread),
            (self._instruments, facts.instruments),
        ):
            total.update(its)
        for places, counts in (
            (self._pitches, facts.pitches),
            (self._onsets, facts.onsets),
            (self._lengths, facts.lengths),
        ):
            places.update(counts)
        self._keys[facts.key[0] or "none"] += 1
        self._metres[facts.metre] += 1
        self._tempos[round(facts.tempo[2])] += 1
        self._slowest = min(self._slowest, facts.tempo[0])
        self._fastest = max(self._fastest, facts.tempo[1])
        self._pieces.update(
            all=1,
            key_estimated=facts.key[1],
            metre_changes=facts.metres > 1,
            tempo_changes=facts.tempo[0] != facts.tempo[1],
            one_velocity=facts.velocities == 1,
            pedal=facts.pedal > 0,
            performed=facts.is_performed,
            pedal_events=facts.pedal,
        )
        for steps, cost in facts.grids.items():
            self._grids[steps].update(
                {
                    "onsets": cost.onsets * notes,
                    "lengths": cost.lengths * notes,
                    "shift_ms": cost.shift_ms * notes,
                }
            )

    def told(self) -> dict[str, Any]:
        """All of it, by the names that the command line promises.

        Of the grids `shift_ms` is the mean over all notes, `moved_ms` over those that move.
        """
        pieces, notes = self._pieces, max(1, self._notes)
        pitches = sorted(self._pitches)
        return {
            "hours": round(self._seconds / 3600, 3),
            "lost": dict(self.lost.most_common()),
            "unread": dict(self._unread.most_common()),
            "instruments": dict(self._instruments.most_common()),
            "keys": dict(self._keys.most_common()),
            "keys_estimated": pieces["key_estimated"],
            "metres": dict(self._metres.most_common()),
            "metre_changes": pieces["metre_changes"],
            "tempo": {
                "slowest": round(self._slowest, 1) if pieces["all"] else None,
                "fastest": round(self._fastest, 1) if pieces["all"] else None,
                "changes": pieces["tempo_changes"],
                "pieces": {str(tempo): self._tempos[tempo] for tempo in sorted(self._tempos)},
            },
            "pitch": {
                "lowest": pitches[0] if pitches else None,
                "highest": pitches[-1] if pitches else None,
                "notes": {str(pitch): self._pitches[pitch] for pitch in pitches},
            },
            "one_velocity": pieces["one_velocity"],
            "pedal": {"pieces": pieces["pedal"], "events": pieces["pedal_events"]},
            "grids": {
                str(steps): {name: round(total / notes, 6) for name, total in totals.items()}
                | {"moved_ms": round(totals["shift_ms"] / (totals["onsets"] or 1), 3)}
                for steps, totals in self._grids.items()
            },
            "performed": pieces["performed"],
            "onsets": [self._onsets[place] for place in range(PLACES)],
            "lengths": [self._lengths[number] for number in range(len(VALUES) + 1)],
        }
