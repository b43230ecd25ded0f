"""Which music in a file is a model's, and what is to be told of how it was made."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from musegen.errors import MusegenError
from musegen.score.bars import first_number
from musegen.score.excerpt import JOIN, join_of
from musegen.score.files import file_and_tune
from musegen.score.score import Score

from .request import MARK, Request


class New(NamedTuple):
    """New music: the ticks from `start` to `end` of some parts, or of all where None is named."""

    start: int
    end: int
    parts: tuple[int, ...] | None = None


class Made(NamedTuple):
    """What a file says of how it was made.

    facts: what it is, and its value, in the order in which they are told.
    request: what was asked for.
    """

    facts: tuple[tuple[str, str], ...]
    request: Request

    @classmethod
    def of(cls, file: Path) -> Made | None:
        """What made the music in a file; None where it does not say so, or not readably."""
        try:
            request, fingerprint, version = Request.of(file)
        except MusegenError:
            return None
        said = asdict(request)
        usual = asdict(Request())
        settings = [
            (name.replace("_", " "), str(value))
            for name, value in said.items()
            if value != usual[name] and name not in ("seed", "seed_sha256", "random_seed", "of_n")
        ]
        facts = [
            ("version", f"musegen {version}"),
            ("model", fingerprint),
            ("seed", request.seed or "none"),
            ("random seed", str(request.random_seed)),
            *((name, "yes" if value == "True" else value) for name, value in settings),
        ]
        return cls(tuple(facts), request)


def new_music(score: Score, made: Made | None) -> list[New]:
    """Which music of a score is new: what follows its marker, or what was asked to be written.

    Args:
        score: the piece.
        made: what its file says of how it was made.
    """
    join = join_of(score)
    if join is not None:
        return [New(join, score.end)]
    if made is None:
        return []
    if made.request.accompany:
        return [New(0, score.end, _parts_called(score, made.request.accompany))]
    if made.request.infill:
        return _bars(score, made.request.infill)
    seed = made.request.seed
    if seed and file_and_tune(seed)[0].suffix and not made.request.omit_seed:
        return []  # after its seed, but where that ends MusicXML and ABC do not say
    return [New(0, score.end)]


def without_traces(score: Score) -> Score:
    """The score without the events that say how it was made."""
    text = b"\xff\x01" + MARK.encode()
    kept = (e for e in score.events if e.message != JOIN and not e.message.startswith(text))
    return replace(score, events=tuple(kept))


def _parts_called(score: Score, names: str) -> tuple[int, ...]:
    from .seed import places_called  # imports torch

    found = {p for name in names.split(",") for p in places_called(score.parts, name)}
    return tuple(sorted(found))


def _bars(score: Score, infill: str) -> list[New]:
    """The bars `9:12`, as they are counted from the first."""
    found = [int(number) - first_number(score) for number in re.findall(r"\d+", infill)]
    start, end = (found[0], found[-1] + 1) if found else (0, 0)
    edges = [0, *score.barlines.tolist()]
    return [New(edges[start], edges[end])] if 0 <= start < end < len(edges) else []
