"""The music to go on from: what of it is taken, and what there is to say about it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from musegen.corpus.survey import music_files
from musegen.errors import UsageError
from musegen.evaluation.profile import Profile
from musegen.score.bars import first_number, last_number
from musegen.score.counts import counted, named
from musegen.score.excerpt import until_bar
from musegen.score.files import file_and_tune
from musegen.score.instruments import DRUMS, instrument_name
from musegen.score.key import CONTRADICTED, home_key, key_name
from musegen.score.score import Part, Score, standing

from .kin import kin_of, told_kin
from .plan import Plan
from .request import Request

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained

_FOREIGN = 3  # traits that are told
_SHORTEST = 1.5  # quarters, of a bar that musicians write: 3/8
ENOUGH = 384  # words of a seed that a model can adapt to


def without_closing_rests(seed: Score) -> tuple[Score, int]:
    """The seed up to the bar in which its last note ends, and how many bars were left out."""
    bars = int(np.searchsorted(seed.barlines, sounds_until(seed))) + 1
    silent = seed.n_bars - bars
    return (until_bar(seed, bars), silent) if silent > 0 else (seed, 0)


def taken(piece: Score, request: Request) -> tuple[Score, str]:
    """What a request goes on from: its parts, up to its first new bar; and what was left out.

    Raises:
        UsageError: it has no such part or bar.
    """
    if request.parts:
        piece = with_parts(piece, request.parts.split(","))
    if request.continue_from is not None:
        return until_bar(piece, request.continue_from - first_number(piece)), ""
    if request.infill or request.accompany:
        return piece, ""
    piece, silent = without_closing_rests(piece)
    said = f"The seed ends in {counted(silent, 'bars')} of rest, left out." if silent else ""
    return piece, said


def digest(seed: str) -> str:
    """SHA-256 of the content of a file, or of those of a folder."""
    path, _ = file_and_tune(seed)
    files = music_files(path)[0] if path.is_dir() else [path]
    sums = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return sums[0] if len(sums) == 1 else hashlib.sha256(" ".join(sums).encode()).hexdigest()


def with_parts(seed: Score, names: Sequence[str]) -> Score:
    """The seed with the parts of these names, instruments or numbers (from 1) alone.

    Raises:
        UsageError: one of them is no part of it.
    """
    kept = set()
    for name in names:
        found = places_called(seed.parts, name)
        if not found:
            its = (f"{place}: {_label(part)}" for place, part in enumerate(seed.parts, start=1))
            reason = f"the seed has no part {name.strip()!r}"
            raise UsageError(reason, hint=f"It has {'; '.join(its)}.")
        kept.update(found)
    return replace(seed, parts=tuple(seed.parts[place] for place in sorted(kept)))


def remarks(plan: Plan, model: Trained) -> list[str]:
    """What a person should know before a model goes on with a seed, a sentence each."""
    seed = plan.seed
    if seed is None or plan.movements:
        told = _of_key("The first movement", plan.movements, plan, model)
        told += _of_profile("The first movement", plan.movements, model)
        return told + _of_passage(plan) + _of_instruments(plan, model)
    foreign = _of_profile("The seed", [seed], model)
    if plan.role:
        return foreign + _of_instruments(plan, model)
    bar = last_number(seed)
    stops = max(sounds_until(seed), last_bar(seed))
    beats = (int(seed.barlines[-1]) - stops) / seed.ticks_per_quarter
    told = _of_key("The seed", [seed], plan, model)
    if beats >= 1:
        told.append(
            f"The seed stops {beats:g} quarters before the end of bar {bar}, which stays as it is;"
            f" --continue-from {bar} writes that bar anew."
        )
    words = plan.words(model.vocabulary)
    context = model.network.settings.context
    if model.network.settings.backbone == "transformer" and len(words) > context:
        passed = model.vocabulary.bars(words, model.vocabulary.features_of(words))
        first = int(passed[-context]) + first_number(seed)
        if first > first_number(seed):
            told.append(
                f"The model remembers the seed from bar {first} on, and not what was before."
            )
    return told + foreign + _of_instruments(plan, model)


def of_short_bars(plan: Plan, request: Request) -> list[str]:
    """That the seed's bars are hardly any, as in files that say 1/4 for want of a metre.

    Nothing where the length is not asked for in bars, or where what is new has another metre.
    """
    seed, opening = plan.seed, plan.opening
    if seed is None or plan.role or opening.metre or request.seconds or request.notes:
        return []
    numerator, denominator = standing(seed.metre, seed.end)
    a_bar = 4 * numerator / denominator
    if a_bar >= _SHORTEST:
        return []
    quarters = plan.bars * a_bar
    return [
        f"The seed's bars are {numerator}/{denominator}, so --bars {plan.bars} is {quarters:g} "
        f"{named(1 if quarters == 1 else 2, 'quarters')} of music. --seconds asks for time instead."
    ]


def silent_in(new: Score, plan: Plan) -> list[str]:
    """What parts of the seed or the movements, or instruments asked for, have no note in new music.

    Of several parts of one instrument that were asked for, the last are named.
    """
    if plan.instruments:
        asked = Counter(plan.instruments)
        heard = Counter(part.instrument for part in new.parts if len(part.notes))
        return [
            instrument_name(which) + f" {number + 1}" * (count > 1)
            for which, count in asked.items()
            for number in range(heard[which], count)
        ]
    if plan.movements:
        silent = [place for place, part in enumerate(new.parts) if not len(part.notes)]
        return _labels(new.parts, silent)
    if plan.seed is None:
        return []
    places = range(len(plan.seed.parts))
    silent = [
        place
        for place, part in zip(places, new.parts, strict=False)
        if not len(part.notes) and (plan.role or len(plan.seed.parts[place].notes))
    ]
    return _labels(new.parts, silent)


def silent_at_end(new: Score) -> list[str]:
    """What parts play in new music, but not in its last bar."""
    start = last_bar(new)
    played = ((place, part) for place, part in enumerate(new.parts) if len(part.notes))
    return _labels(new.parts, [place for place, part in played if part.notes.end.max() <= start])


def sounds_until(score: Score) -> int:
    """The tick at which its last note ends."""
    return max((int(part.notes.end.max(initial=0)) for part in score.parts), default=0)


def last_bar(score: Score) -> int:
    """The tick at which its last bar begins."""
    return int(score.barlines[-2]) if score.n_bars > 1 else 0


def _of_key(name: str, scores: Sequence[Score], plan: Plan, model: Trained) -> list[str]:
    """That the notes of the first score overrule the key that its file says, if it goes on."""
    if not scores or not model.vocabulary.says_key:
        return []
    first, key = scores[0], home_key(scores[0])
    overruled = [counted(n, kind) for kind, n in first.unread.items() if CONTRADICTED in kind]
    if not overruled or plan.opening.key not in (None, key):
        return []
    return [
        f"{name} has {', '.join(overruled)}; {key_name(*key)}, which suits them best, is taken."
        " --key says another."
    ]


def _of_passage(plan: Plan) -> list[str]:
    """Which passage a new movement goes on from, and what it keeps of it."""
    if not plan.heard:
        return []
    asked = plan.opening
    kept = [name for name in ("metre", "tempo") if getattr(asked, name) is None]
    others = " and ".join(f"--{name}" for name in kept)
    keeps = f", and keeps its {' and '.join(kept)} ({others} for another)" if kept else ""
    return [f"The model hears {plan.heard} first, where most parts play{keeps}."]


def _of_profile(name: str, scores: Sequence[Score], model: Trained) -> list[str]:
    """That hardly anything which the model learnt from is like the first score."""
    foreign = Profile.of_config(model.config).foreign(scores[0]) if scores else []
    if not foreign:
        return []
    return [
        f"Warning: {name.lower()} is far from what the model knows: of the pieces that it learnt"
        f" from hardly any has {' or '.join(foreign[:_FOREIGN])}."
    ]


def _of_instruments(plan: Plan, model: Trained) -> list[str]:
    """Which of the instruments the model never met, and what helps."""
    known, kin = model.vocabulary.instruments, kin_of(model, plan.played)
    told = []
    if kin:
        long = any(len(model.vocabulary.encode(score)) > ENOUGH for score in plan.heard_before)
        learns = " --adapt 3m lets it learn them from the seed first." if long else ""
        told.append(told_kin(kin) + learns)
    if known and DRUMS in plan.played - set(known):
        told.append("The model learnt from no drums, and may leave them nearly silent.")
    return told


def places_called(parts: Sequence[Part], name: str) -> list[int]:
    """The parts that a name, an instrument or a number (from 1) means; none where there is none."""
    wanted = name.strip().lower()
    if wanted.isdigit():
        return [int(wanted) - 1] if 1 <= int(wanted) <= len(parts) else []
    for which in (_name, _instrument):
        found = [place for place, part in enumerate(parts) if wanted and wanted in which(part)]
        if found:
            return found
    return []


def _name(part: Part) -> str:
    return part.name.lower()


def _instrument(part: Part) -> str:
    return instrument_name(part.instrument).lower()


def _labels(parts: Sequence[Part], places: Iterable[int]) -> list[str]:
    """The names of parts at these places; where several have one name, with their number."""
    names = Counter(map(_label, parts))
    return [
        label if names[label := _label(parts[place])] == 1 else f"{label} (part {place + 1})"
        for place in places
    ]


def _label(part: Part) -> str:
    return part.name.strip() or instrument_name(part.instrument)
