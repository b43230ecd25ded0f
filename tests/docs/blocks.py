"""The blocks of a page that a reader can copy: commands, Python, and what they print.

A `console` block holds commands, each after `$ `, and beneath each what it prints; nothing beneath
it means that it is not told. A `python` block may be followed by a `text` block of what it prints.
A comment before a block tells the test how it differs from the reader, one rule after the other:

    <!-- test: --budget 10m is --steps 4; numbers differ -->

    A is B              run B in the place of A (a shorter budget)
    only PATTERN        the data set is made of these of its files alone
    numbers differ      they hang on the budget; those with decimals stand in docs/figures.md
    not run: REASON     it is not
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?:^<!-- test: (?P<rules>[^\n]*) -->\n)?"
    r"^```(?P<kind>\w*)\n(?P<body>.*?)^```$"
    r"(?:\n+^```text\n(?P<printed>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
_DECIMAL = re.compile(r"\d+\.\d+")
_ANY = "…"  # of a line, or alone: any lines
_TOLERANCE = 0.05  # of a number with decimals


@dataclass
class Block:
    """A block: its kind, what is to be run and printed, and how the test runs it."""

    page: Path
    line: int
    kind: str
    lines: list[str]
    printed: list[str]
    rules: list[str]

    @property
    def place(self) -> str:
        """Page and line, to be found by."""
        return f"{self.page.name}:{self.line}"

    @property
    def is_run(self) -> bool:
        """Whether the test runs it."""
        return self.kind in ("console", "python") and not self.rule("not run: ")

    @property
    def numbers_differ(self) -> bool:
        """Whether its numbers are those of another budget."""
        return "numbers differ" in self.rules

    def rule(self, name: str) -> str:
        """What follows the name of a rule, or nothing."""
        return next((rule[len(name) :] for rule in self.rules if rule.startswith(name)), "")

    def commands(self) -> Iterator[tuple[str, list[str]]]:
        """The commands of a console block as the test runs them, and what each prints."""
        found: list[tuple[str, list[str]]] = []
        for line in self.lines:
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif found[-1][0].endswith("\\") and not found[-1][1]:
                found[-1] = found[-1][0][:-1] + line.strip(), []
            else:
                found[-1][1].append(line)
        for command, printed in found:
            for rule in self.rules:
                said, is_, run = rule.partition(" is ")
                command = command.replace(said, run) if is_ else command
            yield command, printed


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            line=1 + text.count("\n", 0, found.start("kind")),
            kind=found["kind"],
            lines=found["body"].splitlines(),
            printed=(found["printed"] or "").splitlines(),
            rules=(found["rules"] or "").split("; "),
        )
        for found in _BLOCK.finditer(text)
    ]


def difference(printed: list[str], output: str, numbers_differ: bool = False) -> str:
    """How what was printed differs from what a page says; nothing where it does not."""
    said = [" ".join(line.split()) for line in printed]
    got = [" ".join(line.split()) for line in output.strip("\n").splitlines()]
    while said and not said[-1]:
        said.pop()
    pattern = "".join(r"(?:.*\n)*?" if line == _ANY else f"{_pattern(line)}\n" for line in said)
    match = re.fullmatch(pattern, "".join(f"{line}\n" for line in got))
    if match is None:
        return "\n".join(["the page says", *said, "it printed", *got])
    numbers = [text for line in said if line != _ANY for text in _NUMBER.findall(line)]
    for one, other in zip(numbers, match.groups(), strict=True):
        if not numbers_differ and not _agree(one, other):
            return f"the page says {one}, it printed {other} in\n" + "\n".join(got)
    return ""


def decimals(text: str) -> list[str]:
    """The numbers with decimals in a text."""
    return _DECIMAL.findall(text)


def _pattern(line: str) -> str:
    """A line as a regular expression whose groups are its numbers."""
    parts = [".*".join(map(re.escape, part.split(_ANY))) for part in _NUMBER.split(line)]
    return f"({_NUMBER.pattern})".join(parts)


def _agree(one: str, other: str) -> bool:
    if "." not in one and "e" not in one:
        return one == other
    return math.isclose(float(one), float(other.replace(",", "")), rel_tol=_TOLERANCE, abs_tol=1e-6)
