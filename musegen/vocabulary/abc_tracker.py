"""Follows an `abc` sequence word by word: its features, and what may come next."""

from __future__ import annotations

import numpy as np

from musegen.errors import ModelError
from musegen.score.abc_fields import key_text
from musegen.score.score import MODES, Ints

from .abc_features import columns, keys_and_values
from .abc_lexicon import Kind, read_lexeme
from .abc_tables import CLOSE, OPEN, Tables, character, signature_row
from .echo import Echoes
from .rhyme import Rhymes
from .vocabulary import Drawn, Features, Mask, Opening, Tracker, Words, unknown_metre


class AbcTracker(Tracker):
    """See Tracker.

    A bar is as long as its metre says, but the first of a section may be a pickup of whole
    sixteenths, and the last of one may lack what a pickup took. A tie reaches over a bar line only;
    where it does, the next bar begins with the same pitches. No word is legal after which none
    would be.

    Args:
        batch: B, how many pieces.
        tables: the words.
    """

    _of_pieces = (
        *("_place", "_bar", "_metre", "_key", "_bars_in_section", "_pickups", "_section_begins"),
        *("_last_kind", "_last_order", "_may_end", "_rested", "_held"),
        *("_ending", "_in_ending", "_repeats"),
    )

    def __init__(self, batch: int, tables: Tables) -> None:
        self.bars = np.zeros(batch, np.int64)
        self.done = np.zeros(batch, bool)
        self._tables = tables
        self._rows = np.arange(batch)
        self._place, self._bar, self._metre, self._key, self._bars_in_section = np.zeros(
            (5, batch), np.int64
        )
        self._pickups = np.zeros(
            (batch, int(tables.effects.bar.max()) + 1), bool
        )  # their lengths so far
        self._section_begins = np.ones(batch, bool)  # whether this bar is the first of a section
        self._last_kind = np.full(batch, -1)
        self._last_order = np.full(batch, -1)
        self._may_end = np.zeros(batch, bool)
        self._rested = np.zeros(batch, bool)  # since the last note or bar line
        self._held = np.zeros(batch, np.int64)  # the pitches that a tie holds, 0 for none
        self._spelled: list[str | None] = [None] * batch
        self._ending = np.zeros(batch, np.int64)  # the last of this repeat
        self._in_ending = np.zeros(batch, bool)  # since the section began
        self._repeats = np.zeros(batch, bool)  # the last bar line closes a repeat
        self._echoes, self._rhymes = Echoes(batch, 1), Rhymes(batch)
        self._continued: dict[tuple[int, int], Mask] = {}
        self._asked: list[tuple[int, Mask]] = []  # metre and key: kind, and the words that say it

    def _keep(self, rows: Ints) -> None:
        super()._keep(rows)
        self._rows, self._asked = np.arange(len(rows)), self._asked.copy()
        self._spelled = [self._spelled[row] for row in rows.tolist()]
        self._echoes, self._rhymes = self._echoes.chosen(rows), self._rhymes.chosen(rows)

    def ask(self, opening: Opening) -> None:
        """See Tracker."""
        effects, kind = self._tables.effects, self._tables.kind
        if opening.metre is not None:
            name = "{}/{}".format(*opening.metre)
            if name not in self._tables.metres:
                known = [(int(n), int(d)) for n, d in (m.split("/") for m in self._tables.metres)]
                raise unknown_metre(opening.metre, known)
            metre = effects.metre == self._tables.metres.index(name) + 1
            self._asked.append((Kind.METRE, (kind == Kind.METRE) & metre))
        if opening.key is not None:
            fifths, mode = opening.key
            says = (kind == Kind.KEY) & (effects.key == 2 + (fifths + 7) * len(MODES) + mode)
            if not says.any():
                raise ModelError(f"the model has never seen the key of {key_text(fifths, mode)}")
            self._asked.append((Kind.KEY, says))

    def advance(self, words: Words) -> None:
        """Take one more word of each piece (B, 1)."""
        tables, now = self._tables, words[:, 0].astype(np.int64)
        keys, values = keys_and_values(now)
        self._echoes.take(keys.tolist(), values)
        effects = tables.effects.at(now)
        order = tables.order[now]
        sound = tables.sound[self._signature, now] * tables.tied[now]
        spelling = (effects.kind == Kind.SPELLING) & ~self.done
        for row in np.flatnonzero(spelling).tolist():
            text = self._spell(row, int(now[row]))
            if text is not None:
                lexeme = read_lexeme(text)
                effects.put(row, tables.effect(lexeme))
                order[row] = tables.order[tables.kind == lexeme.kind].max(initial=-1)
                sound[row] = lexeme.tied and tables.sound_of(lexeme, int(self._signature[row]) - 7)
        kind = effects.kind
        kind[self.done] = Kind.END
        self._sound(kind, effects.ticks, sound)
        ends = tables.closes[now] | (effects.may_end > 0)
        self._bar_line(kind == Kind.BAR, effects.section > 0, ends)
        self._rhymes.take(now, self._bars_in_section, self._place)
        self._end(kind, effects.section > 0, now)
        self._metre = np.where(kind == Kind.METRE, effects.metre, self._metre)
        self._bar = np.where(kind == Kind.METRE, effects.bar, self._bar)
        self._key = np.where(kind == Kind.KEY, effects.key, self._key)
        told = kind != Kind.SPELLING
        sounding = (kind == Kind.NOTE) | (kind == Kind.REST)
        self._last_kind = np.where(told, kind, self._last_kind)
        self._last_order = np.where(told, np.where(sounding, -1, order), self._last_order)
        self._may_end = np.where(told, effects.may_end > 0, self._may_end)
        self.done |= kind == Kind.END

    def features(self, drawn: Drawn) -> Features:
        """All features (B, G); none depends on what is drawn."""
        return columns(
            self._place,
            self._bar,
            self._bars_in_section,
            self._metre,
            self._key,
            self._echoes.columns,
            self._rhymes.columns,
            self._tables.ticks_per_eighth,
        )

    def legal(self, drawn: Drawn) -> Mask:
        """Which words may follow (B, V)."""
        legal = np.zeros((len(self._rows), self._tables.size), bool)
        kind = self._tables.kind
        legal |= self._legal_sounds()
        legal |= self._legal_marks()
        legal |= self._legal_bar_lines()
        legal |= self._legal_changes()
        ended = (self._last_kind == Kind.BAR) & self._may_end & (self._held == 0)
        if self.last_bar is None:
            legal[:, kind == Kind.END] = ended[:, None]
        else:
            legal[self.bars >= self.last_bar] = kind == Kind.END
        for asked, says in reversed(self._asked):  # the metre before the key
            legal[:, (kind == asked) & ~says] = False
            legal[self._owes(asked, says)] = says
        # A seed may end where no word can go on well: then the bar is closed as it is.
        legal[~legal.any(axis=1)] = kind == Kind.BAR
        return legal

    def _owes(self, kind: int, says: Mask) -> Mask:
        """Whether a metre or key that was asked for, said by these words, has to come now (B,)."""
        effects, word = self._tables.effects, int(np.flatnonzero(says)[0])
        last, at_bar = self._last_kind, (self.bars > 0) & (self._place == 0) & (self._held == 0)
        if kind == Kind.METRE:
            new = at_bar & (last <= Kind.ENDING) & (self._metre != effects.metre[word])
            return np.asarray(new | (last < 0))
        new = at_bar & (last <= Kind.METRE) & (self._key != effects.key[word])
        return np.asarray(new | ((last == Kind.METRE) & (self._key == 0)))

    @property
    def _signature(self) -> Ints:
        return signature_row(self._key)

    @property
    def _left(self) -> Ints:
        """Ticks until the bar is full (B,)."""
        left: Ints = np.maximum(self._bar - self._place, 0)
        return left

    @property
    def _closing(self) -> Mask:
        """Whether this bar is the last that was asked for (B,)."""
        if self.last_bar is None:
            return np.zeros(len(self._rows), bool)
        return self.bars + 1 >= self.last_bar

    def _spell(self, row: int, word: int) -> str | None:
        """Take a word that spells; the lexeme that it completes, if it does."""
        if word == OPEN:
            self._spelled[row] = ""
        elif word == CLOSE:
            text, self._spelled[row] = self._spelled[row], None
            return text or None
        else:
            self._spelled[row] = (self._spelled[row] or "") + character(word)
        return None

    def _sound(self, kind: Ints, ticks: Ints, sound: Ints) -> None:
        self._place += np.where((kind == Kind.NOTE) | (kind == Kind.REST), ticks, 0)
        self._rested |= kind == Kind.REST
        self._rested &= (kind != Kind.NOTE) & (kind != Kind.BAR)
        self._held = np.where(kind == Kind.NOTE, sound, self._held)

    def _bar_line(self, is_bar: Mask, section: Mask, ends: Mask) -> None:
        ends_bar = is_bar & (self._place > 0)
        short = ends_bar & self._section_begins & (self._place < self._bar)
        rows = self._rows[short & (self._place < self._pickups.shape[1])]
        self._pickups[rows, self._place[rows]] = True
        if self.last_bar is not None and not self.exact:
            self.last_bar = self.last_bar + (short & ~ends)
        self.bars += ends_bar
        self._bars_in_section += ends_bar
        self._bars_in_section[is_bar & section] = 0
        self._section_begins = np.where(
            is_bar, section | (self._section_begins & ~ends_bar), self._section_begins
        )
        self._place[is_bar] = 0

    def _end(self, kind: Ints, section: Mask, now: Ints) -> None:
        """Follow endings: which began last, and whether another can follow."""
        is_bar, begins = kind == Kind.BAR, kind == Kind.ENDING
        over = is_bar & section
        self._ending[over & ~self._in_ending] = 0
        self._ending = np.where(begins, self._tables.ending[now], self._ending)
        self._in_ending = begins | (self._in_ending & ~over)
        self._repeats = np.where(is_bar, self._tables.closes[now], self._repeats)

    def _legal_sounds(self) -> Mask:
        """Notes and rests that fit in the bar, leaving what notes can fill."""
        tables = self._tables
        is_note, is_rest = tables.kind == Kind.NOTE, tables.kind == Kind.REST
        after = self._left[:, None] - tables.ticks
        furthest = len(tables.fillable) - 1
        fits: Mask = (after >= 0) & tables.fillable[np.clip(after, 0, furthest)]
        fits &= (is_note & tables.canonical[self._signature]) | (is_rest & ~self._rested[:, None])
        fits &= ~tables.tied | ((after == 0) & self._may_be_tied())
        held = self._held[:, None]
        fits &= (held == 0) | (is_note & (tables.sound[self._signature] == held))
        fits &= ((self._key > 0) & (self._left > 0))[:, None]
        return fits

    def _may_be_tied(self) -> Mask:
        """Tied words whose pitches a bar can begin with (B, V)."""
        legal = np.zeros((len(self._rows), self._tables.size), bool)
        for row in self._rows[~self._closing]:
            state = int(self._signature[row]), int(self._bar[row])
            if state not in self._continued:
                self._continued[state] = self._going_on(*state)
            legal[row] = self._continued[state]
        return legal

    def _going_on(self, signature: int, bar: int) -> Mask:
        """Words whose pitches an untied note can take up at the start of a bar (V,)."""
        tables = self._tables
        after = np.clip(bar - tables.ticks, -1, len(tables.fillable) - 1)
        takes_up = (tables.kind == Kind.NOTE) & ~tables.tied & (after >= 0)
        takes_up &= tables.fillable[np.maximum(after, 0)]
        sound = tables.sound[signature]
        goes_on: Mask = (sound > 0) & np.isin(sound, sound[takes_up])
        return goes_on

    def _legal_marks(self) -> Mask:
        """Chord symbols, grace notes and ornaments, in order, where a note can follow."""
        tables = self._tables
        is_mark = (tables.kind >= Kind.CHORD) & (tables.kind <= Kind.ORNAMENT)
        legal: Mask = is_mark & (tables.order > self._last_order[:, None])
        legal &= tables.canonical[self._signature]
        legal &= ((self._key > 0) & (self._left > 0))[:, None]
        return legal

    def _legal_bar_lines(self) -> Mask:
        tables = self._tables
        is_bar = tables.kind == Kind.BAR
        sounded = (self._last_kind == Kind.NOTE) | (self._last_kind == Kind.REST)
        full = sounded & (self._left == 0)
        even = self._place % (tables.ticks_per_eighth // 2) == 0  # no tuplet is broken off
        pickup = sounded & self._section_begins & ~self._closing & (self._place > 0) & even
        left = np.minimum(self._left, self._pickups.shape[1] - 1)
        completes = sounded & (self._held == 0) & self._pickups[self._rows, left]
        legal: Mask = is_bar & (full | pickup)[:, None]
        legal |= is_bar & (tables.effects.section > 0) & completes[:, None]
        legal &= (tables.effects.may_end > 0) | ~self._closing[:, None]
        begins = (self._last_kind == Kind.KEY) & (self.bars == 0) & (self._place == 0)
        legal |= (is_bar & tables.opens) & begins[:, None]
        return legal

    def _legal_changes(self) -> Mask:
        """Endings after a bar line; then metre and key, which begin the piece too."""
        tables, last = self._tables, self._last_kind
        is_metre, is_key = tables.kind == Kind.METRE, tables.kind == Kind.KEY
        metre, key = tables.effects.metre, tables.effects.key
        is_metre = is_metre & tables.fillable[tables.effects.bar]
        at_bar = (self.bars > 0) & (self._place == 0) & (last >= 0)
        may_change = at_bar & (self._held == 0) & (not self.keep_time)
        new_metre = (may_change & (last <= Kind.ENDING))[:, None] & (metre != self._metre[:, None])
        new_key = (may_change & (last <= Kind.METRE))[:, None] & (key != self._key[:, None])
        legal: Mask = self._legal_endings() & (at_bar & (last == Kind.BAR))[:, None]
        legal |= is_metre & ((last < 0)[:, None] | new_metre)
        legal |= is_key & (new_key & (key > 1))
        legal |= is_key & ((last == Kind.METRE) & (self._key == 0))[:, None]
        return legal

    def _legal_endings(self) -> Mask:
        """A first ending where there is none yet; a later one right after the repeat before it."""
        which = self._tables.ending
        first = ~self._in_ending & ((self._ending == 0) | ~self._section_begins)
        later = (which > 1) & (which == self._ending[:, None] + 1)
        legal: Mask = ((which == 1) & first[:, None]) | (later & self._repeats[:, None])
        return legal
