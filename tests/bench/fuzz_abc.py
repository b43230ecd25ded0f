"""Damaged ABC: every input is read, or refused with the reason, in time and in little memory.

    python -m tests.bench.fuzz_abc [N] [--random-seed S]

Seeded tunes, awkward ones among them, are damaged: characters and lines changed, dropped and
doubled, two tunes spliced, numbers made huge. Each is read; what is read is checked, played out
and written. An alarm rings after 2 seconds of work; the process may not take more than 500 MB.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import signal
import time
from collections import Counter
from collections.abc import Iterator

from musegen.errors import UnreadableFile
from musegen.score.abc import read_book, read_tunes, write_book
from musegen.score.bars import check_bars
from musegen.score.repeats import unfold
from musegen.score.score import Score

SECONDS = 2
MEGABYTES = 500
HEADER = "X:1\nT:Caf\\'e\nM:6/8\nL:1/8\nQ:3/8=80\nK:Dmix =c\n"
TUNES = [
    HEADER
    + "A2|:d2f (3ABc|1 [d2f2]>g {ag}~f!trill!e:|2 d6||\nw:la-la _ * ti~ta|\n[K:Gm]G,3-G,3|]\n",
    'X:2\nM:C\nV:1 name="Flute" clef=treble-8\nV:2\nK:C\n%%MIDI program 73\n'
    'V:1\n"Am"c4 & E4|Z2|\nV:2\n[C4E4]- [C4E4]|z8|x8|\n',
    "X:3\nM:none\nL:1/4\nU:T=!trill!\nK:F exp ^f\n"
    "TA>B c<<d|\\\ne/f//g3/2 (5:4:6abcdef|[1-3 a:|[4 b|]\n",
    "T:No number\nM:(2+3)/8\nK:Hp\n::+CEG+2 ^/A _B =c ^^d .|A|[M:2/4]A4|[L:1/16]A8:|[|]:|\n",
]
ALPHABET = (
    "ABCDEFGabcdefgzxZXyHTuv0123456789/'\",.^_=<>()[]{}|:!+~-&*\\%$ \n\tK:M:L:Q:V:w:é\x00\ud7ff🎵"
)
NUMBERS = ("0", "7", "99", "999", "99999", "4294967296", "9" * 40, "1/0", "65535/65536", "-1")


def mutations(number: int, random_seed: int) -> Iterator[str]:
    """So many damaged inputs, the same for one seed."""
    rng = random.Random(random_seed)
    for _ in range(number):
        text = rng.choice(TUNES)
        for _ in range(rng.randint(1, 8)):
            text = rng.choice(DAMAGES)(text, rng)[:20_000]
        yield text


def _characters(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text) + 1)
    new = "".join(rng.choices(ALPHABET, k=rng.randint(0, 4)))
    return text[:place] + new + text[place + rng.randint(0, 4) :]


def _lines(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    line = lines.pop(rng.randrange(len(lines)))
    for _ in range(rng.randint(0, 2)):
        lines.insert(rng.randint(0, len(lines)), line)
    return "\n".join(lines)


def _splice(text: str, rng: random.Random) -> str:
    other = rng.choice(TUNES)
    return text[: rng.randrange(len(text) + 1)] + other[rng.randrange(len(other)) :]


def _number(text: str, rng: random.Random) -> str:
    places = [match.span() for match in re.finditer(r"\d+|(?<=[A-GZa-gz(|\[:])", text)]
    if not places:
        return text
    start, end = rng.choice(places)
    return text[:start] + rng.choice(NUMBERS) + text[end:]


def _repeat(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text) + 1)
    piece = text[start : start + rng.randint(1, 12)]
    return text[:start] + piece * rng.choice((2, 10, 300)) + text[start:]


DAMAGES = (_characters, _characters, _lines, _splice, _number, _number, _repeat)


class Hang(Exception):
    """The alarm rang."""


def _ring(*_: object) -> None:
    raise Hang


def outcome(text: str) -> str:
    """What becomes of a text, in a word; any other exception than the musegen ones passes."""
    kinds = set()
    for tune in read_tunes(text):
        if isinstance(tune, UnreadableFile):
            kinds.add("refused")
            continue
        assert isinstance(tune, Score)
        kinds.add("mended" if tune.faults else "read")
        check_bars(tune)
        unfold(tune)
        assert read_book(write_book([tune]))
    return "+".join(sorted(kinds)) or "no tune"


def run(number: int, random_seed: int) -> tuple[Counter[str], list[tuple[str, str]]]:
    """Read so many inputs: how often what came of them, and those that failed, with the reason."""
    outcomes: Counter[str] = Counter()
    failed: list[tuple[str, str]] = []
    before = signal.signal(signal.SIGVTALRM, _ring)
    for text in mutations(number, random_seed):
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            outcomes[outcome(text)] += 1
        except Exception as error:
            failed.append((repr(error)[:200], text))
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)
    return outcomes, failed


def main() -> None:
    """Fuzz, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("number", nargs="?", type=int, default=50_000)
    parser.add_argument("--random-seed", type=int, default=0)
    options = parser.parse_args()
    began = time.perf_counter()
    outcomes, failed = run(options.number, options.random_seed)
    seconds = time.perf_counter() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for error, text in failed[:20]:
        print(error, repr(text[:600]))
    print(f"{options.number} inputs in {seconds:.0f} s, {most:.0f} MB at most: {dict(outcomes)}")
    print(f"failed: {len(failed)}")
    raise SystemExit(bool(failed) or most > MEGABYTES)


if __name__ == "__main__":
    main()
