"""What was measured of ours and the peer, as a table and as the two ratios that are asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FEWER_NATS, FASTER = 0.22, 3.5  # asked


@dataclass(frozen=True)
class Row:
    """Nats a note by style, `all` among them; and what ran for them, where something did."""

    name: str
    nats: dict[str, float]
    parameters: int = 0
    notes_per_second: float = 0.0
    core: float = 0.0


def clock() -> Callable[[], tuple[float, float]]:
    """What tells this process's seconds of a core since, and the share of the time they were."""
    began, worked = time.monotonic(), time.process_time()

    def told() -> tuple[float, float]:
        seconds = time.process_time() - worked
        return seconds, seconds / (time.monotonic() - began)

    return told


def table(rows: Sequence[Row]) -> str:
    """The rows, a line each."""
    styles = list(rows[0].nats)
    head = [*styles, "parameters", "notes/s", "core"]
    lines = [f"{'nats a note':44}" + "".join(f"{name:>12}" for name in head)]
    for row in rows:
        line = f"{row.name:44}" + "".join(f"{row.nats[style]:12.4f}" for style in styles)
        if row.parameters:
            line += f"{row.parameters:12,}{row.notes_per_second:12.0f}{row.core:12.0%}"
        lines.append(line)
    return "\n".join(lines)


def verdict(ours: Row, full: Row, peers: Sequence[Row]) -> str:
    """Ours against the better of the peers, in nats and in speed."""
    best = min(peers, key=lambda row: row.nats["all"])
    fastest = max(row.notes_per_second for row in peers)
    less = {style: 1 - ours.nats[style] / best.nats[style] for style in best.nats}
    told = ", ".join(f"{style} {share:.1%}" for style, share in less.items())
    return (
        f"nats a note fewer than {best.name}: {told} (asked: {FEWER_NATS:.0%} of all); "
        f"with the desk {1 - full.nats['all'] / best.nats['all']:.1%}\n"
        f"notes a second: {ours.notes_per_second / best.notes_per_second:.2f} times its, "
        f"{ours.notes_per_second / fastest:.2f} times the fastest peer's (asked: {FASTER})"
    )
