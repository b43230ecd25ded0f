"""Mutated MusicXML, plain and compressed: always a Score or a MusegenError, in seconds.

    python tests/bench/fuzz_musicxml.py [--n 2000] [--seed 0]

Bytes are changed, cut, doubled and moved; numbers are made absurd; elements are dropped, doubled
and nested. Prints how many were read, refused, slow (over 20 s), and what else was raised, and
fails on any of the last two.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from music21.corpus import getWork

from musegen.errors import MusegenError
from musegen.score.abc import read_tunes
from musegen.score.musicxml import compressed, read_musicxml, write_musicxml
from musegen.score.musicxml_safe import unpacked
from musegen.score.score import Notes, Part, Score

LIMIT_S = 20
TUNE = """X:1
T:A tune
M:6/8
L:1/8
K:Dmix
A|:"D"{/e}d2e !trill!f2d|(3abc .f a2 z|[1 "G/B"g3-g2 A:|[2 d6||[M:4/4][K:Am] A2 (5:4:5BcdeB z2|
w: one two-three four
"""
NUMBERS = (
    b"0",
    b"-1",
    b"1e9",
    b"99999999999999999999",
    b"nan",
    b"",
    b"x",
    b"0.3333333",
    b"2147483648",
)
_NUMBER = re.compile(rb"(?<=>)-?\d+(?=<)")
_ELEMENT = re.compile(rb"<([a-z-]+)[^<>]*>[^<>]*</\1>|<[a-z-]+[^<>]*/>")


def seeds() -> list[bytes]:
    """Small pieces with all that MusicXML can say in them."""
    (tune,) = read_tunes(TUNE)
    assert isinstance(tune, Score)
    rows = [(0, 1440, 48, 80), (0, 480, 72, 60), (480, 960, 71, 60), (1440, 480, 40, 90)]
    band = Score(
        480,
        (
            Part("Piano", 0, Notes.of(rows)),
            Part("Drums", 0, Notes.of([(0, 240, 36, 80)]), is_drums=True),
        ),
    )
    corpus = unpacked(Path(getWork("bach/bwv66.6")).read_bytes())
    return [write_musicxml(tune), write_musicxml(band), corpus]


def mutations(seed: bytes, rng: random.Random) -> bytes:
    """A text with one to four things wrong."""
    data = seed
    for _ in range(rng.randint(1, 4)):
        data = rng.choice(WAYS)(data, rng)
    return compressed(data) if rng.random() < 0.1 else data


def _bytes(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.randbytes(rng.randint(0, 3)) + data[place + rng.randint(0, 3) :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _number(data: bytes, rng: random.Random) -> bytes:
    found = list(_NUMBER.finditer(data))
    return _replaced(data, rng.choice(found), rng.choice(NUMBERS)) if found else data


def _dropped(data: bytes, rng: random.Random) -> bytes:
    found = list(_ELEMENT.finditer(data))
    return _replaced(data, rng.choice(found), b"") if found else data


def _moved(data: bytes, rng: random.Random) -> bytes:
    found = list(_ELEMENT.finditer(data))
    if not found:
        return data
    element, target = rng.choice(found), rng.choice(found)
    return _replaced(data, target, target.group() + element.group() * rng.randint(1, 3))


def _exchanged(data: bytes, rng: random.Random) -> bytes:
    found = list(_ELEMENT.finditer(data))
    return _replaced(data, rng.choice(found), rng.choice(found).group()) if found else data


def _replaced(data: bytes, match: re.Match[bytes], by: bytes) -> bytes:
    return data[: match.start()] + by + data[match.end() :]


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_bytes, _cut, _number, _number, _number, _dropped, _moved, _exchanged),
)


class TooSlow(BaseException):
    """Not an Exception, so that nothing between catches it."""


def _alarm(*_: object) -> None:
    raise TooSlow


def outcomes(n: int, seed: int) -> Iterator[tuple[str, float, bytes]]:
    """What became of each of n inputs, the seconds it took, and the input."""
    rng = random.Random(seed)
    pieces = seeds()
    signal.signal(signal.SIGALRM, _alarm)
    for _ in range(n):
        data = mutations(rng.choice(pieces), rng)
        if rng.random() < 0.05 and data[:2] == b"PK":
            data = _bytes(data, rng)
        began = time.monotonic()
        signal.alarm(LIMIT_S)
        try:
            read_musicxml(data)
            outcome = "read"
        except MusegenError:
            outcome = "refused"
        except TooSlow:
            outcome = "slow"
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"
        finally:
            signal.alarm(0)
        yield outcome, time.monotonic() - began, data


def main() -> None:
    """Run, print the table, fail where anything but a Score or a MusegenError came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found: Counter[str] = Counter()
    longest = 0.0
    for outcome, seconds, data in outcomes(asked.n, asked.seed):
        found[outcome] += 1
        longest = max(longest, seconds)
        if outcome not in ("read", "refused"):
            Path(f"fuzz-{sum(found.values())}.musicxml").write_bytes(data)
    for outcome, count in found.most_common():
        print(f"{count:6}  {outcome}")
    print(f"longest {longest:.2f} s")
    sys.exit(0 if set(found) <= {"read", "refused"} else 1)


if __name__ == "__main__":
    main()
