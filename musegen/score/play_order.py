"""In which order the stretches of a score are played: repeats, endings, da capo, Fine and coda."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TypeAlias

from musegen.score.jumps import FINE, MOST_RETURNS, RETURNS, TO_CODA
from musegen.score.score import STRUCTURE, Score

_MOST_TURNS = 32  # of a section: a number in a file must not make the music grow

_UNTIL = {"": {FINE, "coda"}, "Fine": {FINE}, "Coda": {"coda"}}  # what ends the playing again

Stretch: TypeAlias = tuple[int, int]  # the ticks at which it begins and ends


def stretches_of(score: Score) -> list[Stretch]:
    """The stretches of a score in the order in which they are played.

    A repeat without a beginning goes back to where the last one ended, or to a double bar, or to
    the start. A section is played twice, or as often as its endings are numbered. D.C. and D.S. are
    obeyed once, when their repeats are done. What is then played again is played with its last
    ending and without repeats, until the Fine, or to where one leaves for the coda. After a Fine
    playing goes on behind the return, if another is still to come.
    """
    player = _Player(_signs(score))
    while player.place < player.end:
        player.play()
    return player.played


@dataclass(frozen=True)
class _Sign:
    """What is written at one tick, where playing may turn."""

    tick: int
    closes: bool = False
    opens: bool = False
    double_bar: bool = False
    ending: frozenset[int] = frozenset()  # the turns in which it is played; empty where none begins
    jumps: frozenset[str] = frozenset()

    @property
    def parts_sections(self) -> bool:
        """Whether a section ends here, and no other ending follows."""
        return (self.closes or self.double_bar) and not self.ending


def _signs(score: Score) -> list[_Sign]:
    """The signs of a score, with one at its start and one at its end."""
    found: dict[int, dict[str, set[str]]] = {0: {}, score.end: {}}
    for mark in score.marks:
        if mark.kind in (*STRUCTURE, "jump") and mark.tick <= score.end:
            found.setdefault(mark.tick, {}).setdefault(mark.kind, set()).add(mark.text)
    return [
        _Sign(
            tick,
            closes="end" in texts.get("repeat", ()),
            opens="start" in texts.get("repeat", ()),
            double_bar="bar" in texts,
            ending=frozenset(
                min(int(turn[:4]), _MOST_TURNS)
                for text in texts.get("ending", ())
                for turn in re.findall(r"\d+", text)
            ),
            jumps=frozenset(texts.get("jump", ())),
        )
        for tick, texts in sorted(found.items())
    ]


class _Player:
    """A player somewhere in a score; places are numbers of signs."""

    def __init__(self, signs: list[_Sign]) -> None:
        self.signs = signs
        self.end = len(signs) - 1
        self.place = 0
        self.played: list[Stretch] = []
        self._furthest = 0  # what lies before it was played
        self._sections = [0]  # where those begin that were met, rising
        self._section, self._in_ending = 0, False
        self._turn = 1  # 0 is the last one
        written = [(place, text) for place, sign in enumerate(signs) for text in sorted(sign.jumps)]
        self._returns = [(p, text) for p, text in written if text in RETURNS][:MOST_RETURNS]
        self._until: set[str] = set()

    def play(self) -> None:
        """Play on to the next sign, and do what it says."""
        sign = self.signs[self.place]
        if sign.ending and self._turn_here() not in sign.ending:
            self.place = _next_ending(self.signs, self.place, self._turn)
            if not self.signs[self.place].ending:
                self._begin_section()
            return
        self._in_ending = self._in_ending or bool(sign.ending)
        self.place += 1
        here = self.signs[self.place]
        self.played.append((sign.tick, here.tick))
        if self.place > self._furthest:
            self._furthest, self._until = self.place, set()
        closes = here.closes or (self._in_ending and bool(here.ending))
        if closes and 0 < self._turn < _turns(self.signs, self._section):
            self.place, self._turn, self._in_ending = self._section, self._turn + 1, False
            return
        is_bare = self._in_ending or not self.signs[self._section].opens
        if closes or here.opens or (here.double_bar and is_bare):
            self._begin_section()
        self._jump(here.jumps)

    def _turn_here(self) -> int:
        self._turn = self._turn or _turns(self.signs, self._section)
        return self._turn

    def _begin_section(self) -> None:
        """Begin a section here, in its last turn if it was played before."""
        self._section, self._in_ending = self.place, False
        self._turn = int(self.place >= self._furthest)
        if self.place > self._sections[-1]:
            self._sections.append(self.place)

    def _jump(self, orders: frozenset[str]) -> None:
        """Leave for where a Fine, a coda or a return sends."""
        coda = self._coda() if orders & {TO_CODA, "coda"} and "coda" in self._until else 0
        text = next((text for place, text in self._returns if place == self.place), "")
        if FINE in orders & self._until:
            more = any(place > self._furthest for place, _ in self._returns)
            self._leave(self._furthest if more else self.end)
        elif coda:
            self._leave(coda)
        elif text:
            self._returns.remove((self.place, text))
            self._return(text)

    def _coda(self) -> int:
        """The place of the coda to leave for; 0 without one."""
        codas = [n for n in range(self.place + 1, self.end) if "coda" in self.signs[n].jumps]
        return next((n for n in codas if n >= self._furthest), (*codas, 0)[0])

    def _leave(self, place: int) -> None:
        self.place, self._until = place, set()
        self._begin_section()

    def _return(self, text: str) -> None:
        """Go back to the start or the segno, if there is one, and play again from there."""
        segni = (n for n in range(self.place - 1, -1, -1) if "segno" in self.signs[n].jumps)
        back = 0 if text.startswith("D.C.") else next(segni, None)
        if back is None:
            return
        self.place, self._until = back, _UNTIL[text[len("D.C. al ") :]]
        self._section = self._sections[bisect_right(self._sections, back) - 1]
        self._turn, self._in_ending = 0, False


def _next_ending(signs: list[_Sign], place: int, turn: int) -> int:
    """Where playing goes on when the ending at `place` is not for this turn."""
    for later in range(place + 1, len(signs) - 1):
        if turn in signs[later].ending or signs[later].parts_sections:
            return later
    return len(signs) - 1


def _turns(signs: list[_Sign], section: int) -> int:
    """How often the section that begins at sign number `section` is played."""
    turns: set[int] = set()
    for sign in signs[section:]:
        if (sign.opens and sign is not signs[section]) or 1 in sign.ending & turns:
            break
        turns |= sign.ending
        over = sign.parts_sections if turns else sign.closes
        if over and not sign.ending and sign is not signs[section]:
            break
    return max(turns, default=2) if turns != {1} else 2
